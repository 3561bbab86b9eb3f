package proxy

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// person is who the tests write to.
var person = filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550100"}

// entries is the decision log, newest first.
func entries(t *testing.T, st *store.Store) (all []store.Entry) {
	t.Helper()
	for e, err := range st.Entries(store.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestSend(t *testing.T) {
	refusal := "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"code\":21610}"
	optOut := filter.Event{To: person, Kind: filter.OptedOut, Source: "test"}
	unknownPath := post("/twilio/v1/Else", "text/plain", "hello")
	cases := []struct {
		name    string
		route   func(*RouteConfig)
		known   []filter.Event
		request string
		answer  string // the upstream's; empty for okAnswer

		status    int
		decision  string // the header; empty for no decision
		reason    string
		arrives   bool
		body      string // what the upstream must receive
		logged    filter.Action
		enforced  bool
		outcome   string
		withholds bool // no entry in the decision log
	}{
		{name: "nothing objects", request: sms(person.Address, "Sale"), status: 200, decision: "forward", reason: "allowed",
			arrives: true, logged: filter.Forward, enforced: true, outcome: "answered"},
		{name: "the recipient opted out", known: []filter.Event{optOut}, request: sms(person.Address, "Sale"), status: 400,
			decision: "block", reason: "opted-out", logged: filter.Block, enforced: true, outcome: "refused"},
		{name: "the recipient opted out of every brand", known: []filter.Event{{To: person.Everywhere(), Kind: filter.OptedOut, Source: "test"}},
			request: sms(person.Address, "Sale"), status: 400, decision: "block", reason: "opted-out", logged: filter.Block, enforced: true, outcome: "refused"},
		{name: "the recipient opted out of another brand", route: func(rc *RouteConfig) { rc.Brand = "other" }, known: []filter.Event{optOut},
			request: sms(person.Address, "Sale"), status: 200, decision: "forward", reason: "allowed", arrives: true, logged: filter.Forward, enforced: true, outcome: "answered"},
		{name: "a report forwards what it would have blocked", route: func(rc *RouteConfig) { rc.Mode = Report }, known: []filter.Event{optOut},
			request: sms(person.Address, "Sale"), status: 200, decision: "forward", reason: "opted-out", arrives: true, logged: filter.Block, outcome: "answered"},
		{name: "a report forwards what it would have rewritten as it is",
			route:   func(rc *RouteConfig) { rc.Mode, rc.Policy.Footer = Report, "Reply STOP to opt out" },
			request: sms(person.Address, "Sale"), status: 200, decision: "forward", reason: "content", arrives: true,
			body: "To=%2B14155550100&From=%2B15005550006&Body=Sale", logged: filter.Rewrite, outcome: "answered"},
		{name: "a report forwards what cannot be read", route: func(rc *RouteConfig) { rc.Mode = Report },
			request: post("/twilio"+messages, "application/x-www-form-urlencoded", "To=1&To=2"), status: 200, decision: "forward", reason: "unreadable",
			arrives: true, logged: filter.Block, outcome: "answered"},
		{name: "an open route asks nobody", route: func(rc *RouteConfig) { rc.Mode = Open }, known: []filter.Event{optOut},
			request: sms(person.Address, "Sale"), status: 200, arrives: true, withholds: true},
		{name: "what cannot be read is not sent", request: post("/twilio"+messages, "application/x-www-form-urlencoded", "To=1&To=2"),
			status: 400, decision: "block", reason: "unreadable", logged: filter.Block, enforced: true, outcome: "refused"},
		{name: "the wrong content type for a send", request: post("/twilio"+messages, "image/png", "To=%2B14155550100&Body=x"),
			status: 400, decision: "block", reason: "unreadable", logged: filter.Block, enforced: true, outcome: "refused"},
		{name: "a call that sends nothing", request: "GET /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\n\r\n", status: 200, arrives: true, withholds: true},
		{name: "an unknown path is refused", request: unknownPath, status: 404, withholds: true},
		{name: "an unknown path passes where the route says so", route: func(rc *RouteConfig) { rc.UnknownPaths = "pass" },
			request: unknownPath, status: 200, arrives: true, withholds: true},
		{name: "a footer is added", route: func(rc *RouteConfig) { rc.Policy.Footer = "Reply STOP to opt out" },
			request: sms(person.Address, "Sale"), status: 200, decision: "rewrite", reason: "content", arrives: true,
			body: "To=%2B14155550100&From=%2B15005550006&Body=Sale%0AReply%20STOP%20to%20opt%20out", logged: filter.Rewrite, enforced: true, outcome: "answered"},
		{name: "the upstream's own refusal passes", answer: refusal, request: sms(person.Address, "Sale"), status: 400, decision: "forward",
			reason: "allowed", arrives: true, logged: filter.Forward, enforced: true, outcome: "answered"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			learn(t, st, c.known...)
			orDefault(&c.answer, okAnswer)
			seen := make(chan wire, 1)
			base := play(t, loopback(t), echo(c.answer, func(w wire) { seen <- w }))
			_, addr := start(t, oneRoute(base, c.route), st)
			a := ask(t, addr, c.request)
			if a.StatusCode != c.status || a.Header.Get("Sendgate-Decision") != c.decision || a.Header.Get("Sendgate-Reason") != c.reason {
				t.Errorf("answered %d, decision %q, reason %q: %s", a.StatusCode, a.Header.Get("Sendgate-Decision"), a.Header.Get("Sendgate-Reason"), a.body)
			}
			select {
			case w := <-seen:
				if !c.arrives || c.body != "" && w.body != c.body {
					t.Errorf("the upstream received %q", w.body)
				}
			default:
				if c.arrives {
					t.Error("nothing reached the upstream")
				}
			}
			log := entries(t, st)
			if c.withholds {
				if len(log) > 0 {
					t.Errorf("the decision log has %+v", log)
				}
				return
			}
			if len(log) != 1 {
				t.Fatalf("the decision log has %d entries", len(log))
			}
			e := log[0]
			if e.ID != a.Header.Get("Sendgate-Id") || e.Action != c.logged || e.Enforced != c.enforced || e.Outcome != c.outcome ||
				e.Reason.String() != c.reason || e.Route != "twilio" || e.Provider != "twilio" {
				t.Errorf("the decision log has %+v", e)
			}
			if (e.Reason == filter.Unreadable) != (e.Fault != "") || e.Outcome == "answered" && e.Status != c.status {
				t.Errorf("the decision log has %+v", e)
			}
			if e.Action == filter.Rewrite && (e.To.Address != person.Address || e.Text != "Sale") {
				t.Errorf("rewriting spoilt what was read: %+v", e)
			}
		})
	}
}

func TestLearn(t *testing.T) {
	refusal := "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"code\":21610}"
	st := memory(t)
	base := play(t, loopback(t), echo(refusal, func(wire) {}))
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Brand = "shop" }), st)
	first := ask(t, addr, sms(person.Address, "Sale"))
	if d := first.Header.Get("Sendgate-Decision"); d != "forward" {
		t.Fatalf("the first send: %s", d)
	}
	if a := ask(t, addr, sms(person.Address, "Sale")); a.Header.Get("Sendgate-Reason") != "opted-out" {
		t.Errorf("the send after the answer 21610: %s %s", a.Header.Get("Sendgate-Decision"), a.Header.Get("Sendgate-Reason"))
	}
	to := person
	to.Brand = "shop"
	events, err := st.History(to)
	if err != nil || len(events) != 1 || events[0].ID != first.Header.Get("Sendgate-Id")+".0" || events[0].Time.IsZero() {
		t.Errorf("the store learnt %+v, %v", events, err)
	}
}

