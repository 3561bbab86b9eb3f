package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestBreakerOpensAndCloses(t *testing.T) {
	f := blow(t, "")
	f.send(8, spring)
	f.refuse(21610)
	f.want("while few are refused", f.send(3, spring), "allowed")
	f.want("the one that opens it still gets its answer", f.send(1, spring), "allowed")
	sent := f.sent.Load()
	f.want("the sender is paused", f.send(1), "suspended")
	f.want("and its campaign", f.send(1, spring), "suspended")
	if f.sent.Load() != sent {
		t.Error("a message went out in spite of the pause")
	}
	force := f.store.Switches().InForce()
	if len(force) != 2 || force[0].On != (filter.Target{Brand: "default", Sender: "+15005550006"}) || force[1].On != (filter.Target{Brand: "default", Campaign: "spring"}) ||
		force[0].Actor != "breaker" || force[0].Cause != filter.Refusals || !force[0].Until.Equal(f.now().Add(30*time.Minute)) ||
		force[0].Reason != "the provider refused 4 of 12 messages within 1h0m0s, the last with code 21610" {
		t.Errorf("in force: %+v", force)
	}
	if all := f.g.Circuits(); len(all) != 2 || all[0].State != "open" || all[0].Switch == "" || all[0].Code != 21610 {
		t.Errorf("the circuits are %+v", all)
	}

	f.wait(30 * time.Minute)
	f.refuse(0)
	f.want("one goes out on trial", f.send(1, spring), "allowed")
	f.want("the next waits for a second", f.send(1, spring), "suspended")
	for range 3 {
		f.wait(time.Second)
		f.want("and then goes out", f.send(1, spring), "allowed")
	}
	f.wait(time.Second)
	f.want("the fifth", f.send(1, spring), "allowed")
	f.want("it is closed", f.send(3, spring), "allowed")
	if f.store.Switches().InForce() != nil {
		t.Errorf("still in force: %+v", f.store.Switches().InForce())
	}
	past, err := f.store.Switches().History("", 10)
	if err != nil || len(past) != 2 || past[0].LiftedBy != "breaker" || past[0].LiftedBecause != "the provider refused 0 of the 5 messages on trial" {
		t.Errorf("the history is %+v, %v", past, err)
	}
}

func TestBreakerOpensAgain(t *testing.T) {
	f := blow(t, "")
	f.refuse(21610)
	f.want("the sender is paused", f.send(5), "suspended")
	f.wait(31 * time.Minute)
	f.want("one goes out on trial", f.send(1), "allowed")
	f.wait(time.Minute)
	f.want("it was refused, and nothing more goes out", f.send(1), "suspended")
	force := f.store.Switches().InForce()
	if len(force) != 1 || !force[0].Until.Equal(f.now().Add(29*time.Minute)) || !strings.Contains(force[0].Reason, "1 of the 1 messages on trial") {
		t.Errorf("in force: %+v", force)
	}
	if n := f.g.breaker.opened.Load(); n != 2 {
		t.Errorf("opened %d times", n)
	}
}

