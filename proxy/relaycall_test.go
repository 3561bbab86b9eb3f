package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/valyala/fasthttp"
)

// owning is an owner's endpoint: it returns its address, and what came in there. Each call is answered with what
// answer says.
func owning(t *testing.T, answer func(wire) string) (base string, got chan wire) {
	t.Helper()
	got = make(chan wire, 100)
	return play(t, loopback(t), func(c net.Conn) {
		echoEach(c, func(w wire) string { text := answer(w); got <- w; return text })
	}), got
}

// relayed is a configuration whose routes relay to an owner.
func relayed(t *testing.T, base string, change func(*RouteConfig)) Config {
	routes := map[string]RouteConfig{}
	for _, name := range []string{"twilio", "whatsapp"} {
		rc := RouteConfig{Policy: anyone, Webhook: &WebhookConfig{Secrets: []string{hookSecret}, VerifyToken: "agreed", Relay: &RelayConfig{URL: base + "/hooks?from=gate"}}}
		if change != nil {
			change(&rc)
		}
		routes[name] = rc
	}
	return hooked(t, routes)
}

// awaits is the next call that an owner gets.
func awaits(t *testing.T, got chan wire) wire {
	t.Helper()
	select {
	case w := <-got:
		return w
	case <-time.After(patience):
		t.Fatal("the owner got no call")
		return wire{}
	}
}

