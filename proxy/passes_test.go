package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// blockedBy sends text twice, of which the second is blocked for a cap of one message a day, and returns the id of
// that decision.
func blockedBy(t *testing.T, addr, text string) string {
	t.Helper()
	ask(t, addr, sms(person.Address, "First"))
	a := ask(t, addr, sms(person.Address, text))
	expect(t, text, a, 400, "cap-reached")
	return a.Header.Get("Sendgate-Id")
}

// passFor grants a pass for a decision.
func passFor(t *testing.T, st *store.Store, id string, change func(*store.Pass)) store.Pass {
	t.Helper()
	e, ok, err := st.Decisions().Entry(id)
	if err != nil || !ok {
		t.Fatalf("no decision %q: %v", id, err)
	}
	p := store.Pass{To: e.To, Route: e.Route, Category: e.Category, Print: e.Print, Past: e.Reason, Decisions: []string{id}, Reason: "asked for it by phone",
		Actor: "ana", Expires: e.Time.Add(time.Hour)}
	if change != nil {
		change(&p)
	}
	granted, err := st.Grant([]store.Pass{p})
	if err != nil || len(granted) != 1 {
		t.Fatalf("granted %v, %v", granted, err)
	}
	return granted[0]
}

// TestPass: the retry of what was blocked goes through once, and nothing else does. The log has both.
func TestPass(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, oneRoute(base, capped(1)), st)
	id := blockedBy(t, addr, "Sale")
	p := passFor(t, st, id, nil)
	expect(t, "another text", ask(t, addr, sms(person.Address, "Another")), 400, "cap-reached")
	sent := ask(t, addr, sms(person.Address, "Sale"))
	expect(t, "the retry", sent, 200, "allowed")
	expect(t, "another retry", ask(t, addr, sms(person.Address, "Sale")), 400, "cap-reached")
	first, _, _ := st.Decisions().Entry(id)
	e, _, err := st.Decisions().Entry(sent.Header.Get("Sendgate-Id"))
	if err != nil || e.Pass != p.ID || e.Action != filter.Forward || e.Print != (decisions.Print{}) || first.Action != filter.Block || first.Pass != "" {
		t.Errorf("logged %+v and %+v, %v", first, e, err)
	}
	if all := st.PassesOf(id); len(all) != 1 || all[0].UsedBy != e.ID {
		t.Errorf("of the first decision: %+v", all)
	}
	judge, _ := g.Again()
	known := func(filter.Recipient) (filter.Record, error) { return filter.Record{}, nil }
	if d, err := judge(&e, known); err != nil || d.Action != filter.Forward {
		t.Errorf("what a pass let through is judged again as %+v, %v", d, err)
	}
	if d, err := judge(&first, known); err != nil || d.Reason != filter.CapReached {
		t.Errorf("what was blocked is judged again as %+v, %v", d, err)
	}
}

