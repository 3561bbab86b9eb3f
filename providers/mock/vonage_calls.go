package mock

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// vonageForm is a call of Vonage's SMS API, with its signature in it, which is an HMAC with SHA-256 here.
// https://developer.vonage.com/en/getting-started/concepts/signing-messages
func vonageForm(t *talk, said map[string]string) string {
	said["msisdn"], said["to"], said["nonce"] = t.person, t.us, randomHex(16)
	said["timestamp"], said["message-timestamp"] = strconv.FormatInt(t.now.Unix(), 10), t.now.UTC().Format(time.DateTime)
	text, form := "", url.Values{}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		text += "&" + name + "=" + strings.NewReplacer("&", "_", "=", "_").Replace(said[name])
		form.Set(name, said[name])
	}
	form.Set("sig", hex.EncodeToString(mac(t.secret, text)))
	return form.Encode()
}

// https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
func vonageSMSInbound(t *talk) string {
	word, _, _ := strings.Cut(strings.ToUpper(t.text), " ")
	return vonageForm(t, map[string]string{"messageId": randomHex(8), "text": t.text, "type": "text", "keyword": word})
}

// https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
func vonageSMSReceipt(t *talk) string {
	said := map[string]string{"messageId": t.id, "status": "delivered", "err-code": "0", "scts": t.now.UTC().Format("0601021504"), "price": "0.0333", "network-code": "31000"}
	if t.leaves {
		said["status"], said["err-code"] = "rejected", "9"
	}
	return vonageForm(t, said)
}

// vonageSMSSign adds nothing.
func vonageSMSSign(_, _, _ string, _ time.Time) []string { return nil }

// https://developer.vonage.com/en/api/messages (webhooks)
func vonageMessagesInbound(t *talk) string {
	return asJSON(map[string]any{"channel": "sms", "message_uuid": randomHex(16), "from": t.person, "to": t.us, "timestamp": t.now.UTC().Format(time.RFC3339),
		"message_type": "text", "text": t.text, "sms": map[string]string{"num_messages": "1"}})
}

func vonageMessagesReceipt(t *talk) string {
	said := map[string]any{"channel": "sms", "message_uuid": t.id, "from": t.us, "to": t.person, "timestamp": t.now.UTC().Format(time.RFC3339), "status": "delivered"}
	if t.leaves {
		said["status"] = "rejected"
		said["error"] = map[string]any{"type": "https://developer.vonage.com/api-errors/messages#1240", "title": "1240", "detail": "Illegal number"}
	}
	return asJSON(said)
}

// https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
func vonageMessagesSign(secret, _, body string, now time.Time) []string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	token := part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(asJSON(map[string]any{"iss": "Vonage", "iat": now.Unix(), "jti": randomHex(16), "payload_hash": hex.EncodeToString(sum(body))}))
	return []string{"Authorization", "Bearer " + token + "." + part(string(mac(secret, token)))}
}
