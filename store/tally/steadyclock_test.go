package tally_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// A clock that leaps a year ahead, and back again: what was sent before still counts, from memory and from
// disk, and what was sent meanwhile counts in a year.
func TestTheTallyOutlastsALeapOfTheClock(t *testing.T) {
	dir, clock := t.TempDir(), storetest.NewClock(noon)
	var passed atomic.Int64
	b := open(t, tally.Config{Dir: dir, Now: clock.Now, Passed: func() time.Duration { return time.Duration(passed.Load()) }})
	wait := func(d time.Duration) {
		passed.Add(int64(d))
		clock.Set(clock.Now().Add(d))
		b.Sweep()
	}
	ana, ben := filter.Message{To: storetest.Person("acme", 1)}, filter.Message{To: storetest.Person("acme", 2)}
	for _, m := range []filter.Message{ana, ana, ben} {
		take(t, b, m, clock.Now())
	}
	year := 365 * 24 * time.Hour
	clock.Set(clock.Now().Add(year))
	take(t, b, ana, clock.Now()) // before anybody looked at the clock
	wait(time.Minute)
	take(t, b, ana, clock.Now())
	wait(time.Hour)
	clock.Set(clock.Now().Add(-year))
	if got := len(tallyOf(t, b, ana, clock.Now())); got != 4 {
		t.Errorf("back at the right time %d messages count, want the two of before and the two of in a year", got)
	}
	wait(time.Minute)
	storetest.Must(t, b.Close())
	b = open(t, tally.Config{Dir: dir, Now: clock.Now})
	if got := tallyOf(t, b, ana, clock.Now()); len(got) != 4 || !got[0].At.Equal(noon) || !got[1].At.Equal(noon) || got[2].At.Before(noon.Add(year)) {
		t.Errorf("after a restart the tally is %+v", got)
	}
	if got := len(tallyOf(t, b, ben, clock.Now())); got != 1 {
		t.Errorf("to whom nothing was sent meanwhile %d messages count", got)
	}
}

// A clock that was set right, and stays so, is believed once all that was counted by the wrong one is old.
func TestAClockThatWasSetIsBelievedInTime(t *testing.T) {
	clock := storetest.NewClock(noon)
	var passed atomic.Int64
	b := open(t, tally.Config{Now: clock.Now, Passed: func() time.Duration { return time.Duration(passed.Load()) }})
	take(t, b, filter.Message{To: storetest.Person("acme", 1)}, clock.Now())
	clock.Set(clock.Now().Add(1000 * time.Hour))
	for hours, want := range []int64{1, 1, 1, 0} {
		b.Sweep()
		if got := b.Len(); got != want {
			t.Errorf("%d hours after the leap it holds %d messages, want %d", 8*hours, got, want)
		}
		passed.Add(int64(8 * time.Hour))
		clock.Set(clock.Now().Add(8 * time.Hour))
	}
}

// A turn that ends in a panic is over: others are decided all the same.
func TestATurnThatPanicsIsOver(t *testing.T) {
	b := open(t, tally.Config{})
	m := filter.Message{To: storetest.Person("acme", 1)}
	take(t, b, m, noon)
	mend := tally.BreakTurns(b, &m)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing panicked, so nothing is shown")
			}
		}()
		_ = b.Read(&m, new(filter.Record), noon)
	}()
	if tally.InTurn(b, &m) {
		t.Fatal("the turn goes on for ever")
	}
	mend()
	if got := len(tallyOf(t, b, m, noon)); got != 1 {
		t.Errorf("once mended the tally has %d messages", got)
	}
}
