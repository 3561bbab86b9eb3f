package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
)

// failAfter lets n calls of what it is given to pass, and fails all that follow.
func failAfter(n int) func(real func() error) error {
	return func(real func() error) error {
		if n--; n < 0 {
			return errors.New("input/output error")
		}
		return real()
	}
}

// TestLiftThatCannotBeKept: what was told not to be lifted is in force after a restart, although nothing
// can be cut off the file again.
func TestLiftThatCannotBeKept(t *testing.T) {
	for n, what := range []string{"the line cannot be synced", "the end of the line cannot be synced"} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Config{Dir: dir})
			a := pause(t, s, stop("a", time.Time{}), "")
			store.FailSwitches(s, failAfter(n))
			store.FailSwitchCuts(s, failAfter(0))
			for range 2 {
				if got, err := s.Lift(a.ID, "bo", "mended"); err == nil || !got.Lifted.IsZero() {
					t.Fatalf("lifting: %+v, %v", got, err)
				}
			}
			if _, err := s.Pause(stop("b", time.Time{}), ""); err == nil {
				t.Error("a pause is taken behind a line that could not be cut off")
			}
			closeStore(t, s)
			s = open(t, store.Config{Dir: dir})
			equal(t, "in force after a restart", held(s.Switches(), noon), []string{"a"})
			pause(t, s, stop("c", time.Time{}), "")
			_, err := s.Lift(a.ID, "bo", "mended")
			must(t, err)
			closeStore(t, s)
			equal(t, "in force after another", held(open(t, store.Config{Dir: dir}).Switches(), noon), []string{"c"})
		})
	}
}

// TestPauseAfterAFailedErasure: an erasure that put another file in place, and could not make sure of
// that, does not leave pauses to a file that nobody finds again.
func TestPauseAfterAFailedErasure(t *testing.T) {
	told := stop("a", time.Time{})
	told.Reason = "14155550100 called"
	dir := older(t, told)
	s := open(t, store.Config{Dir: dir})
	var broken error = errors.New("input/output error")
	store.FailSwitchFolder(s, func(real func() error) error { return errors.Join(broken, real()) })
	if _, err := s.Erase(context.Background(), gonePerson, "bo", "asked by letter"); !errors.Is(err, broken) {
		t.Fatalf("the erasure returns %v", err)
	}
	if _, err := s.Pause(stop("b", time.Time{}), ""); !errors.Is(err, broken) {
		t.Errorf("while a power cut could bring the old file back, a pause returns %v", err)
	}
	broken = nil
	pause(t, s, stop("c", time.Time{}), "")
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	equal(t, "in force after a restart", held(s.Switches(), noon), []string{"a", "c"})
}
