package mock

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// https://github.com/messagebird/bird-sdk-typescript/blob/main/packages/sdk/src/generated/types.gen.ts (Event…)
func birdEvent(t *talk, kind string, data map[string]any) string {
	data["workspace_id"] = "ws_" + randomHex(13)
	return asJSON(map[string]any{"type": kind, "timestamp": t.now.UTC().Format(time.RFC3339Nano), "data": data})
}

func birdInbound(t *talk) string {
	if channel, _, _ := strings.Cut(t.id, "_"); channel == "whatsapp" {
		return birdEvent(t, "whatsapp.received", map[string]any{"whatsapp_id": "whatsapp_" + randomHex(13), "direction": "inbound",
			"from": map[string]string{"phone_number": "+" + t.person}, "to": map[string]string{"phone_number": "+" + t.us}, "text": map[string]string{"body": t.text}})
	}
	if strings.Contains(t.person, "@") {
		if t.text != "STOP" {
			return ""
		}
		return birdEvent(t, "email.unsubscribed", map[string]any{"email_id": t.id, "recipient": t.person, "recipient_role": "to"})
	}
	return birdEvent(t, "sms.received", map[string]any{"sms_id": "sms_" + randomHex(13), "from": "+" + t.person, "to": "+" + t.us, "text": t.text})
}

func birdReceipt(t *talk) string {
	channel, _, _ := strings.Cut(t.id, "_")
	status, data := "delivered", map[string]any{channel + "_id": t.id, "from": "+" + t.us, "to": "+" + t.person}
	fault := map[string]any{"code": "recipient_opted_out", "description": "the recipient opted out"}
	switch channel {
	case "whatsapp":
		data["from"], data["to"] = map[string]string{"phone_number": "+" + t.us}, map[string]string{"phone_number": "+" + t.person}
		fault = map[string]any{"code": "undeliverable", "meta_error_code": "131050"}
	case "email":
		data = map[string]any{"email_id": t.id, "recipient": t.person}
		fault = nil
	}
	if t.leaves {
		status, data["error"] = "rejected", fault
	}
	return birdEvent(t, channel+"."+status, data)
}

// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. A secret is as it is shown.
func birdSign(secret, _, body string, now time.Time) []string {
	id, at := "msg_"+randomHex(13), strconv.FormatInt(now.Unix(), 10)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_")) // what is none is no key, and then nobody believes it
	return []string{"Webhook-Id", id, "Webhook-Timestamp", at, "Webhook-Signature", "v1," + base64.StdEncoding.EncodeToString(mac(string(key), id+"."+at+"."+body))}
}
