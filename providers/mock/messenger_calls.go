package mock

import "time"

// https://developers.facebook.com/docs/messenger-platform/webhooks
func messengerCall(t *talk, key string, said map[string]any) string {
	at := t.now.UnixMilli()
	return asJSON(map[string]any{"object": "page", "entry": []map[string]any{{"id": t.us, "time": at, "messaging": []map[string]any{
		{"sender": map[string]string{"id": t.person}, "recipient": map[string]string{"id": t.us}, "timestamp": at, key: said}}}}})
}

func messengerInbound(t *talk) string {
	return messengerCall(t, "message", map[string]any{"mid": "m_" + randomHex(16), "text": t.text})
}

func messengerReceipt(t *talk) string {
	if t.leaves {
		return "" // nothing is told
	}
	return messengerCall(t, "delivery", map[string]any{"mids": []string{t.id}, "watermark": t.now.UnixMilli()})
}

func messengerSign(secret, _, body string, _ time.Time) []string {
	return []string{"X-Hub-Signature-256", "sha256=" + graphSign(secret, []byte(body))}
}
