package providers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// A nonceSigner knows the calls of a service that signs the bytes of the body with a nonce and a time behind them, by
// an HMAC with SHA-256, all in headers that begin alike. How old a time may be is not checked: a call that comes late
// may hold a STOP, and one that is played again is the same as before by its id.
type nonceSigner string // how the headers begin

// Verify checks the signature where the route has secrets.
func (s nonceSigner) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	lower := strings.ToLower(string(s))
	given, n := header(&req.Header, lower)
	nonce, nonces := header(&req.Header, lower+"-nonce")
	at, times := header(&req.Header, lower+"-timestamp")
	how, hows := header(&req.Header, lower+"-algorithm")
	switch {
	case n == 0:
		return unsigned("the header " + string(s) + " is missing")
	case n > 1 || nonces != 1 || times != 1 || hows != 1:
		return unsigned("the headers " + string(s) + " are not there once each")
	case !fold(how, "hmacsha256"):
		return unsigned("it is signed in a way that the service does not use")
	}
	good := 0
	for _, secret := range w.Secrets {
		if secret != "" && same(given, nonceMAC(secret, req.Body(), nonce, at)) {
			good++
		}
	}
	if good == 0 {
		return unsigned(string(s) + " is not that of this body with any secret of the route")
	}
	return nil
}

func nonceMAC(secret string, body, nonce, at []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	for _, part := range [...][]byte{body, {'.'}, nonce, {'.'}, at} {
		h.Write(part)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Sign signs as Verify checks, with the nonce and the time of a call that has them.
func (s nonceSigner) Sign(req *fasthttp.Request, w *Webhook) {
	w.forward(req)
	if len(w.Secrets) == 0 {
		return
	}
	lower := strings.ToLower(string(s))
	nonce, nonces := header(&req.Header, lower+"-nonce")
	at, times := header(&req.Header, lower+"-timestamp")
	if nonces != 1 || times != 1 {
		fresh := make([]byte, 16)
		rand.Read(fresh) // never fails
		nonce, at = []byte(hex.EncodeToString(fresh)), strconv.AppendInt(nil, time.Now().Unix(), 10)
	}
	nonce, at = []byte(string(nonce)), []byte(string(at)) // of the header, which is changed
	for _, name := range []string{lower, lower + "-nonce", lower + "-timestamp", lower + "-algorithm"} {
		drop(&req.Header, name)
	}
	req.Header.SetBytesV(string(s)+"-Nonce", nonce)
	req.Header.SetBytesV(string(s)+"-Timestamp", at)
	req.Header.Set(string(s)+"-Algorithm", "HmacSHA256")
	req.Header.Set(string(s), nonceMAC(w.Secrets[0], req.Body(), nonce, at))
}

// Acknowledge answers 200 without a body.
func (nonceSigner) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
}

// sinchSigner signs as Sinch does, with the secret of a webhook, or of a service plan.
// Source: https://developers.sinch.com/docs/conversation/callbacks
const sinchSigner = nonceSigner("X-Sinch-Webhook-Signature")
