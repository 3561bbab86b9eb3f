package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// An erased recipient is forgotten when the time to keep them is over, and the chain still verifies.
func TestErasedAreForgotten(t *testing.T) {
	now := newClock(noon)
	dir := t.TempDir()
	cfg := store.Config{Dir: dir, Now: now.now, KeepErased: 48 * time.Hour}
	s := open(t, cfg)
	back := person("acme", 2)
	var events []filter.Event
	for i := range 700 {
		events = append(events, optIn(gonePerson, fmt.Sprint(i)), optIn(back, fmt.Sprint(i)))
	}
	keep(t, s, append(events, optIn(person("acme", 3), "a"))...)
	erase(t, s, gonePerson)
	erase(t, s, back)
	now.set(noon.Add(24 * time.Hour))
	keep(t, s, optIn(back, "again"))
	must(t, store.Sweep(s))
	judgeErased(t, s, gonePerson)

	now.set(noon.Add(49 * time.Hour))
	closeStore(t, s)
	s = open(t, cfg)
	must(t, store.Sweep(s))
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
	now.set(noon.Add(200 * time.Hour))
	must(t, store.Sweep(s))
	sound(t, s)
}