// TestPassDoesNotOutweigh: what nobody may let a message past, and what the reviewer did not see, still blocks.
func TestPassDoesNotOutweigh(t *testing.T) {
	for name, c := range map[string]struct {
		pass   func(*store.Pass)
		then   func(t *testing.T, st *store.Store, p store.Pass)
		reason string
	}{
		"an opt-out since": {nil, func(t *testing.T, st *store.Store, _ store.Pass) {
			learn(t, st, filter.Event{ID: "stop", To: person, Kind: filter.OptedOut, Time: time.Now(), Source: "test"})
		}, "opted-out"},
		"an opt-out of the sender since": {nil, func(t *testing.T, st *store.Store, _ store.Pass) {
			learn(t, st, filter.Event{ID: "stop", To: person, Kind: filter.OptedOut, Time: time.Now(), Source: "test", Scope: filter.OfSender("+15005550006")})
		}, "opted-out"},
		"an erasure since": {nil, func(t *testing.T, st *store.Store, _ store.Pass) {
			if _, err := st.Erase(t.Context(), person, "ana", "asked"); err != nil {
				t.Fatal(err)
			}
		}, "opted-out"},
		"a pause since": {nil, func(t *testing.T, st *store.Store, _ store.Pass) {
			pause(t, st, filter.Target{}, time.Time{})
		}, "suspended"},
		"a revocation": {nil, func(t *testing.T, st *store.Store, p store.Pass) {
			if _, err := st.Revoke(p.ID, "ana", "no"); err != nil {
				t.Fatal(err)
			}
		}, "cap-reached"},
		"that it waits for a second person": {func(p *store.Pass) { p.FourEyes = true }, nil, "cap-reached"},
		"its end":                           {func(p *store.Pass) { p.Expires = time.Now() }, nil, "cap-reached"},
		"that it is past another reason":    {func(p *store.Pass) { p.Past = filter.InQuietHours }, nil, "cap-reached"},
		"that it is for a reason that nobody may let it past": {func(p *store.Pass) { p.Past = filter.HasOptedOut },
			func(t *testing.T, st *store.Store, _ store.Pass) {
				learn(t, st, filter.Event{ID: "stop", To: person, Kind: filter.OptedOut, Time: time.Now(), Source: "test"})
			}, "opted-out"},
	} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
			_, addr := start(t, oneRoute(base, capped(1)), st)
			p := passFor(t, st, blockedBy(t, addr, "Sale"), c.pass)
			if c.then != nil {
				c.then(t, st, p)
			}
			expect(t, "the retry", ask(t, addr, sms(person.Address, "Sale")), 400, c.reason)
		})
	}
}

// TestPassRewrites: what else is to be changed in a message that may pass is changed, and what else stands against it
// blocks it.
func TestPassRewrites(t *testing.T) {
	st := memory(t)
	bodies := make(chan string, 10)
	base := play(t, loopback(t), echo(okAnswer, func(w wire) { bodies <- w.body }))
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) {
		rc.Policy.Footer.Line = "Reply STOP to opt out"
		rc.Policy.Caps.Rows = []filter.Cap{{Most: 1, Within: 24 * time.Hour}}
	}), st)
	passFor(t, st, blockedBy(t, addr, "Sale"), nil)
	<-bodies
	expect(t, "the retry", ask(t, addr, sms(person.Address, "Sale")), 200, "content")
	if body := <-bodies; !strings.Contains(body, "STOP") {
		t.Errorf("sent %q without the line", body)
	}
}

// TestPassOnceOfMany: of many retries at once, one goes through.
func TestPassOnceOfMany(t *testing.T) {
	st := memory(t)
	var sent atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(w wire) {
		if strings.Contains(w.body, "Sale") {
			sent.Add(1)
		}
	}))
	_, addr := start(t, oneRoute(base, capped(1)), st)
	for round := range 10 {
		text := fmt.Sprint("Sale", round)
		passFor(t, st, blockedBy(t, addr, text), nil)
		var group sync.WaitGroup
		for range 8 {
			s := speak(t, addr)
			group.Go(func() { s.write(sms(person.Address, text)); s.hear("POST") })
		}
		if group.Wait(); sent.Load() != int64(round+1) {
			t.Fatalf("%d were sent after %d passes", sent.Load(), round+1)
		}
	}
}

// A pass is for what the recipient would see, on a route, too, that counts nothing and so need not tell messages apart.
func TestPassKnowsTheWholeMessage(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) {
		rc.Category = new(filter.Utility)
		rc.Policy.Require = map[filter.Category]filter.Basis{filter.Utility: filter.Express}
	}), st)
	bill := func(media string) string { return sms(person.Address, "Bill&MediaUrl="+media) }
	a := ask(t, addr, bill("bill.png"))
	expect(t, "the first try", a, 400, "no-consent")
	passFor(t, st, a.Header.Get("Sendgate-Id"), nil)
	expect(t, "another picture", ask(t, addr, bill("sale.png")), 400, "no-consent")
	expect(t, "the same picture", ask(t, addr, bill("bill.png")), 200, "allowed")
}