// verifies checks that the provider called name takes w for its own call to where the owner is.
func verifies(t *testing.T, name, base string, w wire) {
	t.Helper()
	provider, err := providers.New(name, providers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var req fasthttp.Request
	if err := req.Read(bufio.NewReader(strings.NewReader(w.head + w.body))); err != nil {
		t.Fatal(err)
	}
	known := providers.Webhook{URL: base + string(req.Header.RequestURI()), Secrets: []string{hookSecret}}
	if err := provider.(providers.Caller).Verify(&req, &known, time.Now()); err != nil {
		t.Errorf("%s: %v\n%s", name, err, w.head)
	}
}

func TestRelayedAsItCame(t *testing.T) {
	base, got := owning(t, func(wire) string { return okAnswer })
	g, _, addr := startHooked(t, relayed(t, base, nil), memory(t))
	g.Start()

	form := texted(t, "SM1", person.Address, "Café + 100% \u00df", "Odd", "~a b")
	form = strings.Replace(form, "Host:", "I-Twilio-Idempotency-Token: 42\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nSendgate-Category: x\r\nX-Home: shop\r\nHost:", 1)
	callBack(t, addr, form, 200)
	w := awaits(t, got)
	if _, body, _ := strings.Cut(form, "\r\n\r\n"); w.body != body {
		t.Errorf("the body arrived as %q, was %q", w.body, body)
	}
	if line, _, _ := strings.Cut(w.head, "\r\n"); line != "POST /hooks?from=gate HTTP/1.1" {
		t.Errorf("the request line is %q", line)
	}
	for name, want := range map[string]string{"I-Twilio-Idempotency-Token": "42", "X-Home": "shop", "X-Hop": "", "Sendgate-Category": "",
		"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": strings.TrimPrefix(base, "http://")} {
		if w.header(name) != want {
			t.Errorf("%s arrived as %q, want %q", name, w.header(name), want)
		}
	}
	if !strings.HasPrefix(w.header("Sendgate-Id"), "relay-") {
		t.Errorf("the call has no id: %s", w.head)
	}
	verifies(t, "twilio", base, w)

	chat := chatted(t, "wamid.1", "14155550100", "Olá \U0001f44b", time.Now())
	callBack(t, addr, strings.Replace(chat, "POST /whatsapp", "POST /whatsapp/team%2F1?x=%41", 1), 200)
	w = awaits(t, got)
	if _, body, _ := strings.Cut(chat, "\r\n\r\n"); w.body != body {
		t.Errorf("the body arrived as %q, was %q", w.body, body)
	}
	if line, _, _ := strings.Cut(w.head, "\r\n"); line != "POST /hooks/team%2F1?from=gate&x=%41 HTTP/1.1" {
		t.Errorf("the request line is %q", line)
	}
	if n := strings.Count(w.head, "X-Hub-Signature-256:"); n != 1 {
		t.Errorf("%d signatures: %s", n, w.head)
	}
	verifies(t, "whatsapp", base, w)

	path := "/twilio?" + url.Values{"MessageSid": {"SM2"}, "AccountSid": {"AC00000000000000000000000000000001"}, "From": {person.Address}, "To": {"+15005550006"}, "Body": {"Hi"}, "SmsStatus": {"received"}}.Encode()
	var get fasthttp.Request
	get.Header.SetMethod("GET")
	provider, _ := providers.New("twilio", providers.Config{})
	provider.(providers.Caller).Sign(&get, &providers.Webhook{URL: hookURL + path, Secrets: []string{hookSecret}})
	get.Header.SetRequestURI(path)
	get.Header.SetHost("gate")
	callBack(t, addr, get.String(), 200)
	w = awaits(t, got)
	if line, _, _ := strings.Cut(w.head, "\r\n"); line != "GET /hooks?from=gate&"+strings.TrimPrefix(path, "/twilio?")+" HTTP/1.1" || w.body != "" {
		t.Errorf("a GET arrived as %q %q", line, w.body)
	}
	verifies(t, "twilio", base, w)
	if len(got) > 0 {
		t.Errorf("a call came twice: %v", <-got)
	}
}

func TestRelayedOnlyIfBelieved(t *testing.T) {
	base, got := owning(t, func(wire) string { return okAnswer })
	st := memory(t)
	g, _, addr := startHooked(t, relayed(t, base, nil), st)
	g.Start()
	callBack(t, addr, strings.Replace(texted(t, "SM1", person.Address, "Hi"), "X-Twilio-Signature", "X-Other", 1), 403)
	callBack(t, addr, "GET /whatsapp?hub.mode=subscribe&hub.verify_token=agreed&hub.challenge=7 HTTP/1.1\r\nHost: x\r\n\r\n", 200)
	callBack(t, addr, texted(t, "SM2", person.Address, "STOP"), 200) // what the gate takes for itself goes on all the same
	if w := awaits(t, got); !strings.Contains(w.body, "SM2") {
		t.Errorf("the owner got %q", w.body)
	}
	callBack(t, addr, texted(t, "SM2", person.Address, "STOP"), 200) // the provider repeats it
	callBack(t, addr, texted(t, "SM3", person.Address, "Hi"), 200)
	if w := awaits(t, got); !strings.Contains(w.body, "SM3") {
		t.Errorf("a repeat was relayed again: %q", w.body)
	}
}

// answers is an answer with a body of a type.
func answers(contentType, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(body), body)
}

