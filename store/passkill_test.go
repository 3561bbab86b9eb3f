package store_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/ulid"
)

func init() { roles["passer"] = usePassUntilKilled }

// usePassUntilKilled uses the pass in dir, and stands still at the n-th of the moments that it passes: before
// and after each commit and before each sync.
func usePassUntilKilled(dir string) error {
	s, _, err := standingStill(dir, store.Config{Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	page, err := s.Passes("", 1, func(*store.Pass) bool { return true })
	if err != nil {
		return err
	}
	used, err := s.UsePass(&page[0], "x", noon)
	fmt.Println("used", used, err)
	select {}
}

// Wherever the process is killed, a pass that was told to be used is used.
func TestKilledUse(t *testing.T) {
	base := t.TempDir()
	s := open(t, store.Config{Dir: base, Now: func() time.Time { return noon }})
	grant(t, s, passTo(s, storetest.Person("acme", 1)))
	closeStore(t, s)
	round := 0
	for said := "stands"; said == "stands"; {
		dir := filepath.Join(t.TempDir(), "copy")
		storetest.Must(t, os.CopyFS(dir, os.DirFS(base)))
		round++
		child, out := spawn(t, "passer", dir, strconv.Itoa(round))
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatal("the child says nothing")
		}
		storetest.Must(t, child.Process.Kill())
		_ = child.Wait() // it was killed
		said = lines.Text()
		s := open(t, store.Config{Dir: dir})
		is := states(t, s, noon)
		if said == "used true <nil>" && is[0] != "+15550000001 used" || len(is) != 1 {
			t.Errorf("killed when it was told %q: %v", said, is)
		}
		sound(t, s)
		closeStore(t, s)
	}
	if round < 3 {
		t.Errorf("the use passed %d moments: the test showed little", round)
	}
}

// An erasure forgets the passes for a person, and takes the address out of the words with others, also where one of
// them is just being changed.
func TestEraseLeavesNothingInPasses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	for n := range 20 {
		mine, others := passTo(s, gonePerson), passTo(s, storetest.Person("acme", n))
		mine.Reason, others.Reason, others.Campaign = "said ana@example.com", "like +14155550100", "for 4155550100"
		mine.Print[0], mine.Expires, others.Expires = byte(n), time.Now().Add(time.Hour), time.Now().Add(time.Hour)
		grant(t, s, mine, others)
	}
	all, err := s.Passes("", 100, func(p *store.Pass) bool { return true })
	storetest.Must(t, err)
	var group sync.WaitGroup
	for _, p := range all {
		group.Go(func() {
			if _, err := s.UsePass(&p, "x", time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	erase(t, s, gonePerson)
	group.Wait()
	for _, when := range []string{"at once", "once closed"} {
		if files := found(t, dir); len(files) > 0 {
			t.Errorf("%s: %v", when, files)
		}
		left, err := s.Passes("", 100, func(*store.Pass) bool { return true })
		storetest.Must(t, err)
		for _, p := range left {
			if p.To == gonePerson || p.Reason != "(erased)" || p.Campaign != "(erased)" {
				t.Errorf("%s: left is %+v", when, p)
			}
		}
		if len(left) != 20 || len(s.PassesOf("d-"+gonePerson.Address)) > 0 {
			t.Errorf("%s: %d passes for others are left, want 20", when, len(left))
		}
		closeStore(t, s)
		s = open(t, store.Config{Dir: dir})
	}
}

// A pass whose decision was read before an erasure, and which is kept only after it, is not kept.
func TestEraseLeavesNoLatePass(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	of := func(to filter.Recipient, blocked time.Time) store.Pass {
		p := passTo(s, to)
		p.Decisions = []string{ulid.New(blocked)}
		return p
	}
	mine, others := of(gonePerson, noon.Add(-time.Second)), of(storetest.Person("acme", 1), noon.Add(-time.Second))
	erase(t, s, gonePerson)
	granted, err := s.Grant([]store.Pass{mine, others})
	if err != nil || len(granted) != 1 || granted[0].To == gonePerson {
		t.Errorf("granted %+v, %v", granted, err)
	}
	closeStore(t, s)
	if files := found(t, dir); len(files) > 0 {
		t.Errorf("left in %v", files)
	}
	s = open(t, store.Config{Dir: dir})
	if granted, err = s.Grant([]store.Pass{of(gonePerson, noon.Add(time.Second))}); err != nil || len(granted) != 1 {
		t.Errorf("for what was blocked since, granted %v, %v", granted, err)
	}
}
