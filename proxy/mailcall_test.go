package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestWhatMailServicesTeach: events of SendGrid and Postmark in turn, and what is known of the person then. Whatever one
// of them tells binds what goes out through the other.
func TestWhatMailServicesTeach(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	sendgrid := func(minutes int, event, more string) string {
		body := fmt.Sprintf(`[{"email":"Ana@example.com","event":%q,"sg_event_id":"e%d","timestamp":%d%s}]`, event, minutes, at.Add(time.Duration(minutes)*time.Minute).Unix(), more)
		sum := sha256.Sum256([]byte("1795340000" + body))
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("POST /sendgrid HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Twilio-Email-Event-Webhook-Timestamp: 1795340000\r\n"+
			"X-Twilio-Email-Event-Webhook-Signature: %s\r\nContent-Length: %d\r\n\r\n%s", base64.StdEncoding.EncodeToString(signature), len(body), body)
	}
	const password = "Basic c2VuZGdhdGU6YS1sb25nLXBhc3N3b3Jk"
	postmark := func(minutes int, stop bool, reason, stream string) string {
		body := fmt.Sprintf(`{"RecordType":"SubscriptionChange","MessageStream":%q,"ChangedAt":%q,"Recipient":"ana@example.com","Origin":"Recipient","SuppressSending":%t,"SuppressionReason":%q}`,
			stream, at.Add(time.Duration(minutes)*time.Minute).Format(time.RFC3339), stop, reason)
		return fmt.Sprintf("POST /postmark HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s", password, len(body), body)
	}
	for _, c := range []struct {
		name    string
		calls   []string
		want    []string
		blocked bool // an e-mail through either, that is about no topic
	}{
		{"who unsubscribed gets nothing more", []string{sendgrid(0, "unsubscribe", "")}, []string{"opted-out all"}, true},
		{"nor who called an e-mail spam", []string{sendgrid(0, "spamreport", "")}, []string{"opted-out all"}, true},
		{"nor who Postmark says called one spam", []string{postmark(0, true, "SpamComplaint", "outbound")}, []string{"opted-out all"}, true},
		{"what could not be delivered says nothing", []string{sendgrid(0, "bounce", ""), postmark(0, true, "HardBounce", "outbound")}, nil, false},
		{"a group that the brand calls a topic is that", []string{sendgrid(0, "group_unsubscribe", `,"asm_group_id":10`)}, []string{"opted-out topic:offers"}, false},
		{"one that nobody here knows is everything", []string{sendgrid(0, "group_unsubscribe", `,"asm_group_id":11`)}, []string{"opted-out all"}, true},
		{"who is back in a group that is a topic has that again", []string{sendgrid(0, "group_unsubscribe", `,"asm_group_id":10`), sendgrid(1, "group_resubscribe", `,"asm_group_id":10`)},
			[]string{"opted-out topic:offers", "opted-in topic:offers"}, false},
		{"who is back in another has nothing again", []string{sendgrid(0, "group_unsubscribe", `,"asm_group_id":11`), sendgrid(1, "group_resubscribe", `,"asm_group_id":11`)},
			[]string{"opted-out all"}, true},
		{"nor has who unsubscribed from all besides", []string{sendgrid(0, "group_unsubscribe", `,"asm_group_id":10`), sendgrid(1, "unsubscribe", ""), sendgrid(2, "group_resubscribe", `,"asm_group_id":10`)},
			[]string{"opted-out topic:offers", "opted-out all"}, true},
		{"the stream for broadcasts is marketing", []string{postmark(0, true, "ManualSuppression", "broadcast")}, []string{"opted-out marketing"}, true},
		{"and comes back as that", []string{postmark(0, true, "ManualSuppression", "broadcast"), postmark(1, false, "", "broadcast")}, []string{"opted-out marketing", "opted-in marketing"}, false},
		{"a stream that the brand calls a topic is that", []string{postmark(0, true, "ManualSuppression", "Letter")}, []string{"opted-out topic:news"}, false},
		{"another is everything", []string{postmark(0, true, "ManualSuppression", "tips")}, []string{"opted-out all"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			cfg := hooked(t, map[string]RouteConfig{
				"sendgrid": {Webhook: &WebhookConfig{PublicKeys: []string{base64.StdEncoding.EncodeToString(public)}}},
				"postmark": {Webhook: &WebhookConfig{Header: "Authorization", Value: password}},
			})
			cfg.Brands = map[string]filter.Brand{"default": {Topics: map[string]filter.Category{"offers": filter.Marketing, "news": filter.Marketing},
				Aliases: map[string]string{"offers": "10", "news": "letter"}}}
			upstream := play(t, loopback(t), echo(okAnswer, func(wire) {}))
			for name, rc := range cfg.Routes {
				rc.Upstream = upstream
				cfg.Routes[name] = rc
			}
			_, sends, calls := startHooked(t, cfg, st)
			for range 2 { // each comes once more
				for _, call := range c.calls {
					callBack(t, calls, call, 200)
				}
			}
			wants(t, st, filter.Recipient{Brand: "default", Channel: filter.Email, Address: "ana@example.com"}, c.want...)
			for _, send := range []string{
				post("/sendgrid/v3/mail/send", "application/json", `{"personalizations":[{"to":[{"email":"ana@example.com"}]}],"from":{"email":"a@b.example"},"content":[{"type":"text/plain","value":"Sale"}]}`),
				post("/postmark/email", "application/json", `{"From":"a@b.example","To":"ana@example.com","TextBody":"Sale"}`),
			} {
				if a := ask(t, sends, send); (a.Header.Get("Sendgate-Reason") == "opted-out") != c.blocked {
					t.Errorf("the e-mail: %s %s", a.Status, a.body)
				}
			}
		})
	}
}
