package proxy

import (
	"fmt"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A foretold is a row of a list, with what was said of it.
type foretold struct {
	to   filter.Recipient
	said filter.Decision
}

// rehearse judges a list of one template, sent from a number, as it is sent.
func rehearse(t *testing.T, g *Gate, rows []foretold) {
	t.Helper()
	judge, _, err := g.Rehearse("sales", "", time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		m := filter.Message{To: rows[i].to, From: "100", Template: "sale"}
		var bad error
		if rows[i].said, bad, err = judge(&m, filter.All, filter.All); bad != nil || err != nil {
			t.Fatal(bad, err)
		}
	}
}

// What a row of a list takes up of a budget is gone for the rows below it, as when the list is sent; and
// the rehearsal takes none of it.
func TestListUsesUpBudgets(t *testing.T) {
	person := func(n int) filter.Recipient {
		return filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: fmt.Sprintf("+1415555%04d", n)}
	}
	cases := []struct {
		name    string
		budgets Budgets
		mode    Mode
		row     func(i int) int // whom row i is to
		over    int             // rows
	}{
		{"1,000 people of whom 300 may be written to, and one wrote", Budgets{Portfolio: "acme", Unique: 300}, Enforce, func(i int) int { return i }, 699},
		{"200 people again and again", Budgets{Portfolio: "acme", Unique: 300}, Enforce, func(i int) int { return i % 200 }, 0},
		{"500 people twice, who may get one message", Budgets{Pair: Pair{Every: time.Hour, Burst: 1}}, Enforce, func(i int) int { return i % 500 }, 500},
		{"500 people twice, who may get two", Budgets{Pair: Pair{Every: time.Hour, Burst: 2}}, Enforce, func(i int) int { return i % 500 }, 0},
		{"both limits", Budgets{Portfolio: "acme", Unique: 300, Pair: Pair{Every: time.Hour, Burst: 1}}, Enforce, func(i int) int { return i % 500 }, 699},
		{"both, on a route that only reports", Budgets{Portfolio: "acme", Unique: 300, Pair: Pair{Every: time.Hour, Burst: 1}}, Report, func(i int) int { return i % 500 }, 699},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := twoNumbers(play(t, loopback(t), echo(okAnswer, func(wire) {})), c.budgets)
			for name, rt := range cfg.Routes {
				rt.Mode = c.mode
				cfg.Routes[name] = rt
			}
			st := memory(t)
			g, addr := start(t, cfg, st)
			learn(t, st, filter.Event{ID: "in", To: person(400), Kind: filter.Wrote, Time: time.Now().Add(-time.Hour), Source: "test"})
			rows, again := make([]foretold, 1000), make([]foretold, 1000)
			for i := range rows {
				rows[i].to = person(c.row(i))
			}
			copy(again, rows)
			rehearse(t, g, rows)
			rehearse(t, g, again)
			s, over := speak(t, addr), 0
			for i, row := range rows {
				if row.said.Action != again[i].said.Action || row.said.Reason != again[i].said.Reason {
					t.Fatalf("row %d was %+v, and rehearsed once more it is %+v", i, row.said, again[i].said)
				}
				s.write(template("sales", "100", row.to.Address))
				a := s.hear("POST")
				until, _ := time.Parse(time.RFC3339, a.Header.Get("Sendgate-Until"))
				if reason := a.Header.Get("Sendgate-Reason"); row.said.Reason.String() != reason || row.said.Until.Sub(until).Abs() > time.Minute {
					t.Fatalf("row %d was to be %+v, and is %s until %s", i, row.said, reason, until)
				}
				if row.said.Reason == filter.OverBudget {
					over++
				}
			}
			if over != c.over {
				t.Errorf("%d rows are over budget, want %d", over, c.over)
			}
		})
	}
}

// A roster is as large as its list, and not as what it says.
func BenchmarkRoster(b *testing.B) {
	l := newRoster()
	var r filter.Record
	m := filter.Message{To: filter.Recipient{Brand: "acme", Channel: filter.SMS}, Topic: "offers", Text: "Sale until Sunday"}
	b.ReportAllocs()
	for i := range b.N {
		m.To.Address = fmt.Sprintf("+1%010d", i)
		r.Tally = r.Tally[:0]
		l.read(&m, &r)
		l.add(&m, time.UnixMilli(int64(i)))
	}
}