// TestPassIsGivenBack where surely nothing was sent, and only there.
func TestPassIsGivenBack(t *testing.T) {
	status := func(line string) string {
		return "HTTP/1.1 " + line + "\r\nContent-Length: 2\r\n\r\n{}"
	}
	for name, c := range map[string]struct {
		answer string // of the upstream to the first retry; empty: it breaks the connection
		status int
		again  string
	}{
		"the provider declines it":                        {status("429 Too Many Requests"), 429, "allowed"},
		"the provider fails":                              {status("500 Oh"), 500, "cap-reached"},
		"the connection breaks once the request was read": {"", 424, "cap-reached"},
	} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			var retries atomic.Int64
			base := play(t, loopback(t), func(conn net.Conn) {
				echoEach(conn, func(w wire) string {
					if strings.Contains(w.body, "Sale") && retries.Add(1) == 1 {
						return c.answer
					}
					return okAnswer
				})
			})
			_, addr := start(t, oneRoute(base, capped(1)), st)
			passFor(t, st, blockedBy(t, addr, "Sale"), nil)
			if a := ask(t, addr, sms(person.Address, "Sale")); a.StatusCode != c.status {
				t.Fatalf("told %d, want %d", a.StatusCode, c.status)
			}
			if got := ask(t, addr, sms(person.Address, "Sale")).Header.Get("Sendgate-Reason"); got != c.again {
				t.Errorf("the next is %s, want %s", got, c.again)
			}
		})
	}
}

// TestReportsUseNoPass: where all is sent anyway, a pass stays.
func TestReportsUseNoPass(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	cfg := oneRoute(base, capped(1))
	g, addr := start(t, cfg, st)
	p := passFor(t, st, blockedBy(t, addr, "Sale"), nil)
	rc := cfg.Routes["twilio"]
	rc.Mode = Report
	if err := g.Reload(Config{Routes: map[string]RouteConfig{"twilio": rc}}); err != nil {
		t.Fatal(err)
	}
	a := ask(t, addr, sms(person.Address, "Sale"))
	e, _, _ := st.Decisions().Entry(a.Header.Get("Sendgate-Id"))
	if _, ok := st.PassFor(p.Print, time.Now()); !ok || e.Reason != filter.CapReached || e.Pass != "" || e.Print != (decisions.Print{}) {
		t.Errorf("the pass is there: %v; logged %+v", ok, e)
	}
}

// passMoment has the child of a test hold to a cap of one message a day.
const passMoment = "passes"

// TestPassKilled: the gate is killed while the upstream has what a pass let through. The next try is blocked.
func TestPassKilled(t *testing.T) {
	dir := t.TempDir()
	arrived := make(chan string, 10)
	base := play(t, loopback(t), func(c net.Conn) {
		br := bufio.NewReader(c)
		for {
			w, err := readWire(br)
			if err != nil {
				return
			}
			if arrived <- w.body; strings.Contains(w.body, "Sale") {
				continue // it is never answered
			}
			if _, err := c.Write([]byte(okAnswer)); err != nil {
				return
			}
		}
	})
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	g, ln := newGate(t, oneRoute(base, capped(1)), st), loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ln) }()
	passFor(t, st, blockedBy(t, ln.Addr().String(), "Sale"), nil)
	<-arrived
	if err := errors.Join(g.Shutdown(t.Context()), <-ended, st.Close()); err != nil {
		t.Fatal(err)
	}
	gate, addr := child(t, dir, upstreamVariable+"="+base, momentVariable+"="+passMoment)
	speak(t, addr).write(sms(person.Address, "Sale"))
	if body := <-arrived; !strings.Contains(body, "Sale") {
		t.Fatalf("sent %q", body)
	}
	kill(t, gate)
	_, addr = child(t, dir, upstreamVariable+"="+base, momentVariable+"="+passMoment)
	expect(t, "after the gate was killed", ask(t, addr, sms(person.Address, "Sale")), 400, "cap-reached")
	if len(arrived) > 0 {
		t.Error("it was sent twice")
	}
}
