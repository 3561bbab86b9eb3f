package mock

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// What Meta says of the mock's own side.
const (
	graphAccount = "102290129340398"
	graphNumber  = "15550783881" // of any phone-number id
)

// graphFollows are the calls that follow an accepted message from a phone-number id to a number: a
// receipt, and what the person or Meta does.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
func (m *Mock) graphFollows(from, to, number, id string) []*Call {
	hook, does := m.cfg.Webhooks["whatsapp"], reactions[number]
	if hook.URL == "" || number == "" || hook.NoReceipts && does == (reaction{}) {
		return nil
	}
	person, now := whatsAppID(number), m.cfg.Now()
	at, when := now.Unix(), strconv.FormatInt(now.Unix(), 10)
	value := func(name string, one any) any { return graphValue(from, person, name, one) }
	call := func(kind, field string, value any) *Call { return graphWebhook(kind, to, hook, at, field, value) }

	receipt := map[string]any{"id": id, "status": "delivered", "timestamp": when, "recipient_id": person}
	if does.leaves {
		receipt["status"] = "failed"
		receipt["errors"] = []any{map[string]any{"code": 131050, "title": graphErrors[131050].message,
			"error_data": map[string]string{"details": graphErrors[131050].details}}}
	}
	var calls []*Call
	if !hook.NoReceipts {
		calls = append(calls, call("receipt", "messages", value("statuses", receipt)))
	}
	if does.writes != "" {
		calls = append(calls, call("message", "messages", graphInbound(from, person, does.writes, now)))
	}
	if does.setting != "" {
		calls = append(calls, call("preference", "user_preferences", value("user_preferences", map[string]any{"wa_id": person, "category": "marketing_messages",
			"detail": "User requested to " + does.setting + " marketing messages", "value": does.setting, "timestamp": at})))
	}
	if does.rating != "" {
		calls = append(calls, call("quality", "phone_number_quality_update",
			map[string]string{"display_phone_number": graphNumber, "event": does.rating, "current_limit": "TIER_10K"}))
	}
	return calls
}

// graphValue is what Meta tells of a phone-number id and a person, by a list of one.
func graphValue(us, person, name string, one any) any {
	return map[string]any{"messaging_product": "whatsapp", name: []any{one},
		"metadata": map[string]string{"display_phone_number": graphNumber, "phone_number_id": us},
		"contacts": []any{map[string]any{"wa_id": person, "profile": map[string]string{"name": "Ana"}}}}
}

// graphInbound is a text that a person wrote.
func graphInbound(us, person, text string, now time.Time) any {
	return graphValue(us, person, "messages", map[string]any{"from": person, "id": newWamid(), "timestamp": strconv.FormatInt(now.Unix(), 10),
		"type": "text", "text": map[string]string{"body": text}})
}

// graphWebhook is a call that tells one change.
func graphWebhook(kind, to string, hook Webhook, at int64, field string, value any) *Call {
	body := jsonAnswer(0, map[string]any{"object": "whatsapp_business_account", "entry": []any{
		map[string]any{"id": graphAccount, "time": at, "changes": []any{map[string]any{"field": field, "value": value}}}}}).body
	return &Call{Provider: "whatsapp", Kind: kind, To: to, URL: hook.URL,
		request: func(ctx context.Context) (*http.Request, error) {
			return posting(ctx, hook.URL, "application/json", body, "X-Hub-Signature-256", "sha256="+graphSign(hook.Secret, body), "User-Agent", "facebookexternalua")
		}}
}

// graphSign is Meta's signature of a body: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
func graphSign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
