package mock

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"time"
)

// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
func sendgridEvent(t *talk, event, reason string) string {
	e := map[string]any{"email": t.person, "event": event, "timestamp": t.now.Unix(), "sg_event_id": randomHex(16), "sg_message_id": t.id + ".filter"}
	if reason != "" {
		e["reason"] = reason
	}
	return asJSON([]any{e})
}

func sendgridReceipt(t *talk) string {
	if t.leaves {
		return sendgridEvent(t, "dropped", "Unsubscribed Address")
	}
	return sendgridEvent(t, "delivered", "")
}

// sendgridLeaves is how who would answer STOP leaves: by the link below the e-mail.
func sendgridLeaves(t *talk) string {
	if t.text != "STOP" {
		return ""
	}
	return sendgridEvent(t, "unsubscribe", "")
}

func sendgridKey(secret string) *ecdsa.PrivateKey {
	for {
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), sum(secret)); err == nil {
			return key
		}
		secret += "." // of 2^32 hashes one is no key
	}
}

// https://github.com/sendgrid/sendgrid-go/blob/main/helpers/eventwebhook/eventwebhook.go
func sendgridSign(secret, _, body string, now time.Time) []string {
	at := strconv.FormatInt(now.Unix(), 10)
	signature, _ := ecdsa.SignASN1(rand.Reader, sendgridKey(secret), sum(at+body)) // with such a key it cannot fail
	return []string{"X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature), "X-Twilio-Email-Event-Webhook-Timestamp", at}
}