func TestStoreThatCannotBeAsked(t *testing.T) {
	utility := filter.Utility
	for name, want := range map[string]string{"marketing": "block", "utility": "forward"} {
		t.Run(name, func(t *testing.T) {
			st, err := store.Open(store.Config{Memory: true})
			if err != nil {
				t.Fatal(err)
			}
			base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
			_, addr := start(t, oneRoute(base, func(rc *RouteConfig) {
				rc.FailOpen = []filter.Category{filter.Utility}
				rc.Policy = filter.Config{}
				if name == "utility" {
					rc.Category = &utility
				}
			}), st)
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
			if a := ask(t, addr, sms(person.Address, "Sale")); a.Header.Get("Sendgate-Decision") != want || a.Header.Get("Sendgate-Reason") != "undecided" {
				t.Errorf("decided %s, %s: %s", a.Header.Get("Sendgate-Decision"), a.Header.Get("Sendgate-Reason"), a.body)
			}
		})
	}
}

// A crowd is a provider of requests with several recipients, one a line, which can leave some out.
type crowd struct {
	providers.Provider
	fails bool
}

func (crowd) Parse(req *fasthttp.Request, b *providers.Batch) error {
	for line := range strings.Lines(string(req.Body())) {
		b.Messages = append(b.Messages, filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: strings.TrimSpace(line)}})
	}
	return nil
}

