package providers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/valyala/fasthttp"
)

// A metaSigner knows the calls of Meta's products.
type metaSigner struct{}

// Verify checks X-Hub-Signature-256, which is over the bytes of the body as they came and over nothing
// else, or the verify token of a handshake. The older X-Hub-Signature is no substitute.
// Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
func (metaSigner) Verify(req *fasthttp.Request, hook *Webhook, _ time.Time) error {
	if req.Header.IsGet() {
		asked, ok := handshakeOf(req)
		if !ok || asked.mode != "subscribe" || hook.VerifyToken == "" || !same([]byte(asked.token), hook.VerifyToken) {
			return unsigned("a call that reads is no handshake with the verify token of the route")
		}
		return nil
	}
	switch {
	case !req.Header.IsPost():
		return unsigned("the service calls with POST, or with GET for its handshake")
	case hook.Header == "" && len(hook.Secrets) == 0:
		return unsigned("the route has neither a secret nor a header to know the service by")
	case !hook.carried(&req.Header):
		return unsigned("the header that its webhook asks for is missing or wrong")
	case len(hook.Secrets) == 0:
		return nil
	}
	given, n := header(&req.Header, hubSignature)
	text, found := bytes.CutPrefix(given, []byte("sha256="))
	mac, err := hex.DecodeString(string(text))
	switch {
	case n == 0:
		return unsigned("the header X-Hub-Signature-256 is missing")
	case n > 1:
		return unsigned("the header X-Hub-Signature-256 is there more than once")
	case !found || err != nil:
		return unsigned("the header X-Hub-Signature-256 is not sha256= and hexadecimal digits")
	}
	good := 0
	for _, secret := range hook.Secrets {
		if secret != "" && hmac.Equal(mac, hubMAC(secret, req.Body())) {
			good++
		}
	}
	if good == 0 {
		return unsigned("X-Hub-Signature-256 is not that of this body with any app secret of the route")
	}
	return nil
}

const hubSignature = "x-hub-signature-256"

func hubMAC(secret string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return h.Sum(nil)
}

// Sign signs as Verify checks. Signed again with the same secret, a call keeps its signature.
func (metaSigner) Sign(req *fasthttp.Request, hook *Webhook) {
	req.SetRequestURI(hook.URL)
	hook.carry(&req.Header)
	if len(hook.Secrets) > 0 {
		drop(&req.Header, hubSignature)
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(hubMAC(hook.Secrets[0], req.Body())))
	}
}

// A handshake is Meta's question whether the owner of a URL wants its calls there.
// Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
type handshake struct{ mode, token, challenge string }

// handshakeOf reads a handshake from the query; ok is false for any other call.
func handshakeOf(req *fasthttp.Request) (h handshake, ok bool) {
	if !req.Header.IsGet() {
		return h, false
	}
	_, query, _ := splitURI(req.Header.RequestURI())
	all, ok := pairs(query)
	if !ok {
		return h, false
	}
	for _, p := range all {
		var to *string
		switch p.name {
		case "hub.mode":
			to = &h.mode
		case "hub.verify_token":
			to = &h.token
		case "hub.challenge":
			to = &h.challenge
		default:
			continue
		}
		if *to != "" {
			return h, false // which of the two counts, nobody says
		}
		*to = p.value
	}
	return h, h.mode != ""
}

// Acknowledge answers 200: with the challenge of a handshake, or without a body.
func (metaSigner) Acknowledge(req *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
	resp.Header.SetContentType("text/plain; charset=utf-8")
	resp.Header.Set("X-Content-Type-Options", "nosniff")
	h, _ := handshakeOf(req)
	resp.SetBodyString(h.challenge)
}
