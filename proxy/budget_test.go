package proxy

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// template is a send through a WhatsApp route, from one of its numbers.
func template(route, from, to string) string {
	return post("/"+route+"/v23.0/"+from+"/messages", "application/json",
		`{"messaging_product":"whatsapp","to":"`+to+`","type":"template","template":{"name":"sale","language":{"code":"en"}}}`)
}

// twoNumbers are two routes whose numbers belong to one portfolio.
func twoNumbers(upstream string, b Budgets) Config {
	route := RouteConfig{Provider: "whatsapp", Upstream: upstream, Policy: anyone, Budgets: b}
	return Config{Routes: map[string]RouteConfig{"sales": route, "care": route}}
}

func TestPortfolioBudget(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, twoNumbers(base, Budgets{Portfolio: "acme", Unique: 2}), st)
	eve := filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: "+14155550105"}
	learn(t, st, filter.Event{ID: "in", To: eve, Kind: filter.Wrote, Time: time.Now().Add(-time.Hour), Source: "test"})

	expect(t, "the first person", ask(t, addr, template("sales", "100", "+14155550101")), 200, "allowed")
	expect(t, "the second, from another number", ask(t, addr, template("care", "200", "+14155550102")), 200, "allowed")
	expect(t, "the first again", ask(t, addr, template("care", "200", "+14155550101")), 200, "allowed")
	a := ask(t, addr, template("sales", "100", "+14155550103"))
	expect(t, "a third", a, 400, "over-budget")
	if until, err := time.Parse(time.RFC3339, a.Header.Get("Sendgate-Until")); err != nil || time.Until(until) < 23*time.Hour || time.Until(until) > 24*time.Hour {
		t.Errorf("a third person may be written to from %q on", a.Header.Get("Sendgate-Until"))
	}
	expect(t, "who wrote an hour ago", ask(t, addr, template("sales", "100", eve.Address)), 200, "allowed")
	u := g.Portfolios()
	if len(u) != 1 || u[0].Portfolio != "acme" || u[0].Used != 2 || u[0].Left != 0 || u[0].Unique != 2 || time.Until(u[0].Next) > 24*time.Hour {
		t.Errorf("the portfolio is told as %+v", u)
	}
	d, _, err := g.Judge("sales", filter.Message{To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: "+14155550103"}, Template: "sale"}, time.Time{})
	if err != nil || d.Reason != filter.OverBudget || d.Rule != "budget" || !strings.Contains(d.Why, "2 of 2 people of the portfolio acme within 24h") {
		t.Errorf("explained as %+v, %v", d, err)
	}
	for e, err := range st.Decisions().Entries(decisions.Query{Reason: new(filter.OverBudget)}) {
		if d, _, err := g.Recall(&e); err != nil || d.Reason != filter.OverBudget || !d.Until.Equal(e.Until) || !strings.Contains(d.Why, "budgets of this route") {
			t.Errorf("recalled as %+v, %v", d, err)
		}
		if err != nil || e.Rule != "budget" || e.Until.IsZero() {
			t.Errorf("logged as %+v, %v", e, err)
		}
	}
}

// Many who ask for the last places at once share them.
func TestPortfolioBudgetRace(t *testing.T) {
	const unique, senders = 30, 32
	var sent atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(wire) { sent.Add(1) }))
	_, addr := start(t, twoNumbers(base, Budgets{Portfolio: "acme", Unique: unique}), memory(t))
	var group sync.WaitGroup
	for sender := range senders {
		s := speak(t, addr)
		group.Go(func() {
			for n := range 5 {
				s.write(template([]string{"sales", "care"}[n%2], "100", "+1415555"+string(rune('1'+sender/8))+string(rune('0'+sender%8))+"0"+string(rune('0'+n))))
				if a := s.hear("POST"); a.StatusCode != 200 && a.Header.Get("Sendgate-Reason") != "over-budget" {
					t.Errorf("told %d %v", a.StatusCode, a.Header)
				}
			}
		})
	}
	group.Wait()
	if got := sent.Load(); got != unique {
		t.Errorf("%d people got a message, want %d", got, unique)
	}
}