func (c crowd) Rewrite(req *fasthttp.Request, b *providers.Batch) error {
	if c.fails {
		return errors.New("this one cannot be changed")
	}
	var left strings.Builder
	for i, d := range b.Decisions {
		if d.Action != filter.Block {
			left.WriteString(b.Messages[i].To.Address + "\n")
		}
	}
	req.SetBodyString(left.String())
	return nil
}

func TestManyRecipients(t *testing.T) {
	other := filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550101"}
	for name, fails := range map[string]bool{"some are left out": false, "none is sent when the request cannot be changed": true} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			learn(t, st, filter.Event{To: person, Kind: filter.OptedOut, Source: "test"})
			seen := make(chan wire, 1)
			base := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
			g, addr := start(t, oneRoute(base, nil), st)
			rt := g.table.Load().routes["twilio"]
			rt.provider = crowd{rt.provider, fails}
			a := ask(t, addr, post("/twilio/x", "text/plain", person.Address+"\n"+other.Address+"\n"))
			log := entries(t, st)
			if len(log) != 2 {
				t.Fatalf("the decision log has %d entries, want one a message", len(log))
			}
			outcome := map[string]store.Entry{log[0].To.Address: log[0], log[1].To.Address: log[1]}
			if e := outcome[person.Address]; e.Action != filter.Block || e.Reason != filter.HasOptedOut || e.Outcome != "refused" || e.Status != 0 {
				t.Errorf("who opted out: %+v", e)
			}
			e := outcome[other.Address]
			if fails {
				if a.StatusCode != 400 || a.Header.Get("Sendgate-Decision") != "block" || e.Action != filter.Block || len(seen) > 0 {
					t.Errorf("answered %d, %s; the other: %+v", a.StatusCode, a.Header.Get("Sendgate-Decision"), e)
				}
				return
			}
			if a.Header.Get("Sendgate-Decision") != "rewrite" || a.Header.Get("Sendgate-Reason") != "opted-out" || e.Action != filter.Forward || e.Outcome != "answered" {
				t.Errorf("decided %s, %s; the other: %+v", a.Header.Get("Sendgate-Decision"), a.Header.Get("Sendgate-Reason"), e)
			}
			if w := <-seen; w.body != other.Address+"\n" || w.header("Content-Length") != "13" {
				t.Errorf("the upstream received %q", w)
			}
		})
	}
}

// TestNothingPrivateIsLogged looks for addresses, texts and credentials in the program's own log.
func TestNothingPrivateIsLogged(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg := oneRoute("http://"+closedPort(t), func(rc *RouteConfig) { rc.FailOpen = []filter.Category{filter.Utility} })
	cfg.Logger = zap.New(core)
	_, addr := start(t, cfg, st)
	send := strings.Replace(sms(person.Address, "PrivateText"), "Host: gate", "Host: gate\r\nAuthorization: Basic PrivateKey", 1)
	if a := ask(t, addr, send); a.StatusCode != 503 {
		t.Errorf("answered %d", a.StatusCode)
	}
	_ = ask(t, addr, strings.Replace(send, "Content-Length", "Bad PrivateHeader", 1))
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	_ = ask(t, addr, send)
	if logs.Len() < 2 {
		t.Fatalf("only %d lines were logged", logs.Len())
	}
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	for _, e := range logs.All() {
		line, err := enc.EncodeEntry(e.Entry, e.Context)
		if err != nil {
			t.Fatal(err)
		}
		if s := line.String(); strings.Contains(s, "Private") || strings.Contains(s, "4155550100") {
			t.Errorf("logged: %s", s)
		}
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	ln := loopback(t)
	defer ln.Close()
	return ln.Addr().String()
}

func TestJudge(t *testing.T) {
	st := memory(t)
	learn(t, st, filter.Event{To: person, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"})
	g, err := New(Config{Routes: map[string]RouteConfig{"twilio": {}}}, st)
	if err != nil {
		t.Fatal(err)
	}
	m := filter.Message{To: filter.Recipient{Address: person.Address}}
	if d, r, err := g.Judge("twilio", m, time.Time{}); err != nil || d.Action != filter.Forward || len(r.Consents) != 1 {
		t.Errorf("somebody who agreed: %+v, %+v, %v", d, r, err)
	}
	m.To.Brand = "other"
	if d, _, err := g.Judge("twilio", m, time.Time{}); err != nil || d.Reason != filter.NoConsent {
		t.Errorf("as another brand: %+v, %v", d, err)
	}
	if _, _, err := g.Judge("vonage", m, time.Time{}); err == nil || !strings.Contains(err.Error(), `no route "vonage": want one of twilio`) {
		t.Errorf("an unknown route: %v", err)
	}
}
