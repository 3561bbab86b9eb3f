package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

func init() { roles["eraser"] = eraseUntilKilled }

// eraseUntilKilled erases gonePerson, and stands still at the n-th of the moments that it passes: before and
// after each commit, before each sync, and where all but the switches is done.
func eraseUntilKilled(dir string) error {
	s, stand, err := standingStill(dir, store.Config{Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	if err := store.BeforeSwitches(s, stand); err != nil {
		return err
	}
	if _, err := s.Erase(context.Background(), gonePerson, "ana", "asked"); err != nil {
		return err
	}
	fmt.Println("erased")
	select {}
}

// Wherever an erasure is killed, the next start finishes it: also where the removal of the snapshot, which
// says where the person was, never reached the disk.
func TestKilledErasure(t *testing.T) {
	told := storetest.Pause("spring", time.Time{})
	told.Reason = "for " + gonePerson.Address
	base := older(t, told)
	s := open(t, store.Config{Dir: base})
	var events []filter.Event
	for i := range 300 {
		events = append(events, telling(gonePerson, fmt.Sprint(i), ""), stated(storetest.Person("acme", i), "in", "US-HI 967", time.Hour))
	}
	keep(t, s, events...)
	logAbout(s, 100)
	addErrands(t, s, goneErrands()[:8]...)
	link(t, s, gonePerson, user("acme", 1))
	closeStore(t, s)
	snapshot, err := os.ReadFile(filepath.Join(base, "index"))
	storetest.Must(t, err)
	round := 0
	for said := "stands"; said == "stands"; {
		dir := filepath.Join(t.TempDir(), "copy")
		storetest.Must(t, os.CopyFS(dir, os.DirFS(base)))
		round++
		said = killedEraser(t, dir, round)
		if said == "stands" {
			storetest.Must(t, os.WriteFile(filepath.Join(dir, "index"), snapshot, 0o600))
		}
		s := open(t, store.Config{Dir: dir})
		judgeErased(t, s, gonePerson)
		if files := found(t, dir); len(files) > 0 {
			t.Errorf("killed at moment %d: %v", round, files)
		}
		sound(t, s)
		if !barred(t, s, user("acme", 1)) {
			t.Errorf("killed at moment %d: who they are, too, may be written to", round)
		}
		storetest.Equal(t, "errands", errandIDs(t, s, errands.Query{}), []string{"waits"})
		closeStore(t, s)
		if files := found(t, dir); len(files) > 0 {
			t.Errorf("killed at moment %d, after closing: %v", round, files)
		}
		if s, used := reopened(t, dir, 0); !used || read(t, s, storetest.Person("acme", 7), filter.NeedRecord).Place != "US-HI 967" {
			t.Errorf("killed at moment %d: the snapshot was used: %v, and not everybody else is where they were", round, used)
		}
	}
	if round < 6 {
		t.Errorf("the erasure passed %d moments: the test showed little", round)
	}
}

// killedEraser erases in dir until the n-th moment, is killed, and returns where it was.
func killedEraser(t *testing.T, dir string, n int) (said string) {
	t.Helper()
	child, out := spawn(t, "eraser", dir, strconv.Itoa(n))
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Error("the child says nothing")
	}
	storetest.Must(t, child.Process.Kill())
	_ = child.Wait() // it was killed
	return lines.Text()
}
