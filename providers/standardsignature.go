package providers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// A standardSigner knows the calls of a service that signs by Standard Webhooks: an HMAC with SHA-256 over an id, a time
// and the bytes of the body. How old a time may be is not checked: a call that comes late may hold a STOP, and one that
// is played again is the same as before by the ids in it. A provider embeds it.
// Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
type standardSigner struct{ quiet }

// The headers of a call.
const (
	standardID        = "Webhook-Id"
	standardTime      = "Webhook-Timestamp"
	standardSignature = "Webhook-Signature"
)

// standardKey is the key in a secret as it is shown; nil for none.
func standardKey(secret string) []byte {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return nil
	}
	return key
}

// Wants asks for secrets as they are shown, in base64.
func (standardSigner) Wants(w *Webhook) error {
	for _, secret := range w.Secrets {
		if standardKey(secret) == nil {
			return errors.New("secrets: want the signing secret of the webhook as it is shown, beginning with whsec_")
		}
	}
	return nil
}

// Verify checks the signatures, of which one has to be good, where the route has secrets.
func (standardSigner) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	given, n := header(&req.Header, strings.ToLower(standardSignature))
	id, ids := header(&req.Header, strings.ToLower(standardID))
	at, times := header(&req.Header, strings.ToLower(standardTime))
	switch {
	case n == 0:
		return unsigned("the header " + standardSignature + " is missing")
	case n > 1 || ids != 1 || times != 1:
		return unsigned("the headers of the signature are not there once each")
	}
	good := 0
	for _, secret := range w.Secrets {
		key := standardKey(secret)
		if key == nil {
			continue
		}
		want := standardMAC(key, id, at, req.Body())
		for one := range strings.FieldsSeq(string(given)) {
			if same([]byte(one), want) {
				good++
			}
		}
	}
	if good == 0 {
		return unsigned(standardSignature + " is not that of this body with any secret of the route")
	}
	return nil
}

func standardMAC(key, id, at, body []byte) string {
	h := hmac.New(sha256.New, key)
	for _, part := range [...][]byte{id, {'.'}, at, {'.'}, body} {
		h.Write(part)
	}
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Sign signs as Verify checks, with the id and the time of a call that has them.
func (standardSigner) Sign(req *fasthttp.Request, w *Webhook) {
	w.forward(req)
	if len(w.Secrets) == 0 || standardKey(w.Secrets[0]) == nil {
		return
	}
	lowerID, lowerTime := strings.ToLower(standardID), strings.ToLower(standardTime)
	id, ids := header(&req.Header, lowerID)
	at, times := header(&req.Header, lowerTime)
	if ids != 1 || times != 1 {
		fresh := make([]byte, 16)
		rand.Read(fresh) // never fails
		id, at = []byte("msg_"+hex.EncodeToString(fresh)), strconv.AppendInt(nil, time.Now().Unix(), 10)
	}
	id, at = []byte(string(id)), []byte(string(at)) // of the header, which is changed
	for _, name := range []string{lowerID, lowerTime, strings.ToLower(standardSignature)} {
		drop(&req.Header, name)
	}
	req.Header.SetBytesV(standardID, id)
	req.Header.SetBytesV(standardTime, at)
	req.Header.Set(standardSignature, standardMAC(standardKey(w.Secrets[0]), id, at, req.Body()))
}