func TestPairBudget(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	_, addr := start(t, twoNumbers(base, Budgets{Pair: Pair{Every: 6 * time.Second, Burst: 3}}), memory(t))
	for range 3 {
		expect(t, "a burst", ask(t, addr, template("sales", "100", "+14155550101")), 200, "allowed")
	}
	a := ask(t, addr, template("sales", "100", "+14155550101"))
	expect(t, "one more", a, 400, "over-budget")
	if until, err := time.Parse(time.RFC3339, a.Header.Get("Sendgate-Until")); err != nil || time.Until(until) > 18*time.Second {
		t.Errorf("one more would pass from %q on", a.Header.Get("Sendgate-Until"))
	}
	expect(t, "from another number", ask(t, addr, template("care", "200", "+14155550101")), 200, "allowed")
	expect(t, "to another person", ask(t, addr, template("sales", "100", "+14155550102")), 200, "allowed")
}

func TestBudgetsAreAboutWhatsAppAlone(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Budgets = Budgets{Portfolio: "acme", Unique: 1} }), memory(t))
	for _, to := range []string{"+14155550101", "+14155550102"} {
		expect(t, "an SMS", ask(t, addr, sms(to, "Sale")), 200, "allowed")
	}
	whatsApp := func(to string) string {
		return strings.Replace(strings.Replace(sms(to, "Sale"), "To=%2B", "To=whatsapp:%2B", 1), "Body=Sale", "ContentSid=HX1", 1)
	}
	for i, want := range []string{"allowed", "over-budget"} {
		a := ask(t, addr, resize(whatsApp("+1415555010"+string(rune('1'+i)))))
		if got := a.Header.Get("Sendgate-Reason"); got != want {
			t.Errorf("WhatsApp message %d through Twilio: %s, want %s: %s", i+1, got, want, a.body)
		}
	}
}

// resize corrects the length that a changed request tells.
func resize(request string) string {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	target := strings.Fields(head)[1]
	return post(target, "application/x-www-form-urlencoded", body)
}

// Whoever asks about a later moment finds room then, and takes none away from today.
func TestAskingKeepsTheBudget(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	next := filter.Message{To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: "+14155550102"}, Template: "sale"}
	for name, ask := range map[string]func(*Gate, time.Time) error{
		"a list is rehearsed for the day after tomorrow": func(g *Gate, at time.Time) error {
			judge, _, err := g.Rehearse("sales", "", at, nil)
			if err == nil {
				m := next
				var d filter.Decision
				if d, _, err = judge(&m, filter.All, filter.All); d.Action == filter.Block {
					t.Errorf("then it is %+v", d)
				}
			}
			return err
		},
		"a decision of the day after tomorrow is explained": func(g *Gate, at time.Time) error {
			d, _, err := g.Judge("sales", next, at)
			if d.Action == filter.Block {
				t.Errorf("then it is %+v", d)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, addr := start(t, twoNumbers(base, Budgets{Portfolio: "acme", Unique: 1}), memory(t))
			expect(t, "the first person", askOf(t, addr, "+14155550101"), 200, "allowed")
			if err := ask(g, time.Now().Add(49*time.Hour)); err != nil {
				t.Fatal(err)
			}
			expect(t, "another person", askOf(t, addr, next.To.Address), 400, "over-budget")
			if u := g.Portfolios(); u[0].Used != 1 {
				t.Errorf("the portfolio is told as %+v", u)
			}
		})
	}
}

// askOf sends to a person from the sales number.
func askOf(t *testing.T, addr, to string) told {
	t.Helper()
	return ask(t, addr, template("sales", "100", to))
}

// What a draft says of a portfolio is as of now, and is said of nothing that the store keeps.
func TestDraftLooksAtPortfolios(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, twoNumbers(base, Budgets{Portfolio: "acme", Unique: 2}), st)
	expect(t, "the first person", ask(t, addr, template("sales", "100", "+14155550101")), 200, "allowed")
	cfg := twoNumbers(base, Budgets{Portfolio: "acme", Unique: 1, Within: 744 * time.Hour})
	cfg.Draft = true
	draft := newGate(t, cfg, st)
	expect(t, "the second", ask(t, addr, template("sales", "100", "+14155550102")), 200, "allowed")
	m := filter.Message{To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: "+14155550103"}, Template: "sale"}
	if d, _, err := draft.Judge("sales", m, time.Time{}); err != nil || d.Reason != filter.OverBudget {
		t.Errorf("the draft judges %+v, %v", d, err)
	}
	if u := draft.Portfolios(); len(u) != 1 || u[0].Used != 1 {
		t.Errorf("when the draft was made the portfolio was %+v", u)
	}
	if u := g.Portfolios(); len(u) != 1 || u[0].Used != 2 {
		t.Errorf("the portfolio of the gate that serves is %+v", u)
	}
}
