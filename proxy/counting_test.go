package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/tally"
)

// capped lets everybody have so many messages a day.
func capped(most int) func(*RouteConfig) {
	return func(rc *RouteConfig) {
		rc.Policy.Caps.Rows = []filter.Cap{{Most: most, Within: 24 * time.Hour}}
	}
}

// unrepeated lets nobody have the same message twice within an hour.
func unrepeated(rc *RouteConfig) { rc.Policy.Duplicates.Within = time.Hour }

// expect compares what a client was told.
func expect(t *testing.T, what string, a told, status int, reason string) {
	t.Helper()
	if a.StatusCode != status || a.Header.Get("Sendgate-Reason") != reason {
		t.Errorf("%s: told %d for the reason %q, want %d for %q", what, a.StatusCode, a.Header.Get("Sendgate-Reason"), status, reason)
	}
}

// TestCapRace has 64 clients write to few recipients at once, through an upstream that sometimes cannot be
// reached. The upstream never gets more than the cap for anyone, and gets all of it in the end.
func TestCapRace(t *testing.T) {
	const clients, people, most, tries = 64, 3, 20, 12
	st := memory(t)
	var sent [people]atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(w wire) {
		for n := range people {
			if strings.Contains(w.body, "To=%2B1415555010"+string(rune('0'+n))) {
				sent[n].Add(1)
			}
		}
	}))
	_, addr := start(t, oneRoute(base, capped(most)), st)
	to := func(n int) string { return "+1415555010" + string(rune('0'+n)) }
	var group sync.WaitGroup
	for client := range clients {
		s := speak(t, addr)
		group.Go(func() {
			for try := range tries {
				s.write(sms(to((client+try)%people), "Sale"))
				switch a := s.hear("POST"); a.Header.Get("Sendgate-Reason") {
				case "allowed":
				case "cap-reached":
					if a.StatusCode != 400 || a.Header.Get("Sendgate-Until") == "" {
						t.Errorf("told %d until %q", a.StatusCode, a.Header.Get("Sendgate-Until"))
					}
				default:
					t.Errorf("told %d, %v", a.StatusCode, a.Header)
				}
			}
		})
	}
	group.Wait()
	for n := range people {
		if got := sent[n].Load(); got != most {
			t.Errorf("recipient %d got %d messages, want %d", n, got, most)
		}
	}
}

func TestWhatWasNotSentDoesNotCount(t *testing.T) {
	const limited = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}"
	for name, c := range map[string]struct {
		upstream func(t *testing.T) string
		status   int
		again    string // why the next is what it is
	}{
		"nobody listens": {func(t *testing.T) string {
			ln := loopback(t)
			defer ln.Close()
			return "http://" + ln.Addr().String()
		}, 503, "allowed"},
		"the provider says that it sends too much": {func(t *testing.T) string { return play(t, loopback(t), echo(limited, func(wire) {})) }, 429, "allowed"},
		"the provider fails": {func(t *testing.T) string {
			return play(t, loopback(t), echo(strings.Replace(limited, "429 Too Many Requests", "500 Oh", 1), func(wire) {}))
		}, 500, "cap-reached"},
		"the connection breaks once the request was read": {func(t *testing.T) string {
			return play(t, loopback(t), func(c net.Conn) { _, _ = readWire(bufio.NewReader(c)) })
		}, 424, "cap-reached"},
		"the provider takes it": {func(t *testing.T) string { return play(t, loopback(t), echo(okAnswer, func(wire) {})) }, 200, "cap-reached"},
	} {
		t.Run(name, func(t *testing.T) {
			_, addr := start(t, oneRoute(c.upstream(t), capped(1)), memory(t))
			if a := ask(t, addr, sms("+14155550100", "Sale")); a.StatusCode != c.status {
				t.Fatalf("told %d, want %d", a.StatusCode, c.status)
			}
			a := ask(t, addr, sms("+14155550100", "Sale"))
			if got := a.Header.Get("Sendgate-Reason"); got != c.again {
				t.Errorf("the next is %s, want %s", got, c.again)
			}
		})
	}
}

