package proxy

import (
	"bufio"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// TestRelayedSignatures: what goes on to the owner is signed for their address where the provider signs one with a
// secret, and as it came where only the provider can sign.
func TestRelayedSignatures(t *testing.T) {
	form := func(provider string, pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return signed(t, provider, "/"+provider, "application/x-www-form-urlencoded", v.Encode())
	}
	const password = "Basic c2VuZGdhdGU6YS1sb25nLXBhc3N3b3Jk"
	for provider, call := range map[string]string{
		"plivo":       form("plivo", "From", "14155550100", "To", "14155550199", "Text", "Hello", "MessageUUID", "1"),
		"messagebird": form("messagebird", "originator", "14155550100", "recipient", "14155550199", "payload", "Hello", "message_id", "1"),
		"telnyx":      telnyxCall(`{"data":{"event_type":"message.received","payload":{"id":"1","from":{"phone_number":"+14155550100"},"to":[{"phone_number":"+14155550199"}],"text":"Hello"}}}`),
		"postmark":    post("/postmark", "application/json", `{"RecordType":"Delivery"}`),
	} {
		t.Run(provider, func(t *testing.T) {
			base, got := owning(t, func(wire) string { return okAnswer })
			hook := &WebhookConfig{Secrets: []string{hookSecret}}
			switch provider {
			case "telnyx":
				hook = telnyxHook()
			case "postmark":
				hook = &WebhookConfig{Header: "Authorization", Value: password}
				call = strings.Replace(call, "Content-Type:", "Authorization: "+password+"\r\nContent-Type:", 1)
			}
			hook.Relay = &RelayConfig{URL: base + "/hooks?from=gate"}
			g, _, addr := startHooked(t, hooked(t, map[string]RouteConfig{provider: {Webhook: hook}}), memory(t))
			g.Start()
			callBack(t, addr, call, 200)
			w := awaits(t, got)
			if _, body, _ := strings.Cut(call, "\r\n\r\n"); w.body != body {
				t.Errorf("the body arrived as %q, was %q", w.body, body)
			}
			var req fasthttp.Request
			if err := req.Read(bufio.NewReader(strings.NewReader(w.head + w.body))); err != nil {
				t.Fatal(err)
			}
			p, err := providers.New(provider, providers.Config{})
			if err != nil {
				t.Fatal(err)
			}
			known := providers.Webhook{URL: base + string(req.Header.RequestURI()), Secrets: hook.Secrets, PublicKeys: hook.PublicKeys, Header: hook.Header, Value: hook.Value}
			if err := p.(providers.Caller).Verify(&req, &known, time.Now()); err != nil {
				t.Errorf("%v\n%s", err, w.head)
			}
			known.URL = "https://elsewhere.example/hooks"
			if err := p.(providers.Caller).Verify(&req, &known, time.Now()); (err == nil) != (provider == "telnyx" || provider == "postmark") {
				t.Errorf("for another address: %v", err)
			}
		})
	}
}
