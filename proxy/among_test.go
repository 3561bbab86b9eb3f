package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// TestRoutesOfOneHost: what comes by a host that two products share is judged by the route that it is for. What one of
// them would refuse does not pass by way of the other.
func TestRoutesOfOneHost(t *testing.T) {
	const page, number = "https://graph.facebook.com/v23.0/me/messages", "https://graph.facebook.com/v23.0/106540352242922/messages"
	const left, json, form = "2436783366375384", "application/json", "application/x-www-form-urlencoded"
	whatsapp := func(to string) string {
		return fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"template","template":{"name":"sale","language":{"code":"en"}}}`, to)
	}
	messenger := func(to string) string {
		return fmt.Sprintf(`{"recipient":{"id":%q},"messaging_type":"MESSAGE_TAG","tag":"ACCOUNT_UPDATE","message":{"text":"hi"}}`, to)
	}
	r := newWaysRig(t, func(cfg *Config) {
		upstream := cfg.Routes["twilio"].Upstream
		cfg.Routes = map[string]RouteConfig{
			"messenger": {Upstream: upstream, Policy: anyone, Mode: Report},
			"pages":     {Upstream: upstream, Policy: anyone, Provider: "messenger", Hosts: []string{"graph.facebook.com"}},
			"whatsapp":  {Upstream: upstream, Policy: anyone, UnknownPaths: "pass"},
		}
	})
	someone := filter.Recipient{Brand: "default", Channel: filter.Messenger, Address: left}
	learn(t, r.g.store, filter.Event{To: someone, Kind: filter.OptedOut, Source: "test"},
		filter.Event{To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: leftPerson}, Kind: filter.OptedOut, Source: "test"})
	for _, c := range []struct {
		name, url, kind, body string
		status                int
		says                  string
	}{
		{"a message of WhatsApp", number, json, whatsapp("+14155550100"), 200, ""},
		{"a message of WhatsApp to somebody who left", number, json, whatsapp(leftPerson), 400, "131050"},
		{"a message of WhatsApp that says so in other letters", number, json, strings.Replace(whatsapp("+14155550100"), "messaging_product", "Messaging_product", 1), 400, "letter case"},
		{"a message of a page", page, json, messenger("987654321"), 200, ""},
		{"a message of a page to somebody who left", page, json, messenger(left), 400, "2018108"},
		{"a page named by its number", number, json, messenger(left), 400, "2018108"},
		{"a message of a page as a form", number, form, "recipient=%7B%22id%22%3A%22" + left + "%22%7D&message=%7B%22text%22%3A%22hi%22%7D", 400, "2018108"},
		{"that a page types", page, json, `{"recipient":{"id":"` + left + `"},"sender_action":"typing_on"}`, 200, ""},
		{"that a page types, as a form", number, form, "recipient=%7B%22id%22%3A%221%22%7D&sender_action=typing_on", 200, ""},
		{"that a message of WhatsApp was read", number, json, `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1"}`, 200, ""},
		{"a message of both", number, json, strings.Replace(messenger(left), "{", `{"messaging_product":"whatsapp",`, 1), 400, "131009"},
		{"a message of neither", number, json, `{"text":{"body":"hi"}}`, 400, "names no recipient"},
		{"a batch of calls", "https://graph.facebook.com/", form, "batch=[]", 400, "batch"},
		{"a private reply, whose path WhatsApp does not know", "https://graph.facebook.com/v23.0/123/private_replies", form, "message=hi", 400, "cannot be seen here"},
		{"marketing messages to all who subscribed", "https://graph.facebook.com/v23.0/act_1/messages", json, `{}`, 400, "sendgate: "},
		{"a path that neither knows, and one route refuses", "https://graph.facebook.com/v23.0/123/feed", form, "message=hi", 404, "belongs to no send"},
	} {
		for _, way := range []string{"host", "CONNECT"} {
			t.Run(way+": "+c.name, func(t *testing.T) {
				client, _ := r.client(t, way)
				resp, err := client.Post(c.url, c.kind, strings.NewReader(c.body))
				if err != nil {
					t.Fatal(err)
				}
				answer, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != c.status || !strings.Contains(string(answer), c.says) {
					t.Errorf("answered %d %s", resp.StatusCode, answer)
				}
				if c.status == http.StatusOK {
					if w := <-r.seen; w.body != c.body {
						t.Errorf("the provider received %q", w.body)
					}
				}
			})
		}
	}
	if len(r.seen) > 0 {
		t.Errorf("%d requests more reached the provider", len(r.seen))
	}
}

// TestRequestOfTwoRoutes: what two routes of one host can read reaches nobody.
func TestRequestOfTwoRoutes(t *testing.T) {
	r := newWaysRig(t, func(cfg *Config) {
		house := &providers.Custom{Paths: []string{messages}, Form: true, Recipients: []string{"To"}, Text: []string{"Body"}}
		cfg.Routes["house"] = RouteConfig{Upstream: cfg.Routes["twilio"].Upstream, Policy: anyone, Provider: "custom", Custom: house, Hosts: []string{"api.twilio.com"}}
	})
	client, base := r.client(t, "host")
	resp, err := client.Post(base+messages, "application/x-www-form-urlencoded", strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=hi"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(string(answer), "the routes house and twilio both take this request for their own") {
		t.Errorf("answered %d %s", resp.StatusCode, answer)
	}
	if len(r.seen) > 0 {
		t.Error("it reached the provider")
	}
}

// TestVerifyIsAuthentication: a code goes to somebody who agreed to nothing, and to nobody who left altogether.
func TestVerifyIsAuthentication(t *testing.T) {
	r := newWaysRig(t, func(cfg *Config) {
		cfg.Routes = map[string]RouteConfig{"twilio-verify": {Upstream: cfg.Routes["twilio"].Upstream}}
	})
	client, _ := r.client(t, "host")
	for to, status := range map[string]int{"%2B14155550100": http.StatusOK, "%2B14155550199": http.StatusBadRequest} {
		resp, err := client.Post("https://verify.twilio.com/v2/Services/VA00000000000000000000000000000001/Verifications", "application/x-www-form-urlencoded",
			strings.NewReader("Channel=sms&To="+to))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != status {
			t.Errorf("to %s: answered %d %s", to, resp.StatusCode, answer)
		}
	}
	if len(r.seen) != 1 {
		t.Errorf("%d codes went out, want one", len(r.seen))
	}
}