// TestBreakerKeepsToItsOwn: nothing but what the provider refuses for the codes that count opens it,
// and nothing but what it watches is paused.
func TestBreakerKeepsToItsOwn(t *testing.T) {
	t.Run("what the gate itself refuses is no refusal", func(t *testing.T) {
		f := blow(t, "")
		sw := pause(t, f.store, filter.Target{Campaign: "spring"}, time.Time{})
		f.want("paused by somebody", f.send(20, spring), "suspended")
		if _, err := f.store.Switches().Lift(sw.ID, "ana", "mended"); err != nil {
			t.Fatal(err)
		}
		f.want("resumed", f.send(1, spring), "allowed")
		if all := f.g.Circuits(); len(all) != 0 {
			t.Errorf("the circuits are %+v", all)
		}
	})
	for name, answer := range map[string]string{
		"a code that does not count":              `400 {"code":21211}`,
		"a rate limit":                            `429 {"code":20429}`,
		"a fault of the provider's":               `500 {"code":21610}`,
		"a success that says 21610":               `201 {"code":21610}`,
		"an answer that is no JSON":               `400 <html>`,
		"a code as a text":                        `400 {"code":"21610"}`,
		"half an answer":                          `400 {"code":21610`,
		"a code that is too large for any number": `400 {"code":99999999999999999999999}`,
		"a negative code":                         `400 {"code":-21610}`,
		"a list":                                  `400 [21610]`,
		"no body":                                 `400 `,
	} {
		t.Run(name, func(t *testing.T) {
			f := blow(t, "")
			f.answer.Store(&answer)
			f.want("after many of them", f.send(20, spring), "allowed")
		})
	}
	t.Run("login codes go out while marketing is paused", func(t *testing.T) {
		f := blow(t, "")
		f.refuse(21610)
		f.want("the sender is paused", f.send(5), "suspended")
		rt := f.g.table.Load().routes["twilio"]
		m := filter.Message{To: person, From: "+15005550006", Category: filter.Authentication}
		if d := f.g.judge(rt, &m, new(filter.Record), f.now()); d.Action != filter.Forward {
			t.Errorf("a login code: %+v", d)
		}
	})
}

// TestBreakerHeedsPeople: who lifts its switch is obeyed, and it begins to count anew.
func TestBreakerHeedsPeople(t *testing.T) {
	f := blow(t, "")
	f.refuse(21610)
	f.want("the sender is paused", f.send(5), "suspended")
	if _, err := f.store.Switches().Lift(f.store.Switches().InForce()[0].ID, "ana", "the list is mended"); err != nil {
		t.Fatal(err)
	}
	f.want("three more refusals do not open it", f.send(4), "allowed")
	f.want("the fourth did", f.send(1), "suspended")
}

// TestBreakerOutlivesTheProcess: what was open is open after a restart, and then on trial.
func TestBreakerOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	f := blow(t, dir)
	f.refuse(21610)
	f.want("the sender is paused", f.send(5), "suspended")
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f = blow(t, dir)
	f.next = 1000 // those before have opted out, as 21610 says
	f.want("after a restart it still is", f.send(1), "suspended")
	if all := f.g.Circuits(); len(all) != 1 || all[0].State != "open" {
		t.Errorf("the circuits are %+v", all)
	}
	f.wait(31 * time.Minute)
	f.want("then it is on trial", f.send(1), "allowed")
	f.want("which takes a second", f.send(1), "suspended")
	f.at(f.now().Add(-20 * time.Minute))
	f.want("a clock that goes back pauses it again", f.send(1), "suspended")
}

// TestRefusedLater: what a receipt tells counts as what is told at once, and once however often it is told.
func TestRefusedLater(t *testing.T) {
	f := blow(t, "")
	rt := f.g.table.Load().routes["twilio"]
	h := heard{g: f.g, rt: rt, now: f.now()}
	receipt := func(id string, code int) {
		t.Helper()
		if err := h.receipt(t.Context(), &providers.Signal{Kind: providers.Receipt, ID: id, Sender: "+15005550006", Code: code}); err != nil {
			t.Fatal(err)
		}
	}
	f.send(10)
	for i := range 4 {
		f.want(fmt.Sprintf("after %d receipts", i), f.send(1), "allowed")
		receipt(fmt.Sprint("SM", i), 30007)
		receipt(fmt.Sprint("SM", i), 30007)
		receipt(fmt.Sprint("SM", i), 30003) // which does not count
	}
	receipt("SM9", 30007)
	f.want("the sender is paused", f.send(1), "suspended")
}

