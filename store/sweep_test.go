package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// An erased recipient is forgotten when the time to keep them is over, and the chain still verifies.
func TestErasedAreForgotten(t *testing.T) {
	now := storetest.NewClock(noon)
	dir := t.TempDir()
	cfg := store.Config{Dir: dir, Now: now.Now, KeepErased: 48 * time.Hour}
	s := open(t, cfg)
	back := storetest.Person("acme", 2)
	var events []filter.Event
	for i := range 700 {
		events = append(events, optIn(gonePerson, fmt.Sprint(i)), optIn(back, fmt.Sprint(i)))
	}
	keep(t, s, append(events, optIn(storetest.Person("acme", 3), "a"))...)
	erase(t, s, gonePerson)
	erase(t, s, back)
	now.Set(noon.Add(24 * time.Hour))
	keep(t, s, optIn(back, "again"))
	storetest.Must(t, store.Sweep(s))
	judgeErased(t, s, gonePerson)

	now.Set(noon.Add(49 * time.Hour))
	closeStore(t, s)
	s = open(t, cfg)
	storetest.Must(t, store.Sweep(s))
	if n := len(history(t, s, gonePerson)); n > 0 || barred(t, s, gonePerson) && !store.MayHaveOptedOut(s, gonePerson) {
		t.Errorf("%d events are left of somebody who is to be forgotten", n)
	}
	if r := read(t, s, gonePerson, filter.NeedRecord); !reflect.DeepEqual(r, filter.Record{}) {
		t.Errorf("the record is left: %+v", r)
	}
	if n := len(history(t, s, back)); n != 702 {
		t.Errorf("%d events of somebody who came back are left, want all 702", n)
	}
	if n := s.Recipients(); n != 2 {
		t.Errorf("Recipients says %d, want 2", n)
	}
	if r := sound(t, s); r.Gone != 701 {
		t.Errorf("the chain says %+v", r)
	}
	keep(t, s, optIn(gonePerson, "new"))
	sound(t, s)
	erase(t, s, gonePerson)
	now.Set(noon.Add(200 * time.Hour))
	storetest.Must(t, store.Sweep(s))
	sound(t, s)
}

// Who only looks into the folder of a gate leaves there what the gate keeps by its own numbers.
func TestStillStoreRemovesNothing(t *testing.T) {
	now := storetest.NewClock(noon)
	cfg := store.Config{Dir: t.TempDir(), Now: now.Now, Retention: 8784 * time.Hour}
	s := open(t, cfg)
	s.Tally().Remember(30 * 24 * time.Hour)
	m := filter.Message{To: storetest.Person("acme", 1)}
	take(t, s, m, noon)
	keep(t, s, optIn(gonePerson, "a"))
	erase(t, s, gonePerson)
	left := len(history(t, s, gonePerson))
	closeStore(t, s)
	snapshot := filepath.Join(cfg.Dir, "index")
	storetest.Must(t, os.Remove(snapshot))

	now.Set(noon.Add(10 * 24 * time.Hour))
	s = open(t, store.Config{Dir: cfg.Dir, Now: now.Now, KeepErased: time.Hour, Still: true})
	storetest.Must(t, store.Sweep(s))
	s.Tally().Sweep()
	if n := len(history(t, s, gonePerson)); n != left {
		t.Errorf("%d of %d events of the erased recipient are left", n, left)
	}
	closeStore(t, s)
	if _, err := os.Stat(snapshot); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a snapshot was written: %v", err)
	}

	s = open(t, cfg)
	s.Tally().Remember(30 * 24 * time.Hour)
	if got := tallyOf(t, s, m, now.Now()); len(got) != 1 {
		t.Errorf("the tally of 30 days is %+v", got)
	}
}