func TestOwnerReplies(t *testing.T) {
	const silence = "<Response/>"
	hello := "<?xml version=\"1.0\"?>\n<Response><Message>Wir <Body>öffnen</Body><Media>https://shop.example/a.png</Media></Message></Response>"
	for _, c := range []struct {
		name, wrote  string
		answer, want string
		mode         Mode
		logged       []string
	}{
		{name: "TwiML goes back to the provider", wrote: "Hi", answer: answers("text/xml; charset=utf-8", hello), mode: Enforce, want: hello, logged: []string{"forward service Wir öffnen"}},
		{name: "TwiML that says nothing", wrote: "Hi", answer: answers("application/xml", "<Response></Response>"), mode: Enforce, want: "<Response></Response>"},
		{name: "a message to who just opted out does not", wrote: "STOP", answer: answers("text/xml", hello), mode: Enforce, want: silence, logged: []string{"block service Wir öffnen"}},
		{name: "in a report it does", wrote: "STOP", answer: answers("text/xml", hello), mode: Report, want: hello, logged: []string{"block service Wir öffnen"}},
		{name: "on an open route it does", wrote: "STOP", answer: answers("text/xml", hello), mode: Open, want: hello},
		{name: "a message to the person by name", wrote: "Hi", mode: Enforce, answer: answers("text/xml", `<Response><Message to="`+person.Address+`">Hi</Message></Response>`),
			want: `<Response><Message to="` + person.Address + `">Hi</Message></Response>`, logged: []string{"forward service Hi"}},
		{name: "a message to somebody else does not", wrote: "Hi", answer: answers("text/xml", `<Response><Message to="+14155550199">Hi</Message></Response>`), mode: Enforce, want: silence},
		{name: "what gets its messages past the gate does not", wrote: "Hi", answer: answers("text/xml", "<Response><Redirect>https://shop.example/more</Redirect></Response>"), mode: Enforce, want: silence},
		{name: "words that are no TwiML", wrote: "Hi", answer: answers("text/plain", "thanks"), mode: Enforce, want: silence},
		{name: "a page", wrote: "Hi", answer: answers("text/xml", "<html/>"), mode: Enforce, want: silence},
		{name: "half a document", wrote: "Hi", answer: answers("text/xml", hello[:40]), mode: Enforce, want: silence},
		{name: "more than Twilio reads", wrote: "Hi", answer: answers("text/xml", "<Response>"+strings.Repeat(" ", mostTwiML)+"</Response>"), mode: Enforce, want: silence},
		{name: "an error", wrote: "Hi", answer: "HTTP/1.1 500 Oops\r\nContent-Type: text/xml\r\nContent-Length: 11\r\n\r\n<Response/>", mode: Enforce, want: silence},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, _ := owning(t, func(wire) string { return c.answer })
			st := memory(t)
			g, _, addr := startHooked(t, relayed(t, base, func(rc *RouteConfig) { // nobody agreed to marketing
				rc.Mode, rc.Policy = c.mode, filter.Config{Require: map[filter.Category]filter.Basis{filter.Service: filter.NoBasis}}
			}), st)
			g.Start()
			answer := callBack(t, addr, texted(t, "SM1", person.Address, c.wrote), 200)
			if !strings.HasSuffix(answer.body, c.want) || answer.Header.Get("Content-Type") != "text/xml" {
				t.Errorf("the provider was answered %s %q", answer.Header.Get("Content-Type"), answer.body)
			}
			var logged []string
			judge, _ := g.Again()
			for e, err := range st.Decisions().Entries(decisions.Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				again, err := judge(&e, func(to filter.Recipient) (filter.Record, error) { return st.Read(to, filter.NeedRecord) })
				if err != nil || again.Action != e.Action || again.Reason != e.Reason || again.Rule != e.Rule {
					t.Errorf("judged again it is %s %s by %q, was %s %s by %q: %v", again.Action, again.Reason, again.Rule, e.Action, e.Reason, e.Rule, err)
				}
				logged = append(logged, fmt.Sprintf("%s %s %s", e.Action, e.Category, strings.Join(strings.Fields(e.Text), " ")))
			}
			if fmt.Sprint(logged) != fmt.Sprint(c.logged) {
				t.Errorf("logged is %q, want %q", logged, c.logged)
			}
		})
	}
}

// Who reads no answer is acknowledged at once, whatever the owner does.
func TestNobodyWaitsForNothing(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	base, _ := owning(t, func(wire) string { <-hang; return okAnswer })
	g, _, addr := startHooked(t, relayed(t, base, nil), memory(t))
	g.Start()
	began := time.Now()
	callBack(t, addr, chatted(t, "wamid.1", "14155550100", "Hi", time.Now()), 200)
	callBack(t, addr, signed(t, "twilio", "/twilio", "application/x-www-form-urlencoded", url.Values{"MessageSid": {"SM9"}, "SmsSid": {"SM9"},
		"To": {person.Address}, "From": {"+15005550006"}, "MessageStatus": {"delivered"}}.Encode()), 200)
	if took := time.Since(began); took > defaultRelayWait {
		t.Errorf("receipts and chats were acknowledged after %s", took)
	}
}

