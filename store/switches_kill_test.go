package store_test

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// A process that is killed the moment after it acknowledged a switch leaves it behind.
func TestKilledAfterPause(t *testing.T) {
	dir := t.TempDir()
	want := map[string]bool{}
	for round := range 12 {
		child, out := spawn(t, "pauser", dir, "")
		lines := bufio.NewScanner(out)
		for n := 0; n <= round && lines.Scan(); n++ {
			id, lifted := strings.CutPrefix(lines.Text(), "lifted ")
			want[id] = !lifted
		}
		storetest.Must(t, child.Process.Kill())
		for lines.Scan() { // acknowledged before it died
			id, lifted := strings.CutPrefix(lines.Text(), "lifted ")
			want[id] = !lifted
		}
		_ = child.Wait() // it was killed
	}
	s := open(t, store.Config{Dir: dir})
	for id, force := range want {
		// One that was lifted may be so although nobody was told: the kill came in between.
		past, err := s.Switches().History("", 100_000)
		storetest.Must(t, err)
		i := slices.IndexFunc(past, func(sw filter.Switch) bool { return sw.ID == id })
		if i < 0 || !force && past[i].Lifted.IsZero() {
			t.Errorf("switch %s was acknowledged (in force: %v), and is %+v", id, force, past)
		}
	}
	if len(want) < 12 {
		t.Errorf("only %d switches were acknowledged: the test showed nothing", len(want))
	}
}

// pauser sets switches, lifts every other one and says so.
func pauser(dir string) error {
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		sw, err := s.Switches().Pause(storetest.Pause("a", time.Time{}), "")
		if err != nil {
			return err
		}
		fmt.Println(sw.ID)
		if n%2 == 1 {
			if _, err := s.Switches().Lift(sw.ID, "bo", "x"); err != nil {
				return err
			}
			fmt.Println("lifted " + sw.ID)
		}
		if n == 200 {
			return nil // nobody killed it
		}
	}
}

func init() { roles["pauser"] = pauser }
