package mock

import (
	"encoding/hex"
	"strconv"
	"time"
)

// mailgunEvent is a call, with its signature in it.
// https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
func mailgunEvent(t *talk, event, reason string) string {
	at, token := strconv.FormatInt(t.now.Unix(), 10), randomHex(25)
	data := map[string]any{"event": event, "id": randomHex(11), "timestamp": float64(t.now.UnixMilli()) / 1000, "recipient": t.person, "tags": []string{}}
	if reason != "" {
		data["severity"], data["reason"] = "permanent", reason
	}
	return asJSON(map[string]any{"signature": map[string]string{"timestamp": at, "token": token, "signature": hex.EncodeToString(mac(t.secret, at+token))}, "event-data": data})
}

func mailgunReceipt(t *talk) string {
	if t.leaves {
		return mailgunEvent(t, "failed", "suppress-unsubscribe")
	}
	return mailgunEvent(t, "delivered", "")
}

// mailgunLeaves is how who would answer STOP leaves: by the link below the e-mail.
func mailgunLeaves(t *talk) string {
	if t.text != "STOP" {
		return ""
	}
	return mailgunEvent(t, "unsubscribed", "")
}

// mailgunSign adds nothing.
func mailgunSign(_, _, _ string, _ time.Time) []string { return nil }
