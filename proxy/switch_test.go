package proxy

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func pause(t testing.TB, st *store.Store, on filter.Target, until time.Time, categories ...filter.Category) filter.Switch {
	t.Helper()
	sw, err := st.Switches().Pause(filter.Switch{On: on, Categories: categories, Reason: "wrong link", Actor: "ana", Until: until}, "")
	if err != nil {
		t.Fatal(err)
	}
	return sw
}

// TestLinearPause has many senders write while sending is paused and resumed. No send that began
// after the pause was acknowledged is forwarded.
func TestLinearPause(t *testing.T) {
	const rounds, senders = 25, 8
	st := memory(t)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	_, addr := start(t, oneRoute(base, nil), st)
	connections := make([]*speaker, senders)
	for i := range connections {
		connections[i] = speak(t, addr)
	}
	targets := []filter.Target{{}, {Brand: "default"}, {Route: "twilio"}, {Sender: "+15005550006"}, {Route: "twilio", Sender: "+15005550006"}}
	var forwarded atomic.Int64
	for round := range rounds {
		var acknowledged atomic.Bool
		var group, warm sync.WaitGroup
		warm.Add(senders)
		for i, s := range connections {
			group.Go(func() {
				forwarded.Add(insist(s, sms(fmt.Sprintf("+1415555%04d", i), "Sale"), &acknowledged, warm.Done))
			})
		}
		warm.Wait()
		sw := pause(t, st, targets[round%len(targets)], time.Time{})
		acknowledged.Store(true)
		group.Wait()
		if _, err := st.Switches().Lift(sw.ID, "ana", "mended"); err != nil {
			t.Fatal(err)
		}
		connections[0].write(sms("+14155550000", "Sale"))
		if a := connections[0].hear("POST"); a.StatusCode != 200 {
			t.Fatalf("after the pause was lifted: %d %s", a.StatusCode, a.body)
		}
	}
	if n := forwarded.Load(); n < rounds {
		t.Errorf("only %d sends were forwarded before the pauses: the test showed nothing", n)
	}
}

func TestPausedSendIsRefused(t *testing.T) {
	st := memory(t)
	var sent atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(wire) { sent.Add(1) }))
	_, addr := start(t, oneRoute(base, nil), st)
	end := time.Now().Add(time.Hour).Round(time.Second)
	pause(t, st, filter.Target{}, end)
	a := ask(t, addr, sms("+14155550100", "Sale"))
	if a.StatusCode != 400 || a.Header.Get("Sendgate-Decision") != "block" || a.Header.Get("Sendgate-Reason") != "suspended" ||
		a.Header.Get("Sendgate-Until") != end.UTC().Format(time.RFC3339) || sent.Load() != 0 {
		t.Errorf("told %d %v %s, and %d were sent", a.StatusCode, a.Header, a.body, sent.Load())
	}
	for e, err := range st.Decisions().Entries(decisions.Query{}) {
		if err != nil || e.Reason != filter.Suspended || e.Rule != "switch" || !e.Until.Equal(end) {
			t.Errorf("logged %+v, %v", e, err)
		}
	}
}

// TestPauseComesFirst: nothing that lets a message through outweighs a switch, and a switch is told
// before what else is wrong.
func TestPauseComesFirst(t *testing.T) {
	st := memory(t)
	cfg := oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) {
		rc.FailOpen = []filter.Category{filter.Utility, filter.Authentication}
		rc.Policy.OptOutExempt = []filter.Category{filter.Utility}
	})
	g := newGate(t, cfg, st)
	rt := g.table.Load().routes["twilio"]
	now := time.Now()
	utility := filter.Message{To: person, Category: filter.Utility, Text: "Hello"}
	code := filter.Message{To: person, Category: filter.Authentication, Text: "123456"}
	want := func(name string, m filter.Message, rec *filter.Record, reason filter.Reason) {
		t.Helper()
		if d := g.judge(rt, &m, rec, now); d.Reason != reason {
			t.Errorf("%s: %+v, want %s", name, d, reason)
		}
	}
	want("an unknown recipient without a switch, from a store that fails", utility, nil, filter.Undecided)
	sw := pause(t, st, filter.Target{}, time.Time{})
	want("what fails open is paused while the store cannot be asked", utility, nil, filter.Suspended)
	want("login codes fail open under a switch that does not name them", code, nil, filter.Undecided)
	gone := filter.Record{}.After(filter.Event{Time: now.Add(-time.Hour), To: person, Kind: filter.OptedOut, Source: "test"})
	want("the switch is told before the opt-out", utility, &gone, filter.Suspended)
	want("and before an address that is none", filter.Message{Category: filter.Utility}, &filter.Record{}, filter.Suspended)
	pause(t, st, filter.Target{}, time.Time{}, filter.Authentication)
	want("login codes are paused by a switch that names them", code, nil, filter.Suspended)
	if _, err := st.Switches().Lift(sw.ID, "ana", "mended"); err != nil {
		t.Fatal(err)
	}
	want("what is no more paused is judged as before", utility, &filter.Record{}, filter.Allowed)
}

