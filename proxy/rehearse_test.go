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

// Without a sender nobody knows what the pairs of it and its recipients may still send.
func TestPairsAreUnforeseenWithoutASender(t *testing.T) {
	g := newGate(t, twoNumbers("http://127.0.0.1:1", Budgets{Pair: Pair{Every: 6 * time.Second}}), memory(t))
	for from, want := range map[string]string{"": "[budget]", "100": "[]"} {
		if got := fmt.Sprint(g.Unforeseen("sales", &filter.Message{From: from, Text: "Sale"})); got != want {
			t.Errorf("from %q: %s, want %s", from, got, want)
		}
	}
	if got := g.Unforeseen("telex", &filter.Message{}); got != nil {
		t.Errorf("on a route that is not there: %v", got)
	}
}
