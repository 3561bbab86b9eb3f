package mock

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"time"
)

// https://github.com/messagebirdguides/subscriptions-guide
func messagebirdInbound(t *talk) string {
	return url.Values{"message_id": {randomHex(16)}, "originator": {t.person}, "recipient": {t.us}, "payload": {t.text}, "createdDatetime": {t.now.UTC().Format(time.RFC3339)}}.Encode()
}

func messagebirdReceipt(t *talk) string {
	form := url.Values{"id": {t.id}, "recipient": {t.person}, "status": {"delivered"}, "statusDatetime": {t.now.UTC().Format(time.RFC3339)}, "reference": {""}}
	if t.leaves {
		form.Set("status", "delivery_failed")
		form.Set("statusReason", "opted out")
	}
	return form.Encode()
}

// https://github.com/messagebird/go-rest-api/blob/master/signature_jwt/claims.go
func messagebirdSign(secret, to, body string, now time.Time) []string {
	claims := map[string]any{"iss": "MessageBird", "nbf": now.Unix(), "exp": now.Unix() + 60, "jti": randomHex(16), "url_hash": hex.EncodeToString(sum(to))}
	if body != "" {
		claims["payload_hash"] = hex.EncodeToString(sum(body))
	}
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	token := part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(asJSON(claims))
	return []string{"MessageBird-Signature-JWT", token + "." + part(string(mac(secret, token)))}
}
