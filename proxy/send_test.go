package proxy

import (
	"cmp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// person is who the tests write to.
var person = filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550100"}

// entries is the decision log, newest first.
func entries(t *testing.T, st *store.Store) (all []decisions.Entry) {
	t.Helper()
	for e, err := range st.Decisions().Entries(decisions.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// sentBy is how many messages a client sent, by the decision log. Those of one millisecond have no order in it.
func sentBy(t *testing.T, st *store.Store, client string) (n int) {
	t.Helper()
	for _, e := range entries(t, st) {
		if e.Client == client {
			n++
		}
	}
	return n
}

// unsubscribed is Twilio's answer about somebody who unsubscribed.
const unsubscribed = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"code\":21610}"

var optedOut = filter.Event{To: person, Kind: filter.OptedOut, Source: "test"}

var sendCases = []struct {
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
	{name: "the recipient opted out", known: []filter.Event{optedOut}, request: sms(person.Address, "Sale"), status: 400,
		decision: "block", reason: "opted-out", logged: filter.Block, enforced: true, outcome: "refused"},
	{name: "the recipient opted out of every brand", known: []filter.Event{{To: person.Everywhere(), Kind: filter.OptedOut, Source: "test"}},
		request: sms(person.Address, "Sale"), status: 400, decision: "block", reason: "opted-out", logged: filter.Block, enforced: true, outcome: "refused"},
	{name: "the recipient opted out of another brand", route: func(rc *RouteConfig) { rc.Brand = "other" }, known: []filter.Event{optedOut},
		request: sms(person.Address, "Sale"), status: 200, decision: "forward", reason: "allowed", arrives: true, logged: filter.Forward, enforced: true, outcome: "answered"},
	{name: "a report forwards what it would have blocked", route: func(rc *RouteConfig) { rc.Mode = Report }, known: []filter.Event{optedOut},
		request: sms(person.Address, "Sale"), status: 200, decision: "forward", reason: "opted-out", arrives: true, logged: filter.Block, outcome: "answered"},
	{name: "a report forwards what it would have rewritten as it is",
		route:   func(rc *RouteConfig) { rc.Mode, rc.Policy.Footer.Line = Report, "Reply STOP to opt out" },
		request: sms(person.Address, "Sale"), status: 200, decision: "forward", reason: "content", arrives: true,
		body: "To=%2B14155550100&From=%2B15005550006&Body=Sale", logged: filter.Rewrite, outcome: "answered"},
	{name: "a report forwards what cannot be read", route: func(rc *RouteConfig) { rc.Mode = Report },
		request: post("/twilio"+messages, "application/x-www-form-urlencoded", "To=1&To=2"), status: 200, decision: "forward", reason: "unreadable",
		arrives: true, logged: filter.Block, outcome: "answered"},
	{name: "an open route asks nobody", route: func(rc *RouteConfig) { rc.Mode = Open }, known: []filter.Event{optedOut},
		request: sms(person.Address, "Sale"), status: 200, arrives: true, withholds: true},
	{name: "what cannot be read is not sent", request: post("/twilio"+messages, "application/x-www-form-urlencoded", "To=1&To=2"),
		status: 400, decision: "block", reason: "unreadable", logged: filter.Block, enforced: true, outcome: "refused"},
	{name: "the wrong content type for a send", request: post("/twilio"+messages, "image/png", "To=%2B14155550100&Body=x"),
		status: 400, decision: "block", reason: "unreadable", logged: filter.Block, enforced: true, outcome: "refused"},
	{name: "a call that sends nothing", request: "GET /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\n\r\n", status: 200, arrives: true, withholds: true},
	{name: "an unknown path is refused", request: post("/twilio/v1/Else", "text/plain", "hello"), status: 404, withholds: true},
	{name: "an unknown path passes where the route says so", route: func(rc *RouteConfig) { rc.UnknownPaths = "pass" },
		request: post("/twilio/v1/Else", "text/plain", "hello"), status: 200, arrives: true, withholds: true},
	{name: "and where it only reports", route: func(rc *RouteConfig) { rc.Mode = Report },
		request: post("/twilio/v1/Else", "text/plain", "hello"), status: 200, arrives: true, withholds: true},
	{name: "a footer is added", route: func(rc *RouteConfig) { rc.Policy.Footer.Line = "Reply STOP to opt out" },
		request: sms(person.Address, "Sale"), status: 200, decision: "rewrite", reason: "content", arrives: true,
		body: "To=%2B14155550100&From=%2B15005550006&Body=Sale%0AReply%20STOP%20to%20opt%20out", logged: filter.Rewrite, enforced: true, outcome: "answered"},
	{name: "the upstream's own refusal passes", answer: unsubscribed, request: sms(person.Address, "Sale"), status: 400, decision: "forward",
		reason: "allowed", arrives: true, logged: filter.Forward, enforced: true, outcome: "answered"},
}

func TestSend(t *testing.T) {
	for _, c := range sendCases {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			learn(t, st, c.known...)
			c.answer = cmp.Or(c.answer, okAnswer)
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
	st := memory(t)
	base := play(t, loopback(t), echo(unsubscribed, func(wire) {}))
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

// TestSignedTextWithoutItsLine: a body that Twilio's client validation signs cannot be changed. What is
// told of it is true of a short text, too.
func TestSignedTextWithoutItsLine(t *testing.T) {
	_, addr := start(t, oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) { rc.Policy.Footer.Line = "Reply STOP to opt out" }), memory(t))
	a := ask(t, addr, keyed(sms(person.Address, "Sale"), "Twilio-Client-Validation: eyJ0eXAi"))
	if a.StatusCode != 400 || a.Header.Get("Sendgate-Reason") != "content" || !strings.Contains(a.body, `"code":63021,`) || strings.Contains(a.body, "1600") {
		t.Errorf("answered %s %s", a.Status, a.body)
	}
}
