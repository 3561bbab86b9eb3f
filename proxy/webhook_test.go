package proxy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
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

// plainWords are keywords enough for a test.
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

// TestWebhookIsBelievedOnlyIfSigned: whatever is not signed for its route is refused, and nothing of it is
// kept, in each mode.
func TestWebhookIsBelievedOnlyIfSigned(t *testing.T) {
	for _, mode := range []Mode{Open, Report, Enforce} {
		t.Run(mode.String(), func(t *testing.T) {
			st := memory(t)
			cfg := hooked(t, map[string]RouteConfig{"twilio": {Mode: mode}, "whatsapp": {Mode: mode, Webhook: &WebhookConfig{
				Secrets: []string{hookSecret}, VerifyToken: "agreed"}}})
			cfg.Routes["quiet"] = RouteConfig{Provider: "twilio"}
			g, _, addr := startHooked(t, cfg, st)
			stop := texted(t, "SM1", person.Address, "STOP")
			chat := chatted(t, "wamid.1", "14155550100", "STOP", time.Now())
			before := st.Seq()
			for name, c := range map[string]struct {
				request string
				status  int
			}{
				"no signature":             {strings.Replace(stop, "X-Twilio-Signature", "X-Other", 1), 403},
				"a word changed":           {strings.Replace(stop, "Body=STOP", "Body=STAP", 1), 403},
				"signed for another route": {strings.Replace(stop, "POST /twilio", "POST /whatsapp", 1), 403},
				"signed for another path":  {strings.Replace(stop, "POST /twilio", "POST /twilio/more", 1), 403},
				"Meta's, a byte changed":   {strings.Replace(chat, "STOP", "STOp", 1), 403},
				"a route that takes none":  {strings.Replace(stop, "POST /twilio", "POST /quiet", 1), 404},
				"no such route":            {strings.Replace(stop, "POST /twilio", "POST /other", 1), 404},
				"another method":           {strings.Replace(stop, "POST /twilio", "PUT /twilio", 1), 405},
				"no path":                  {strings.Replace(stop, "POST /twilio", "POST *", 1), 400},
				"a handshake, wrong token": {"GET /whatsapp?hub.mode=subscribe&hub.verify_token=guessed&hub.challenge=7 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
				"a handshake of nobody's":  {"GET /twilio?hub.mode=subscribe&hub.verify_token=&hub.challenge=7 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
				"more than 1 MiB":          {"POST /twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413},
			} {
				if answer := ask(t, addr, c.request); answer.StatusCode != c.status {
					t.Errorf("%s: answered %s %s, want %d", name, answer.Status, answer.body, c.status)
				}
			}
			if now := st.Seq(); now != before {
				t.Errorf("%d events were kept", now-before)
			}
			if n := g.table.Load().routes["twilio"].count.calls[callUnsigned].Load(); n != 4 {
				t.Errorf("%d calls of Twilio's are counted as unsigned, want 4", n)
			}
			// Whoever it says it was sent to.
			callBack(t, addr, strings.Replace(stop, "Host: 10.0.0.7:8082", "Host: evil.example", 1), 200)
			wants(t, st, person, "", "opted-out all")
			handshake := callBack(t, addr, "GET /whatsapp?hub.mode=subscribe&hub.verify_token=agreed&hub.challenge=1158201444 HTTP/1.1\r\nHost: x\r\n\r\n", 200)
			if handshake.body != "1158201444" {
				t.Errorf("the challenge came back as %q", handshake.body)
			}
		})
	}
}

// TestWhatWebhooksTeach: calls in turn, and what is known of the person then.
func TestWhatWebhooksTeach(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	later := at.Add(time.Minute)
	preference := func(value string, at time.Time) string {
		return metaCall(t, "user_preferences", fmt.Sprintf(`{"user_preferences":[{"wa_id":"14155550100","category":"marketing_messages","value":%q,"timestamp":%d}]}`, value, at.Unix()))
	}
	receipt := func(code string) string {
		return signed(t, "twilio", "/twilio", "application/x-www-form-urlencoded", url.Values{"MessageSid": {"SM9"}, "SmsSid": {"SM9"}, "AccountSid": {"AC00000000000000000000000000000001"},
			"To": {person.Address}, "From": {"+15005550006"}, "MessageStatus": {"failed"}, "SmsStatus": {"failed"}, "ErrorCode": {code}}.Encode())
	}
	sms := func(id, text string, more ...string) string { return texted(t, id, person.Address, text, more...) }
	chat := func(id, text string, at time.Time) string { return chatted(t, id, "14155550100", text, at) }
	both := func(id, text string, at time.Time) string {
		return metaCall(t, "messages", fmt.Sprintf(`{"contacts":[{"wa_id":"14155550100","user_id":"US.1"}],"messages":[{"from":"14155550100","from_user_id":"US.1","id":%q,"timestamp":"%d","type":"text","text":{"body":%q}}]}`, id, at.Unix(), text))
	}
	for _, c := range []struct {
		name    string
		channel filter.Channel
		address string // left out: that of person
		brand   filter.Brand
		before  []filter.Event
		calls   []string
		want    []string
	}{
		{name: "talk opens the window and is no opt-in", calls: []string{sms("1", "Hello")}, want: []string{""}},
		{name: "STOP is an opt-out", calls: []string{sms("1", "Stop.")}, want: []string{"", "opted-out all"}},
		{name: "the same STOP again is nothing new", calls: []string{sms("1", "STOP"), sms("1", "STOP")}, want: []string{"", "opted-out all"}},
		{name: "STOP and a topic is an opt-out of that", calls: []string{sms("1", "stop offers")}, want: []string{"", "opted-out topic:offers"}},
		{name: "of a topic that the provider took for everything, everything", calls: []string{sms("1", "stop offers", "OptOutType", "STOP")}, want: []string{"", "opted-out all"}},
		{name: "STOP to a number of a service, where STOP means the sender, ends both", brand: filter.Brand{Stop: filter.StopSender},
			calls: []string{sms("1", "STOP", "MessagingServiceSid", "MG1")}, want: []string{"", "opted-out sender:+15005550006", "opted-out sender:MG1"}},
		{name: "a phrase is an opt-out", calls: []string{sms("1", "Please take me off your list")}, want: []string{"", "opted-out all"}},
		{name: "an uncertain word is an opt-out", calls: []string{sms("1", "cancel")}, want: []string{"", "opted-out all"}},
		{name: "a word inside a sentence is none", calls: []string{sms("1", "We have got to stop this terrible bill before the vote on Friday")}, want: []string{""}},
		{name: "what the provider took for STOP is one, whatever it reads like", calls: []string{sms("1", "genug jetzt", "OptOutType", "STOP")}, want: []string{"", "opted-out all"}},
		{name: "START of a stranger is no opt-in", calls: []string{sms("1", "START")}, want: []string{""}},
		{name: "START after STOP", calls: []string{sms("1", "STOP"), sms("2", "START")}, want: []string{"", "opted-out all", "", "opted-in all"}},
		{name: "START inside a sentence lifts nothing", calls: []string{sms("1", "STOP"), sms("2", "When do you start")}, want: []string{"", "opted-out all", ""}},
		{name: "START that the provider took for one", calls: []string{sms("1", "STOP"), sms("2", "yes", "OptOutType", "START")}, want: []string{"", "opted-out all", "", "opted-in all"}},
		{name: "START and more is no START", calls: []string{sms("1", "STOP"), sms("2", "start offers")}, want: []string{"", "opted-out all", ""}},
		{name: "START lifts the topic that was left", calls: []string{sms("1", "STOP offers"), sms("2", "START")}, want: []string{"", "opted-out topic:offers", "", "opted-in topic:offers"}},
		{name: "START once more does not lift a later STOP", calls: []string{sms("1", "START"), sms("2", "STOP"), sms("1", "START")}, want: []string{"", "", "opted-out all"}},
		{name: "START answers what was asked", before: []filter.Event{{Kind: filter.Asked, Scope: filter.OfTopic("offers"), To: person, Time: at, Source: "test"}},
			calls: []string{sms("1", "START")}, want: []string{"asked topic:offers", "", "opted-in topic:offers"}},
		{name: "START after a no is no yes to anything", before: []filter.Event{{Kind: filter.Refused, Scope: filter.OfTopic("offers"), To: person, Time: at, Source: "test"}},
			calls: []string{sms("1", "START")}, want: []string{"refused topic:offers", ""}},
		{name: "a refusal because they unsubscribed", calls: []string{receipt("21610")}, want: []string{"opted-out all"}},
		{name: "a refusal because they blocked the sender", calls: []string{receipt("63014")}, want: []string{"opted-out all"}},
		{name: "a number that cannot be reached left nothing", calls: []string{receipt("30003")}},
		{name: "marketing stopped in WhatsApp", channel: filter.WhatsApp, calls: []string{preference("stop", at)}, want: []string{"opted-out marketing"}},
		{name: "and resumed", channel: filter.WhatsApp, calls: []string{preference("stop", at), preference("resume", later)}, want: []string{"opted-out marketing", "opted-in marketing"}},
		{name: "resumed by a stranger", channel: filter.WhatsApp, calls: []string{preference("resume", at)}},
		{name: "resumed, which lifts no STOP", channel: filter.WhatsApp, calls: []string{preference("stop", at), chat("wamid.1", "STOP", at), preference("resume", later)},
			want: []string{"opted-out marketing", "", "opted-out all"}},
		{name: "START from before STOP, which comes late", channel: filter.WhatsApp, calls: []string{chat("wamid.1", "STOP", later), chat("wamid.2", "START", at)},
			want: []string{"", "", "opted-out all"}},
		{name: "START at the second of STOP", channel: filter.WhatsApp, calls: []string{chat("wamid.1", "STOP", at), chat("wamid.2", "START", at)},
			want: []string{"", "", "opted-out all"}},
		{name: "STOP from before START, which comes late", channel: filter.WhatsApp, before: []filter.Event{{Kind: filter.OptedOut, Time: at.Add(-time.Hour), Source: "test",
			To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: person.Address}}},
			calls: []string{chat("wamid.2", "START", later.Add(time.Hour/2)), chat("wamid.1", "STOP", at)}, want: []string{"opted-out all", "", "opted-out all", "", "opted-in all"}},
		{name: "STOP under an id binds the number that came with it", channel: filter.WhatsApp, calls: []string{both("wamid.1", "Hi", at), chatted(t, "wamid.2", "US.1", "STOP", later)},
			want: []string{"", "opted-out all"}},
		{name: "also where the two come together later", channel: filter.WhatsApp, calls: []string{chatted(t, "wamid.2", "US.1", "STOP", at), both("wamid.1", "Hi", later)},
			want: []string{"", "opted-out all"}},
		{name: "START lifts it under both", channel: filter.WhatsApp, address: "US.1", calls: []string{both("wamid.1", "STOP", at), both("wamid.2", "START", later)},
			want: []string{"opted-in all", "opted-out all"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			cfg := hooked(t, map[string]RouteConfig{"twilio": {}, "whatsapp": {}})
			c.brand.Topics = map[string]filter.Category{"offers": filter.Marketing}
			cfg.Brands = map[string]filter.Brand{"default": c.brand}
			_, _, addr := startHooked(t, cfg, st)
			learn(t, st, c.before...)
			for _, request := range c.calls {
				callBack(t, addr, request, 200)
			}
			to := person
			if c.channel != "" {
				to.Channel = c.channel
			}
			to.Address = cmp.Or(c.address, to.Address)
			got, want := learnt(t, st, to), slices.Clone(c.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("of the person is known %q, want %q", got, want)
			}
			again := st.Seq()
			for _, request := range c.calls {
				callBack(t, addr, request, 200)
			}
			if st.Seq() != again {
				t.Errorf("the same calls once more kept %d further events: %q", st.Seq()-again, learnt(t, st, to))
			}
		})
	}
}

// TestOneUnfitSignal: of a call in which one thing can never be kept the rest is, and whoever calls is told so.
func TestOneUnfitSignal(t *testing.T) {
	st := memory(t)
	g := newGate(t, hooked(t, map[string]RouteConfig{"twilio": {}}), st)
	endless := filter.Recipient{Channel: filter.SMS, Address: "+1" + strings.Repeat("5", 2000)}
	signal := func(id string, from filter.Recipient) providers.Signal {
		return providers.Signal{Kind: providers.Message, ID: id, From: from, Sender: "+15005550006", Text: "STOP"}
	}
	_, unfit, err := g.hear(g.table.Load().routes["twilio"], []providers.Signal{signal("SM1", endless), signal("SM2", person)}, time.Now())
	var problem *store.EventError
	if err != nil || !errors.As(unfit, &problem) {
		t.Errorf("unfit: %v, err: %v", unfit, err)
	}
	wants(t, st, person, "", "opted-out all")
}