// A list that says its Messaging Service twice, as Twilio takes it, is judged as the request is.
func TestListSaysItsServiceTwice(t *testing.T) {
	const mg = "MG00000000000000000000000000000001"
	cfg, now := night(play(t, loopback(t), echo(okAnswer, func(wire) {})), func(rc *RouteConfig) {
		rc.Policy.QuietHours = filter.QuietHours{}
		rc.Policy.Require = anyone.Require
		rc.Budgets = Budgets{Pair: Pair{Every: time.Hour, Burst: 2}}
	})
	cfg.Now = func() time.Time { return now }
	g, addr := start(t, cfg, nightly(t, cfg.Now))
	judge, _, err := g.Rehearse("twilio", "", now, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		m := filter.Message{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+12125550100"}, From: mg, Service: mg, Template: "HX1"}
		d, bad, err := judge(&m, filter.All, filter.All)
		if bad != nil || err != nil {
			t.Fatal(bad, err)
		}
		a := ask(t, addr, post("/twilio"+messages, "application/x-www-form-urlencoded", "To=whatsapp%3A%2B12125550100&From="+mg+"&MessagingServiceSid="+mg+"&ContentSid=HX1"))
		if did := a.Header.Get("Sendgate-Decision"); d.Action.String() != did {
			t.Errorf("message %d: said %s %s, did %s %s", n, d.Action, d.Reason, did, a.Header.Get("Sendgate-Reason"))
		}
	}
}

// Without a sender nobody knows what the rules that go by it would do; without a text or a template, whether a
// window matters.
func TestWhatTheSenderDecidesIsUnforeseen(t *testing.T) {
	const mg = "MG00000000000000000000000000000001"
	none := func(*RouteConfig) {}
	for name, c := range map[string]struct {
		set     func(*RouteConfig)
		on      filter.Target // of a pause, where it has a sender
		m       filter.Message
		without string
		with    string
	}{
		"nothing goes by it":                      {set: func(rc *RouteConfig) { rc.Policy.QuietHours = filter.QuietHours{} }, m: filter.Message{Text: "Sale"}, without: "[]", with: "[]"},
		"quiet hours that move to open ones":      {set: none, m: filter.Message{Text: "Sale"}, without: "[quiet-hours]", with: "[]"},
		"quiet hours that move nothing":           {set: func(rc *RouteConfig) { rc.Policy.QuietHours.Reschedule = false }, m: filter.Message{Text: "Sale"}, without: "[]", with: "[]"},
		"quiet hours, where no sender's can move": {set: func(rc *RouteConfig) { rc.Provider = "whatsapp" }, m: filter.Message{Text: "Sale"}, without: "[]", with: "[]"},
		"stops by sender":                         {set: func(rc *RouteConfig) { rc.Policy.QuietHours, rc.Stop = filter.QuietHours{}, new(filter.StopSender) }, m: filter.Message{Text: "Sale"}, without: "[opt-out]", with: "[]"},
		"a pause of a sender":                     {set: func(rc *RouteConfig) { rc.Policy.QuietHours = filter.QuietHours{} }, on: filter.Target{Sender: mg}, m: filter.Message{Text: "Sale"}, without: "[switch]", with: "[]"},
		"a pause of another brand's sender":       {set: func(rc *RouteConfig) { rc.Policy.QuietHours = filter.QuietHours{} }, on: filter.Target{Brand: "acme", Sender: mg}, m: filter.Message{Text: "Sale"}, without: "[]", with: "[]"},
		"a category by sender":                    {set: labelled(filter.OfCategory(filter.Utility)), m: filter.Message{Text: "Sale"}, without: "[category]", with: "[]"},
		"a topic by sender":                       {set: labelled(filter.OfTopic("offers")), m: filter.Message{Text: "Sale"}, without: "[category topic]", with: "[]"},
		"pairs": {set: func(rc *RouteConfig) {
			rc.Policy.QuietHours, rc.Budgets.Pair = filter.QuietHours{}, Pair{Every: time.Second}
		}, m: filter.Message{Text: "Sale"}, without: "[budget]", with: "[]"},
		"WhatsApp, and neither a text nor a template": {set: func(rc *RouteConfig) { rc.Provider = "whatsapp" }, without: "[window]", with: "[window]"},
		"WhatsApp on a route that mostly carries SMS": {set: func(rc *RouteConfig) { rc.Policy.QuietHours = filter.QuietHours{} }, m: filter.Message{To: filter.Recipient{Channel: filter.WhatsApp}}, without: "[window]", with: "[window]"},
		"WhatsApp, and a template":                    {set: func(rc *RouteConfig) { rc.Provider = "whatsapp" }, m: filter.Message{Template: "sale"}, without: "[]", with: "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := night("http://127.0.0.1:1", c.set)
			cfg.Brands = map[string]filter.Brand{"default": {Topics: map[string]filter.Category{"offers": filter.Marketing}}}
			st := memory(t)
			if c.on.Sender != "" {
				pause(t, st, c.on, time.Time{})
			}
			g := newGate(t, cfg, st)
			for from, want := range map[string]string{"": c.without, mg: c.with} {
				c.m.From = from
				if got := fmt.Sprint(g.Unforeseen("twilio", &c.m)); got != want {
					t.Errorf("from %q: %s, want %s", from, got, want)
				}
			}
			if got := g.Unforeseen("telex", &filter.Message{}); got != nil {
				t.Errorf("on a route that is not there: %v", got)
			}
		})
	}
}

// labelled is a route without quiet hours that labels what a Messaging Service sends.
func labelled(s filter.Scope) func(*RouteConfig) {
	return func(rc *RouteConfig) {
		rc.Policy.QuietHours = filter.QuietHours{}
		rc.Senders = map[string]filter.Scope{"MG00000000000000000000000000000001": s}
	}
}