func TestBlockedMessagesDoNotCount(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	_, addr := start(t, oneRoute(base, capped(1)), st)
	ana := filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550100"}
	learn(t, st, filter.Event{ID: "stop", To: ana, Kind: filter.OptedOut, Time: time.Now().Add(-time.Hour), Source: "test"})
	expect(t, "while opted out", ask(t, addr, sms(ana.Address, "Sale")), 400, "opted-out")
	learn(t, st, filter.Event{ID: "start", To: ana, Kind: filter.OptedIn, Basis: filter.Express, Time: time.Now(), Source: "test"})
	expect(t, "once opted in", ask(t, addr, sms(ana.Address, "Sale")), 200, "allowed")
	expect(t, "the next", ask(t, addr, sms(ana.Address, "Sale")), 400, "cap-reached")
	expect(t, "to somebody else", ask(t, addr, sms("+14155550101", "Sale")), 200, "allowed")
}

// In report mode everything is sent, so everything counts, whatever was decided about it.
func TestReportsCountWhatIsSent(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	report := oneRoute(base, func(rc *RouteConfig) { capped(2)(rc); rc.Mode = Report })
	g, addr := start(t, report, st)
	for i, want := range []string{"allowed", "allowed", "cap-reached", "cap-reached"} {
		expect(t, "message "+string(rune('1'+i)), ask(t, addr, sms("+14155550100", "Sale")), 200, want)
	}
	enforce := oneRoute(base, capped(4))
	if err := g.Reload(enforce); err != nil {
		t.Fatal(err)
	}
	expect(t, "the fifth of four", ask(t, addr, sms("+14155550100", "Sale")), 400, "cap-reached")
	open := oneRoute(base, func(rc *RouteConfig) { capped(5)(rc); rc.Mode = Open })
	if err := g.Reload(open); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ask(t, addr, sms("+14155550100", "Sale"))
	}
	if err := g.Reload(oneRoute(base, capped(5))); err != nil {
		t.Fatal(err)
	}
	expect(t, "the fifth of five, after some that nobody looked at", ask(t, addr, sms("+14155550100", "Sale")), 200, "allowed")
}

// A repeat is a duplicate also while the first is on its way, and is none once that surely was not sent.
func TestRepeatsAreDuplicates(t *testing.T) {
	arrived, answer := make(chan bool), make(chan string)
	base := play(t, loopback(t), func(c net.Conn) {
		br := bufio.NewReader(c)
		for {
			if _, err := readWire(br); err != nil {
				return
			}
			arrived <- true
			if _, err := io.WriteString(c, <-answer); err != nil {
				return
			}
		}
	})
	_, addr := start(t, oneRoute(base, unrepeated), memory(t))
	first := speak(t, addr)
	first.write(sms("+14155550100", "Sale"))
	<-arrived
	a := ask(t, addr, sms("+14155550100", "Sale"))
	expect(t, "a repeat of what is on its way", a, 400, "duplicate")
	if until, err := time.Parse(time.RFC3339, a.Header.Get("Sendgate-Until")); err != nil || time.Until(until) < 58*time.Minute || time.Until(until) > time.Hour {
		t.Errorf("it would pass from %q on", a.Header.Get("Sendgate-Until"))
	}
	answer <- "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
	expect(t, "the first, which the provider refuses", first.hear("POST"), 400, "allowed")
	first.write(sms("+14155550100", "Sale"))
	<-arrived
	answer <- okAnswer
	expect(t, "the repeat of what was not sent", first.hear("POST"), 200, "allowed")
	expect(t, "and its repeat", ask(t, addr, sms("+14155550100", "Sale")), 400, "duplicate")
	go func() { <-arrived; answer <- okAnswer }()
	expect(t, "another text", ask(t, addr, sms("+14155550100", "Sales")), 200, "allowed")
	go func() { <-arrived; answer <- okAnswer }()
	expect(t, "the same text to another", ask(t, addr, sms("+14155550101", "Sale")), 200, "allowed")
	go func() { <-arrived; answer <- okAnswer }()
	expect(t, "the same text with a picture", ask(t, addr, sms("+14155550100", "Sale&MediaUrl=https://a.example/1")), 200, "allowed")
	expect(t, "and with that picture again", ask(t, addr, sms("+14155550100", "Sale&MediaUrl=https://a.example/1")), 400, "duplicate")
}