// TestJudgeNamesTheSwitch: who asks is told which switch, whose and why, and for a past moment of the
// switches of that moment.
func TestJudgeNamesTheSwitch(t *testing.T) {
	start := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	var minutes atomic.Int64
	now := func() time.Time { return start.Add(time.Duration(minutes.Load()) * time.Minute) }
	st, err := store.Open(store.Config{Memory: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	cfg := oneRoute("http://127.0.0.1:1", nil)
	cfg.Now = now
	g := newGate(t, cfg, st)
	minutes.Store(10)
	sw := pause(t, st, filter.Target{Campaign: "spring"}, time.Time{})
	minutes.Store(20)
	m := filter.Message{To: person, Campaign: "spring", Text: "Sale"}
	for at, want := range map[time.Time]filter.Reason{
		{}:                             filter.Suspended,
		start.Add(9 * time.Minute):     filter.Allowed,
		start.Add(10 * time.Minute):    filter.Suspended,
		start.Add(7 * 24 * 3600 * 1e9): filter.Suspended,
	} {
		d, _, err := g.Judge("twilio", m, at)
		if err != nil || d.Reason != want || (want == filter.Suspended) != (d.Why == sw.String()) {
			t.Errorf("at %s: %+v, %v; want %s", at, d, err, want)
		}
	}
	if _, err := st.Switches().Lift(sw.ID, "bo", "mended"); err != nil {
		t.Fatal(err)
	}
	minutes.Store(30)
	if d, _, err := g.Judge("twilio", m, time.Time{}); err != nil || d.Reason != filter.Allowed {
		t.Errorf("after it was lifted: %+v, %v", d, err)
	}
	if d, _, err := g.Judge("twilio", m, start.Add(15*time.Minute)); err != nil || d.Reason != filter.Suspended {
		t.Errorf("while it was in force: %+v, %v", d, err)
	}
}

// TestPauseOfWhatIsGone: a configuration that gives what is paused another name, or a mode that obeys nothing, would
// let it go on without a word. The log says so, of each pause that is in force and of no other.
func TestPauseOfWhatIsGone(t *testing.T) {
	st := memory(t)
	for _, on := range []filter.Target{{}, {Campaign: "spring"}, {Route: "twilio"}, {Brand: "shop"}, {Topic: "news"}} {
		pause(t, st, on, time.Time{})
	}
	over := pause(t, st, filter.Target{Route: "gone"}, time.Time{})
	if _, err := st.Switches().Lift(over.ID, "ana", "mended"); err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.WarnLevel)
	told := func() (all []string) {
		for _, l := range logs.FilterMessageSnippet("a pause holds nothing").All() {
			all = append(all, fmt.Sprint(l.ContextMap()["on"]))
		}
		logs.TakeAll()
		return all
	}
	cfg := Config{Logger: zap.New(core), Brands: map[string]filter.Brand{"shop": {Topics: map[string]filter.Category{"news": marketing}}},
		Routes: map[string]RouteConfig{"twilio": {Brand: "shop"}}}
	g, err := New(cfg, st)
	if err != nil {
		t.Fatal(err)
	}
	if all := told(); all != nil {
		t.Errorf("at the start: %q", all)
	}
	cfg.Routes = map[string]RouteConfig{"twilio": {Brand: "shop", Mode: Report}, "sms": {Provider: "twilio", Brand: "shop"}}
	if err := g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if all := told(); !slices.Equal(all, []string{`route "twilio"`}) {
		t.Errorf("with the route in mode report: %q", all)
	}
	cfg.Brands = map[string]filter.Brand{"store": {Topics: map[string]filter.Category{"letters": marketing}}}
	cfg.Routes = map[string]RouteConfig{"sms": {Provider: "twilio", Brand: "store"}}
	if err := g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if all := told(); !slices.Equal(all, []string{`route "twilio"`, `brand "shop"`, `topic "news"`}) {
		t.Errorf("with other names: %q", all)
	}
	cfg.Draft = true
	if _, err := New(cfg, st); err != nil {
		t.Fatal(err)
	}
	if all := told(); all != nil {
		t.Errorf("of a draft: %q", all)
	}
}
