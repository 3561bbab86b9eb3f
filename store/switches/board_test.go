package switches_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/switches"
)

func TestSurvivingARestart(t *testing.T) {
	dir, at := t.TempDir(), storetest.NewClock(noon)
	board := open(t, switches.Config{Dir: dir, Now: at.Now})
	if board.InForce() != nil {
		t.Fatal("a new store has switches")
	}
	a, b := pause(t, board, storetest.Pause("a", time.Time{}), "k"), pause(t, board, storetest.Pause("b", noon.Add(time.Hour)), "")
	pause(t, board, storetest.Pause("c", time.Time{}), "")
	at.Set(noon.Add(time.Minute))
	if got, err := board.Lift(b.ID, "bo", "mended"); err != nil || !got.Lifted.Equal(at.Now()) || got.LiftedBy != "bo" || got.LiftedBecause != "mended" {
		t.Fatalf("lifting: %+v, %v", got, err)
	}
	for _, opened := range []bool{false, true} {
		if opened {
			board.Close()
			board = open(t, switches.Config{Dir: dir, Now: at.Now})
		}
		storetest.Equal(t, "in force", storetest.Paused(board.InForce(), at.Now()), []string{"a", "c"})
		storetest.Equal(t, "in force when none was lifted yet", storetest.Paused(board.At(noon), noon), []string{"a", "b", "c"})
		storetest.Equal(t, "in force before the first was set", storetest.Paused(board.At(noon.Add(-1)), noon), nil)
		past, err := board.History("", 2)
		storetest.Must(t, err)
		older, err := board.History(past[1].ID, 10)
		storetest.Must(t, err)
		if len(past) != 2 || past[0].On.Campaign != "c" || past[1].LiftedBy != "bo" || len(older) != 1 || older[0].ID != a.ID || older[0].Reason != "wrong link" {
			t.Errorf("the history is %+v, then %+v", past, older)
		}
		if again := pause(t, board, storetest.Pause("a", time.Time{}), "k"); again.ID != a.ID {
			t.Error("a repeated key set a second switch")
		}
		if _, err := board.Pause(storetest.Pause("z", time.Time{}), "k"); !errors.Is(err, switches.ErrKey) {
			t.Errorf("a key that was used for another switch: %v", err)
		}
		if got, err := board.Lift(b.ID, "cy", "again"); err != nil || got.LiftedBy != "bo" {
			t.Errorf("lifting again: %+v, %v", got, err)
		}
	}
	if _, err := board.Lift("nothing", "bo", "x"); !errors.Is(err, switches.ErrUnknown) {
		t.Errorf("lifting what is not there: %v", err)
	}
	var problem *switches.FieldError
	if _, err := board.Pause(storetest.Pause("d", noon), ""); !errors.As(err, &problem) || problem.Field != "until" {
		t.Errorf("an end in the past: %v", err)
	}
	if _, err := board.Pause(filter.Switch{Actor: "ana"}, ""); !errors.As(err, &problem) || problem.Field != "reason" {
		t.Errorf("without a reason: %v", err)
	}
	board.Close()
	if _, err := board.Pause(storetest.Pause("d", time.Time{}), ""); !errors.Is(err, errClosed) {
		t.Errorf("after closing: %v", err)
	}
	storetest.Equal(t, "in force for sends that are still under way", storetest.Paused(board.InForce(), at.Now()), []string{"a", "c"})
}

func TestFollowingTheClock(t *testing.T) {
	at := storetest.NewClock(noon)
	board := open(t, switches.Config{Now: at.Now})
	pause(t, board, storetest.Pause("a", noon.Add(time.Hour)), "")
	for _, c := range []struct {
		name string
		now  time.Time
		want []string
	}{
		{"it ends by itself", noon.Add(time.Hour), nil},
		{"it holds again where the clock goes back before its end", noon.Add(time.Minute), []string{"a"}},
		{"it holds where the clock goes back before it was set", noon.Add(-time.Hour), []string{"a"}},
	} {
		at.Set(c.now)
		b := pause(t, board, storetest.Pause("b", time.Time{}), "") // which looks for what has ended
		if _, err := board.Lift(b.ID, "bo", "x"); err != nil {
			t.Fatal(err)
		}
		storetest.Equal(t, c.name, storetest.Paused(board.InForce(), c.now), c.want)
	}
	at.Set(noon.Add(48 * time.Hour))
	b := pause(t, board, storetest.Pause("b", time.Time{}), "")
	if _, err := board.Lift(b.ID, "bo", "x"); err != nil || board.InForce() != nil {
		t.Errorf("what ended long ago still costs: %+v, %v", board.InForce(), err)
	}
}

func TestNoMoreThanCanBeCompared(t *testing.T) {
	board := open(t, switches.Config{})
	for {
		if _, err := board.Pause(storetest.Pause("a", time.Time{}), ""); err != nil {
			if !errors.Is(err, switches.ErrFull) || len(board.InForce()) != 1000 {
				t.Errorf("with %d in force: %v", len(board.InForce()), err)
			}
			break
		}
	}
	if _, err := board.Lift(board.InForce()[0].ID, "bo", "x"); err != nil {
		t.Error(err)
	}
	pause(t, board, storetest.Pause("a", time.Time{}), "")
}

