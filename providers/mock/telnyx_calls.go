package mock

import (
	"crypto/ed25519"
	"encoding/base64"
	"strconv"
	"time"
)

// https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
func telnyxEvent(t *talk, kind string, payload map[string]any) string {
	payload["record_type"], payload["type"], payload["messaging_profile_id"] = "message", "SMS", "0f512bda-ae1e-4597-8e11-e5f5686b97d3"
	return asJSON(map[string]any{"data": map[string]any{"record_type": "event", "id": randomHex(16), "event_type": kind,
		"occurred_at": t.now.UTC().Format(time.RFC3339Nano), "payload": payload}, "meta": map[string]any{"attempt": 1}})
}

func telnyxInbound(t *talk) string {
	payload := map[string]any{"direction": "inbound", "id": randomHex(16), "text": t.text, "media": []any{}, "errors": []any{},
		"from": map[string]string{"phone_number": "+" + t.person}, "to": []map[string]string{{"phone_number": "+" + t.us, "status": "webhook_delivered"}}}
	if t.text == "STOP" || t.text == "START" || t.text == "HELP" {
		payload["autoresponse_type"] = t.text
	}
	return telnyxEvent(t, "message.received", payload)
}

func telnyxReceipt(t *talk) string {
	status, faults := "delivered", []map[string]string{}
	if t.leaves {
		status, faults = "sending_failed", append(faults, map[string]string{"code": "40300", "title": "Blocked due to STOP message"})
	}
	return telnyxEvent(t, "message.finalized", map[string]any{"direction": "outbound", "id": t.id, "errors": faults,
		"from": map[string]string{"phone_number": "+" + t.us}, "to": []map[string]string{{"phone_number": "+" + t.person, "status": status}}})
}

func telnyxKey(secret string) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(sum(secret)) }

// https://github.com/team-telnyx/telnyx-node/blob/master/src/lib/webhooks.ts
func telnyxSign(secret, _, body string, now time.Time) []string {
	at := strconv.FormatInt(now.Unix(), 10)
	return []string{"Telnyx-Signature-Ed25519", base64.StdEncoding.EncodeToString(ed25519.Sign(telnyxKey(secret), []byte(at+"|"+body))), "Telnyx-Timestamp", at}
}