// TestBreakerThatCannotBeKept: on a disk that takes nothing the pause is tried again after a while, and
// sends are answered as ever.
func TestBreakerThatCannotBeKept(t *testing.T) {
	f := blow(t, t.TempDir())
	f.refuse(21610)
	f.send(3)
	core, logs := observer.New(zap.ErrorLevel)
	f.g.breaker.log = zap.New(core)
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	rt, by := f.g.table.Load().routes["twilio"], f.g.breaker
	m := filter.Message{To: person, From: "+15005550006"}
	f.g.observe(rt, &m, 21610, f.now())
	f.g.observe(rt, &m, 21610, f.now())
	if all := f.g.Circuits(); len(all) != 1 || all[0].State != "closed" || all[0].Refusals != 5 || by.opened.Load() != 0 {
		t.Errorf("the circuits are %+v, opened %d times", all, by.opened.Load())
	}
	f.wait(9 * time.Second)
	f.g.observe(rt, &m, 21610, f.now())
	if logs.Len() != 1 {
		t.Errorf("within ten seconds it was tried %d times", logs.Len())
	}
	f.wait(time.Second)
	f.g.observe(rt, &m, 21610, f.now())
	if logs.Len() != 2 {
		t.Errorf("after ten seconds it was tried %d times", logs.Len())
	}
	if _, err := f.store.Switches().Pause(filter.Switch{Reason: "x", Actor: "x"}, ""); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("the store takes a switch all the same: %v", err)
	}
}

// TestBreakerPassesOverLabels: a campaign that no switch can name is not watched, and takes nothing
// from its sender.
func TestBreakerPassesOverLabels(t *testing.T) {
	for name, label := range map[string]string{"not UTF-8": "\xe9t\xe9", "with a control character": "a\tb", "too long": strings.Repeat("x", 1025), "with somebody's number": "sale-14155550100"} {
		t.Run(name, func(t *testing.T) {
			f := blow(t, "")
			core, logs := observer.New(zap.ErrorLevel)
			f.g.breaker.log = zap.New(core)
			rt := f.g.table.Load().routes["twilio"]
			for range 50 {
				f.g.observe(rt, &filter.Message{To: person, From: "+15005550006", Campaign: label}, 21610, f.now())
			}
			if all := f.store.Switches().InForce(); len(all) != 1 || all[0].On != (filter.Target{Brand: "default", Sender: "+15005550006"}) || logs.Len() > 0 {
				t.Errorf("50 refusals set %+v and logged %d errors", all, logs.Len())
			}
			if n := f.g.breaker.unwatched.Load(); n != 50 {
				t.Errorf("%d were not watched", n)
			}
		})
	}
}

// TestTrialOfALabelThatNobodyMayPause: a pause from before that was asked is tried and ends as others do.
func TestTrialOfALabelThatNobodyMayPause(t *testing.T) {
	const label = "Sendgate-Campaign: sale-14155550100"
	dir := t.TempDir()
	sw := filter.Switch{ID: "1", On: filter.Target{Brand: "default", Campaign: "sale-14155550100"}, Reason: "refused", Actor: filter.ByBreaker, Cause: filter.Refusals,
		Set: time.Date(2026, 3, 10, 11, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 10, 12, 30, 0, 0, time.UTC)}
	text, err := json.Marshal(map[string]any{"set": sw, "key": "k"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "switches.jsonl"), append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	f := blow(t, dir)
	f.want("it is paused", f.send(1, label), "suspended")
	f.wait(31 * time.Minute)
	f.want("one goes out on trial", f.send(1, label), "allowed")
	f.want("the next waits for a second", f.send(1, label), "suspended")
	for range 4 {
		f.wait(time.Second)
		f.want("and then goes out", f.send(1, label), "allowed")
	}
	f.want("it is over", f.send(3, label), "allowed")
	if force := f.store.Switches().InForce(); len(force) != 0 {
		t.Errorf("still in force: %+v", force)
	}
}

// TestBreakerRace has many answers come in at once: it opens once.
func TestBreakerRace(t *testing.T) {
	f := blow(t, "")
	rt := f.g.table.Load().routes["twilio"]
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			m := filter.Message{To: person, From: "+15005550006", Campaign: fmt.Sprint("c", n)}
			for range 500 {
				f.g.observe(rt, &m, 21610, f.now())
				f.g.Circuits()
			}
		})
	}
	group.Wait()
	force := f.store.Switches().InForce()
	if len(force) != 9 || f.g.breaker.opened.Load() != 9 {
		t.Errorf("%d switches, opened %d times, for one sender and eight campaigns", len(force), f.g.breaker.opened.Load())
	}
}
