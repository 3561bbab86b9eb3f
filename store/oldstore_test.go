package store_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// A store from before the chain gets one when it is opened, also when that is interrupted.
func TestOldStoreIsChained(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	var events []filter.Event
	for i := range 3000 {
		e := optOut(person("acme", i%900), fmt.Sprint(i))
		if i%3 == 0 {
			e = optIn(e.To, e.ID)
			e.Proof = filter.Evidence{Method: "web form", Wording: strings.Repeat("w", 500), CapturedAt: noon.Add(-time.Hour)}
		}
		events = append(events, e)
	}
	keep(t, s, events...)
	want := map[filter.Recipient]store.Known{}
	for k, err := range s.Records() {
		must(t, err)
		want[k.To] = k
	}
	before := history(t, s, person("acme", 3))
	must(t, store.Age(s))
	closeStore(t, s)

	for fail := range 4 { // each attempt comes a transaction further
		if err := store.OpenFailing(store.Config{Dir: dir}, fail%2+1); err == nil {
			t.Fatal("it opened although a commit failed")
		}
	}
	s = open(t, store.Config{Dir: filepath.Clean(dir)})
	if n := s.Recipients(); n != 900 {
		t.Errorf("Recipients says %d, want 900", n)
	}
	if r := sound(t, s); r.Links != 3000 {
		t.Errorf("%d links, want 3000", r.Links)
	}
	if got := history(t, s, person("acme", 3)); !reflect.DeepEqual(got, before) {
		t.Errorf("the history is\n%+v\nwant\n%+v", got, before)
	}
	for k, err := range s.Records() {
		if must(t, err); !reflect.DeepEqual(k, want[k.To]) {
			t.Fatalf("the record is %+v, want %+v", k, want[k.To])
		}
	}
	keep(t, s, optOut(person("acme", 5000), "more"))
	sound(t, s)
}
