package proxy

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// from is a send to a recipient whose form names these senders.
func from(to, senders string) string {
	return post("/twilio"+messages, "application/x-www-form-urlencoded", "To="+strings.ReplaceAll(to, "+", "%2B")+"&"+senders+"&ContentSid=HX1")
}

const (
	fromNumber  = "From=%2B15005550006"
	fromService = "MessagingServiceSid=MG01"
	fromBoth    = fromNumber + "&" + fromService
	fromOther   = "From=%2B15005550007&" + fromService
)

// TestPauseOfAService: what is paused for a messaging service does not go out because a number of its
// pool stands beside it, and a replay comes to the same.
func TestPauseOfAService(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, oneRoute(base, nil), st)
	pause(t, st, filter.Target{Sender: "MG01"}, time.Time{})
	for senders, want := range map[string]string{fromNumber: "allowed", fromService: "suspended", fromBoth: "suspended", fromOther: "suspended"} {
		if got := ask(t, addr, from(person.Address, senders)).Header.Get("Sendgate-Reason"); got != want {
			t.Errorf("%s: %s, want %s", senders, got, want)
		}
	}
	known := func(filter.Recipient) (filter.Record, error) { return filter.Record{}, nil }
	for _, e := range entries(t, st) {
		judge, _ := g.Again()
		if d, err := judge(&e, known); err != nil || d.Reason != e.Reason || e.Service != "" && e.Service != "MG01" {
			t.Errorf("of %+v a replay makes %+v, %v", e, d, err)
		}
	}
}

// TestStopOfAService: who wrote STOP, wrote it to the number and to its service, where STOP covers a sender.
func TestStopOfAService(t *testing.T) {
	var told atomic.Bool
	base := play(t, loopback(t), func(c net.Conn) {
		echoEach(c, func(wire) string {
			if told.Swap(true) {
				return okAnswer
			}
			return unsubscribed
		})
	})
	cfg := oneRoute(base, func(rc *RouteConfig) { rc.Brand = "shop" })
	cfg.Brands = shops
	st := memory(t)
	_, addr := start(t, cfg, st)
	ask(t, addr, from(person.Address, fromBoth))
	for _, c := range []struct{ senders, want string }{
		{fromNumber, "opted-out"}, {fromService, "opted-out"}, {fromOther, "opted-out"}, {"From=%2B15005550007", "allowed"},
	} {
		if got := ask(t, addr, from(person.Address, c.senders)).Header.Get("Sendgate-Reason"); got != c.want {
			t.Errorf("%s: %s, want %s", c.senders, got, c.want)
		}
	}
	if events, err := st.History(filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: person.Address}); err != nil || len(events) != 2 {
		t.Errorf("the history is %+v, %v", events, err)
	}
}

// TestBreakerOfAService: refusals count for both senders.
func TestBreakerOfAService(t *testing.T) {
	f := blow(t, "")
	rt := f.g.table.Load().routes["twilio"]
	for range 4 {
		f.g.observe(rt, &filter.Message{To: person, From: "+15005550007", Service: "MG01"}, 21610, f.now())
	}
	if all := f.store.Switches().InForce(); len(all) != 2 || all[0].On.Sender != "+15005550007" || all[1].On.Sender != "MG01" {
		t.Errorf("in force: %+v", all)
	}
	for senders, want := range map[string]string{fromNumber: "allowed", fromService: "suspended", fromBoth: "suspended"} {
		f.want(senders, ask(t, f.addr, from(person.Address, senders)).Header.Get("Sendgate-Reason"), want)
	}
}

// TestPairOfAService: what one of two senders may not send to a person any more, the other does not send.
func TestPairOfAService(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	st := memory(t)
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Budgets = Budgets{Pair: Pair{Every: time.Minute, Burst: 2}} }), st)
	const ana, eve = "whatsapp:+14155550101", "whatsapp:+14155550102"
	for i, c := range []struct{ to, senders, want string }{
		{ana, fromService, "allowed"},
		{ana, fromBoth, "allowed"},
		{ana, fromBoth, "over-budget"},
		{ana, fromService, "over-budget"},
		{ana, fromNumber, "allowed"},
		{ana, fromNumber, "over-budget"},
		{eve, fromNumber, "allowed"},
		{eve, fromNumber, "allowed"},
		{eve, fromBoth, "over-budget"},
		{eve, fromService, "allowed"}, // what was refused took nothing of the service
		{eve, fromService, "allowed"},
	} {
		if got := ask(t, addr, from(c.to, c.senders)).Header.Get("Sendgate-Reason"); got != c.want {
			t.Errorf("message %d: %s, want %s", i+1, got, c.want)
		}
	}
	for e, err := range st.Decisions().Entries(decisions.Query{Reason: new(filter.OverBudget)}) {
		if err != nil || e.Until.IsZero() {
			t.Errorf("logged as %+v, %v", e, err)
		}
	}
}
