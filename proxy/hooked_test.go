package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/valyala/fasthttp"
)

const (
	hookURL    = "https://hooks.acme.example/in"
	hookSecret = "12345"
)

// fewWords are keywords enough for a test.
var fewWords = filter.KeywordTable{
	Languages: map[string][]string{"en": {"US"}},
	Rows: []filter.KeywordRow{{Language: "en", Exact: []string{"stop"}, Phrase: []string{"take me off"}, Ambiguous: []string{"cancel"},
		In: []string{"start"}, Help: []string{"help"}, Source: "a test", Reviewed: "2026-11-22", Confidence: "high"}},
}

// plainWords are those of fewWords.
func plainWords(t testing.TB) *filter.Keywords {
	t.Helper()
	k, err := filter.NewKeywords(fewWords)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// hooked is a configuration of routes that all take webhooks, each under its provider's name.
func hooked(t testing.TB, routes map[string]RouteConfig) Config {
	for name, rc := range routes {
		if rc.Webhook == nil {
			rc.Webhook = &WebhookConfig{Secrets: []string{hookSecret}}
		}
		if rc.Policy.Require == nil {
			rc.Policy = anyone
		}
		routes[name] = rc
	}
	return Config{Webhooks: Webhooks{URL: hookURL}, Keywords: plainWords(t), Routes: routes}
}

// startHooked serves a gate and its listener for webhooks.
func startHooked(t testing.TB, cfg Config, st *store.Store) (g *Gate, sends, calls string) {
	t.Helper()
	g, sends = start(t, cfg, st)
	return g, sends, serveCalls(t, g)
}

func serveCalls(t testing.TB, g *Gate) string {
	t.Helper()
	ln := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- g.ServeWebhooks(ln) }()
	t.Cleanup(func() {
		if err := g.Shutdown(context.Background()); err != nil {
			t.Errorf("shutting down: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serving webhooks: %v", err)
		}
	})
	return ln.Addr().String()
}

// signed is a call to a path, as the provider called name signs it.
func signed(t testing.TB, name, path, contentType, body string) string {
	t.Helper()
	provider, err := providers.New(name, providers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.Header.SetContentType(contentType)
	req.SetBodyString(body)
	provider.(providers.Caller).Sign(&req, &providers.Webhook{URL: hookURL + path, Secrets: []string{hookSecret}})
	req.Header.SetRequestURI(path)
	req.Header.SetHost("10.0.0.7:8082")
	return req.String()
}

// texted is somebody's SMS by Twilio, with further parameters as pairs of name and value.
func texted(t testing.TB, id, from, text string, more ...string) string {
	form := url.Values{"MessageSid": {id}, "AccountSid": {"AC00000000000000000000000000000001"}, "From": {from}, "To": {"+15005550006"},
		"Body": {text}, "NumMedia": {"0"}, "SmsStatus": {"received"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return signed(t, "twilio", "/twilio", "application/x-www-form-urlencoded; charset=utf-8", form.Encode())
}

// metaCall is a call of Meta's with one change of a field.
func metaCall(t testing.TB, field, value string) string {
	return signedMeta(t, 1795340000, field, value)
}

// signedMeta is metaCall with the time of the entry.
func signedMeta(t testing.TB, at int64, field, value string) string {
	body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"102","time":%d,"changes":[{"field":%q,"value":%s}]}]}`, at, field, value)
	return signed(t, "whatsapp", "/whatsapp", "application/json", body)
}

// chatted is somebody's WhatsApp message.
func chatted(t testing.TB, id, from, text string, at time.Time) string {
	quoted, _ := json.Marshal(text)
	return metaCall(t, "messages", fmt.Sprintf(`{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106"},`+
		`"messages":[{"from":%q,"id":%q,"timestamp":"%d","type":"text","text":{"body":%s}}]}`, from, id, at.Unix(), quoted))
}

// callBack makes a call that is to be answered with a status.
func callBack(t testing.TB, addr, request string, status int) told {
	t.Helper()
	answer := ask(t, addr, request)
	if answer.StatusCode != status {
		t.Fatalf("the call was answered %s %s, want %d", answer.Status, answer.body, status)
	}
	return answer
}

// learnt is what a store knows of somebody: kind and scope of their events, oldest first.
func learnt(t testing.TB, st *store.Store, to filter.Recipient) (all []string) {
	t.Helper()
	events, err := st.History(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		all = append(all, strings.TrimSuffix(e.Kind.String()+" "+e.Scope.String(), "wrote all"))
	}
	return all
}

// wants compares what is known of somebody.
func wants(t testing.TB, st *store.Store, to filter.Recipient, want ...string) {
	t.Helper()
	if got := learnt(t, st, to); !slices.Equal(got, want) {
		t.Errorf("of %s by %s is known %q, want %q", to.Address, to.Channel, got, want)
	}
}
