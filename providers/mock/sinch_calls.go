package mock

import (
	"encoding/base64"
	"strconv"
	"time"
)

// https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/
func sinchSMSInbound(t *talk) string {
	at := t.now.UTC().Format(time.RFC3339Nano)
	return asJSON(map[string]string{"type": "mo_text", "id": randomHex(13), "from": t.person, "to": t.us, "body": t.text, "operator_id": "31000", "sent_at": at, "received_at": at})
}

func sinchSMSReceipt(t *talk) string {
	status, code := "Delivered", 0
	if t.leaves {
		status, code = "Aborted", 402
	}
	return asJSON(map[string]any{"type": "recipient_delivery_report_sms", "batch_id": t.id, "recipient": t.person, "code": code, "status": status, "at": t.now.UTC().Format(time.RFC3339Nano)})
}

// https://developers.sinch.com/docs/conversation/callbacks
func sinchConversationCall(t *talk, key string, said map[string]any) string {
	at := t.now.UTC().Format(time.RFC3339Nano)
	said["channel_identity"] = map[string]string{"channel": "SMS", "identity": t.person, "app_id": ""}
	return asJSON(map[string]any{"app_id": "01E9DQJFPWGZ2T05XTVZAD0BYB", "accepted_time": at, "event_time": at, "project_id": "p1", key: said})
}

func sinchConversationInbound(t *talk) string {
	return sinchConversationCall(t, "message", map[string]any{"id": randomHex(13), "direction": "TO_APP", "sender_id": t.us, "accept_time": t.now.UTC().Format(time.RFC3339Nano),
		"contact_message": map[string]any{"text_message": map[string]string{"text": t.text}}})
}

func sinchConversationReceipt(t *talk) string {
	said := map[string]any{"message_id": t.id, "status": "DELIVERED"}
	if t.leaves {
		said["status"], said["reason"] = "FAILED", map[string]string{"code": "RECIPIENT_NOT_OPTED_IN"}
	}
	return sinchConversationCall(t, "message_delivery_report", said)
}

// sinchSign signs as both do.
func sinchSign(secret, _, body string, now time.Time) []string {
	nonce, at := randomHex(16), strconv.FormatInt(now.Unix(), 10)
	return []string{"X-Sinch-Webhook-Signature", base64.StdEncoding.EncodeToString(mac(secret, body+"."+nonce+"."+at)), "X-Sinch-Webhook-Signature-Nonce", nonce,
		"X-Sinch-Webhook-Signature-Timestamp", at, "X-Sinch-Webhook-Signature-Algorithm", "HmacSHA256"}
}