func TestEndedPausesLeaveRoom(t *testing.T) {
	for name, after := range map[string]time.Duration{"at the moment they end": time.Minute, "a week later": 7 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			at := storetest.NewClock(noon)
			board := open(t, switches.Config{Now: at.Now})
			for n := range 1000 {
				pause(t, board, storetest.Pause(fmt.Sprint(n), noon.Add(time.Minute)), "")
			}
			at.Set(noon.Add(after))
			sw := pause(t, board, filter.Switch{Reason: "stop all", Actor: "ana"}, "")
			if all := board.InForce(); len(all) > 1000 || all.Find(sw.ID) == nil {
				t.Errorf("%d switches are compared with every message, the new one: %+v", len(all), all.Find(sw.ID))
			}
		})
	}
}

func TestBreakerLeavesRoomForPeople(t *testing.T) {
	at := storetest.NewClock(noon)
	board := open(t, switches.Config{Now: at.Now})
	refused := func(campaign string) error {
		sw := storetest.Pause(campaign, at.Now().Add(time.Minute))
		sw.Actor, sw.Cause = filter.ByBreaker, filter.Refusals
		_, err := board.Pause(sw, "")
		return err
	}
	for n := range 500 {
		storetest.Must(t, refused(fmt.Sprint(n)))
	}
	for _, after := range []time.Duration{0, time.Hour} { // they hold, and then they are on trial
		at.Set(noon.Add(after))
		if refused("more") == nil {
			t.Errorf("after %s the breaker takes the room of people", after)
		}
	}
	storetest.Must(t, refused("0")) // a trial that failed
	pause(t, board, filter.Switch{Reason: "stop all", Actor: "ana"}, "")
	at.Set(noon.Add(48 * time.Hour))
	if err := refused("more"); err != nil {
		t.Errorf("when all are over: %v", err)
	}
}

// A crash may leave any beginning of what was written: each opens, with all that was whole.
func TestTornFile(t *testing.T) {
	dir := t.TempDir()
	board := open(t, switches.Config{Dir: dir})
	a := pause(t, board, storetest.Pause("a", time.Time{}), "")
	pause(t, board, storetest.Pause("b", time.Time{}), "")
	_, err := board.Lift(a.ID, "bo", "mended")
	storetest.Must(t, err)
	board.Close()
	whole, err := os.ReadFile(filepath.Join(dir, switches.File))
	storetest.Must(t, err)
	for cut := 0; cut <= len(whole); cut += 61 {
		storetest.Must(t, os.WriteFile(filepath.Join(dir, switches.File), whole[:cut], 0o600))
		board := open(t, switches.Config{Dir: dir})
		want := [][]string{nil, {"a"}, {"a", "b"}, {"b"}}[strings.Count(string(whole[:cut]), "\n")]
		storetest.Equal(t, fmt.Sprintf("cut after %d bytes", cut), storetest.Paused(board.InForce(), noon), want)
		pause(t, board, storetest.Pause("c", time.Time{}), "")
		board.Close()
		board = open(t, switches.Config{Dir: dir})
		storetest.Equal(t, fmt.Sprintf("cut after %d bytes, and then one more", cut), storetest.Paused(board.InForce(), noon), append(want, "c"))
		board.Close()
	}
	for name, change := range map[string]string{"line 2 does not read": "\n\x00", "line 2 sets no switch": "\n{}\n"} {
		storetest.Must(t, os.WriteFile(filepath.Join(dir, switches.File), []byte(strings.Replace(string(whole), "\n", change, 1)), 0o600))
		if _, err := switches.Open(switches.Config{Dir: dir, Now: storetest.NewClock(noon).Now}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want the refusal to say: %s", err, name)
		}
	}
}

// What could not be synced is neither acknowledged nor in force, and not there after a restart.
func TestWhatCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	board := open(t, switches.Config{Dir: dir})
	a := pause(t, board, storetest.Pause("a", time.Time{}), "")
	full, broken := errors.New("no space left on device"), 0
	switches.FailSyncs(board, func(real func() error) error {
		if broken--; broken >= 0 {
			return full
		}
		return real()
	})
	for broken = range 3 { // of the line, and of the cut that follows
		failed := broken > 0
		_, err := board.Pause(storetest.Pause("b", time.Time{}), "")
		if failed != errors.Is(err, full) {
			t.Fatalf("got %v, want a failure: %v", err, failed)
		}
		if !failed {
			_, err := board.Lift(board.InForce()[1].ID, "bo", "x")
			storetest.Must(t, err)
		}
		broken = 0
		storetest.Equal(t, "in force", storetest.Paused(board.InForce(), noon), []string{"a"})
	}
	broken = 1
	if got, err := board.Lift(a.ID, "bo", "x"); !errors.Is(err, full) || !got.Lifted.IsZero() || len(board.InForce()) != 1 {
		t.Errorf("lifting: %+v, %v", got, err)
	}
	broken = 0
	pause(t, board, storetest.Pause("c", time.Time{}), "")
	board.Close()
	storetest.Equal(t, "in force after a restart", storetest.Paused(open(t, switches.Config{Dir: dir}).InForce(), noon), []string{"a", "c"})
}

// Readers see a switch that was acknowledged, whatever others set and lift meanwhile.
func TestRace(t *testing.T) {
	board := open(t, switches.Config{})
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			name := fmt.Sprint(n)
			m := filter.Message{Campaign: name}
			for range 200 {
				sw, err := board.Pause(storetest.Pause(name, time.Time{}), "")
				if err != nil || board.InForce().Holding("", &m, noon) == nil {
					t.Errorf("campaign %s goes out although its pause was acknowledged (%v)", name, err)
				}
				if _, err := board.Lift(sw.ID, "bo", "x"); err != nil || board.InForce().Holding("", &m, noon) != nil {
					t.Errorf("campaign %s is held although that was lifted (%v)", name, err)
				}
			}
		})
	}
	group.Wait()
}