func TestRelayOrderOfSeveral(t *testing.T) {
	rt := &route{name: "whatsapp", brand: "acme", webhook: &webhook{relay: &relay{giveUp: time.Hour}}}
	call := func(body string, signals ...providers.Signal) errands.Errand {
		var req fasthttp.Request
		req.Header.SetMethod("POST")
		req.Header.SetRequestURI("/whatsapp")
		req.SetBodyString(body)
		e, _ := rt.relayErrand(&req, signals, time.Unix(1, 0))
		return e
	}
	of := func(address string, aliases ...string) providers.Signal {
		return providers.Signal{From: filter.Recipient{Channel: filter.WhatsApp, Address: address}, Aliases: aliases}
	}
	both := call("1", of("+14155550100", "US.77"), of("+14155550101"), of("+14155550100"))
	if len(both.People) != 3 || len(both.Lanes) != 3 || both.People[1] != (filter.Recipient{Brand: "acme", Channel: filter.WhatsApp, Address: "US.77"}) {
		t.Errorf("a call about two people, one with two addresses: %+v", both)
	}
	alias := call("2", of("US.77"))
	if len(alias.Lanes) != 1 || alias.Lanes[0] != both.Lanes[1] {
		t.Errorf("a call about their other address is in %q, want %q", alias.Lanes, both.Lanes[1])
	}
	if none := call("3"); none.Lanes != nil || none.People != nil {
		t.Errorf("a call about nobody: %+v", none)
	}
	if again := call("1"); again.ID != both.ID || alias.ID == both.ID {
		t.Error("the same call is another errand, or another is the same")
	}
	if !bytes.HasSuffix(both.Body, []byte("\r\n\r\n1")) {
		t.Errorf("kept is %q", both.Body)
	}
}

// What the gate answers itself, the owner does not answer once more.
func TestOneAnswerIsEnough(t *testing.T) {
	base, got := owning(t, func(wire) string { return answers("text/xml", ownAnswer) })
	provider := new(posted)
	upstream := play(t, loopback(t), provider.serve)
	g, _, addr := startHooked(t, answering(t, upstream, func(cfg *Config) {
		rc := cfg.Routes["twilio"]
		rc.Webhook.Relay = &RelayConfig{URL: base}
		cfg.Routes["twilio"] = rc
	}), memory(t))
	g.Start()
	if answer := callBack(t, addr, texted(t, "SM1", person.Address, "privacy"), 200); strings.Contains(answer.body, "Message") {
		t.Errorf("beside the gate's own answer goes %q", answer.body)
	}
	awaits(t, got)
	if answer := callBack(t, addr, texted(t, "SM2", person.Address, "When do you open"), 200); answer.body != ownAnswer {
		t.Errorf("what the gate does not answer is answered %q", answer.body)
	}
	awaits(t, got)
}

// A form in parts goes on as it came, which its signature may be over: its parts in their order, and as they were written.
func TestRelayedInParts(t *testing.T) {
	base, _ := owning(t, func(wire) string { return okAnswer })
	g, _, _ := startHooked(t, relayed(t, base, nil), memory(t))
	body := "--b\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=a\r\nX-Odd: yes\r\n\r\n2\r\n--b--\r\n"
	call := post("/twilio", "multipart/form-data; boundary=b", body)
	for range 20 {
		raw, err := g.table.Load().routes["twilio"].webhook.relay.request(&errands.Errand{ID: "relay-1", Body: []byte(call)})
		if err != nil {
			t.Fatal(err)
		}
		if _, got, _ := strings.Cut(string(raw), "\r\n\r\n"); got != body {
			t.Fatalf("the body arrives as %q, was %q", got, body)
		}
	}
}
