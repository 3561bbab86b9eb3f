package switches_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/switches"
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
			board := open(t, switches.Config{Dir: dir})
			a := pause(t, board, storetest.Pause("a", time.Time{}), "")
			switches.FailSyncs(board, failAfter(n))
			switches.FailCuts(board, failAfter(0))
			for range 2 {
				if got, err := board.Lift(a.ID, "bo", "mended"); err == nil || !got.Lifted.IsZero() {
					t.Fatalf("lifting: %+v, %v", got, err)
				}
			}
			if _, err := board.Pause(storetest.Pause("b", time.Time{}), ""); err == nil {
				t.Error("a pause is taken behind a line that could not be cut off")
			}
			board.Close()
			board = open(t, switches.Config{Dir: dir})
			storetest.Equal(t, "in force after a restart", storetest.Paused(board.InForce(), noon), []string{"a"})
			pause(t, board, storetest.Pause("c", time.Time{}), "")
			_, err := board.Lift(a.ID, "bo", "mended")
			storetest.Must(t, err)
			board.Close()
			storetest.Equal(t, "in force after another", storetest.Paused(open(t, switches.Config{Dir: dir}).InForce(), noon), []string{"c"})
		})
	}
}

// TestPauseAfterAFailedErasure: an erasure that put another file in place, and could not make sure of
// that, does not leave pauses to a file that nobody finds again.
func TestPauseAfterAFailedErasure(t *testing.T) {
	told := storetest.Pause("a", time.Time{})
	told.Reason = "14155550100 called"
	dir := t.TempDir()
	line, err := json.Marshal(map[string]any{"set": told}) // from when nobody looked for phone numbers in what people wrote
	storetest.Must(t, err)
	storetest.Must(t, os.WriteFile(filepath.Join(dir, switches.File), append(line, '\n'), 0o600))
	board := open(t, switches.Config{Dir: dir})
	var broken error = errors.New("input/output error")
	switches.FailFolder(board, func(real func() error) error { return errors.Join(broken, real()) })
	if err := board.Erase(spelling.Of("+14155550100")); !errors.Is(err, broken) {
		t.Fatalf("the erasure returns %v", err)
	}
	if _, err := board.Pause(storetest.Pause("b", time.Time{}), ""); !errors.Is(err, broken) {
		t.Errorf("while a power cut could bring the old file back, a pause returns %v", err)
	}
	broken = nil
	pause(t, board, storetest.Pause("c", time.Time{}), "")
	board.Close()
	board = open(t, switches.Config{Dir: dir})
	storetest.Equal(t, "in force after a restart", storetest.Paused(board.InForce(), noon), []string{"a", "c"})
}
