package mock

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// postmarkLeaves is how who would answer STOP leaves: by the link below the e-mail.
// https://postmarkapp.com/developer/webhooks/subscription-change-webhook
func postmarkLeaves(t *talk) string {
	if t.text != "STOP" {
		return ""
	}
	return asJSON(map[string]any{"RecordType": "SubscriptionChange", "MessageID": t.id, "MessageStream": "broadcast", "ChangedAt": t.now.UTC().Format(time.RFC3339),
		"Recipient": t.person, "Origin": "Recipient", "SuppressSending": true, "SuppressionReason": "ManualSuppression", "Metadata": json.RawMessage("{}")})
}

// postmarkSign is the name sendgate and the password secret: https://postmarkapp.com/developer/webhooks/webhooks-overview
func postmarkSign(secret, _, _ string, _ time.Time) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("sendgate:"+secret))}
}
