package providers

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// A bodySigner knows the calls of a service that signs the bytes of the body, and nothing else, by an HMAC with
// SHA-256 in a header.
type bodySigner struct {
	quiet
	header string
	write  func(mac []byte) string
}

// Verify checks the header, and the signature where the route has secrets.
func (s bodySigner) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	given, n := header(&req.Header, strings.ToLower(s.header))
	switch {
	case n == 0:
		return unsigned("the header " + s.header + " is missing")
	case n > 1:
		return unsigned("the header " + s.header + " is there more than once")
	}
	good := 0
	for _, secret := range w.Secrets {
		if secret != "" && same(given, s.sign(secret, req.Body())) {
			good++
		}
	}
	if good == 0 {
		return unsigned(s.header + " is not that of this body with any secret of the route")
	}
	return nil
}

func (s bodySigner) sign(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return s.write(h.Sum(nil))
}

// Sign signs as Verify checks. Signed again with the same secret, a call keeps its signature.
func (s bodySigner) Sign(req *fasthttp.Request, w *Webhook) {
	req.SetRequestURI(w.URL)
	w.carry(&req.Header)
	if len(w.Secrets) > 0 {
		drop(&req.Header, strings.ToLower(s.header))
		req.Header.Set(s.header, s.sign(w.Secrets[0], req.Body()))
	}
}