// What cannot be counted is not sent: a full tally closes marketing, and opens what the route opens.
func TestWhatCannotBeCountedIsUndecided(t *testing.T) {
	st, err := store.Open(store.Config{Memory: true, Tally: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, oneRoute(base, capped(9)), st)
	expect(t, "the first", ask(t, addr, sms("+14155550100", "Sale")), 200, "allowed")
	expect(t, "marketing without a place", ask(t, addr, sms("+14155550101", "Sale")), 400, "undecided")
	if err := g.Reload(oneRoute(base, func(rc *RouteConfig) {
		capped(9)(rc)
		rc.FailOpen, rc.Category = []filter.Category{filter.Utility}, new(filter.Utility)
	})); err != nil {
		t.Fatal(err)
	}
	expect(t, "utility, which the route opens", ask(t, addr, sms("+14155550101", "Sale")), 200, "undecided")
}

func TestExplanationsCountToo(t *testing.T) {
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, oneRoute(base, capped(1)), st)
	m := filter.Message{To: filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550100"}, Text: "Sale"}
	before := time.Now()
	for range 3 { // asking takes no place
		if d, _, err := g.Judge("twilio", m, time.Time{}); err != nil || d.Action != filter.Forward {
			t.Fatalf("before anything was sent: %+v, %v", d, err)
		}
	}
	expect(t, "the first", ask(t, addr, sms("+14155550100", "Sale")), 200, "allowed")
	d, rec, err := g.Judge("twilio", m, time.Time{})
	if err != nil || d.Reason != filter.CapReached || len(rec.Tally) != 1 || !strings.Contains(d.Why, "at most 1 in 24h, by this gate's own configuration; 1 counted") {
		t.Errorf("afterwards: %+v, from %+v, %v", d, rec, err)
	}
	if d, _, err := g.Judge("twilio", m, before); err != nil || d.Action != filter.Forward {
		t.Errorf("as of before: %+v, %v", d, err)
	}
}

// A gate that only judges a draft looks back a year, and is reloaded. The store holds two messages,
// and goes on to forget those that the gate that serves looks back at no more.
func TestDraftLeavesTheStoreAlone(t *testing.T) {
	for _, c := range []struct {
		name  string
		draft bool
		full  bool
	}{
		{"a draft changes nothing", true, false},
		{"a gate that serves has the store keep a year", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
			var passed atomic.Int64 // of the store's clock, which its goroutines read, too
			clock := func() time.Time { return start.Add(time.Duration(passed.Load())) }
			st, err := store.Open(store.Config{Memory: true, Tally: 2, Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			base := "http://127.0.0.1:1"
			newGate(t, oneRoute(base, capped(9)), st)
			year := oneRoute(base, func(rc *RouteConfig) { rc.Policy.Caps.Rows = []filter.Cap{{Most: 9, Within: 8784 * time.Hour}} })
			year.Draft = c.draft
			if err := newGate(t, year, st).Reload(year); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				m, r := filter.Message{To: filter.Recipient{Brand: "a", Channel: filter.SMS, Address: "+14155550100"}}, filter.Record{}
				var turn tally.Turn
				if turn, err = st.Tally().Turn(&m, &r, clock()); err != nil {
					t.Fatal(err)
				}
				_, err = turn.Take(&tally.Claims{Place: true})
				turn.End()
				passed.Add(int64(48 * time.Hour))
			}
			if full := errors.Is(err, tally.ErrFull); full != c.full {
				t.Errorf("counting a message a week later, %v; want full %t", err, c.full)
			}
		})
	}
}
