package store_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/wire"
)

func verify(t testing.TB, s *store.Store, kept ...store.Head) store.Report {
	t.Helper()
	r, err := s.Verify(context.Background(), kept...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sound fails the test unless the chain of s is whole.
func sound(t testing.TB, s *store.Store, kept ...store.Head) store.Report {
	t.Helper()
	r := verify(t, s, kept...)
	if !r.OK() || r.Head != s.Head() || r.Links != r.Head.Seq || r.Events+r.Erased+r.Gone != r.Links {
		t.Fatalf("the chain is not whole: %+v; the head is %+v", r, s.Head())
	}
	return r
}

// chained is a store with nine events of four recipients in a chain of four pieces.
func chained(t testing.TB) *store.Store {
	t.Helper()
	s := open(t, store.Config{Memory: true})
	full := optIn(storetest.Person("acme", 1), "form")
	full.Note = "(555) 000-0001"
	full.Scope = filter.OfTopic("offers")
	full.Proof = filter.Evidence{Method: "web form", Wording: "Yes", CapturedAt: noon}
	keep(t, s, full, optOut(storetest.Person("acme", 2), "a"), optIn(storetest.Person("", 1), "b"))
	keep(t, s, optOut(storetest.Person("acme", 1), "c"))
	keep(t, s, optIn(storetest.Person("acme", 3), "d"), optIn(storetest.Person("acme", 1), "e"), optIn(storetest.Person("acme", 2), "f"))
	keep(t, s, filter.Event{ID: "g", To: storetest.Person("acme", 3), Kind: filter.Wrote, Source: "test"}, optIn(storetest.Person("acme", 2), "h"))
	sound(t, s)
	return s
}

// Whatever single thing is changed behind the store's back, Verify finds it and says where.
func TestChain(t *testing.T) {
	t.Parallel()
	t.Run("every byte of every value, with and without a checksum that fits", func(t *testing.T) { everyByte(t, chained(t)) })
	t.Run("every value removed", func(t *testing.T) { everyValue(t, chained(t)) })
	t.Run("exchanged and added", func(t *testing.T) { exchanged(t, chained(t)) })
	t.Run("written anew and cut", func(t *testing.T) { writtenAnew(t, chained(t)) })
}

// where is the numbers between which Verify must find a fault in the value of key; 0 is anywhere.
func where(all map[string][]byte, key string) (first, last uint64) {
	switch key[0] {
	case 'e', 'E':
		n := store.EventNumber(key, all[key])
		return n, n
	case 'c':
		return store.Bounds(all[key])
	}
	return 0, 0
}

// sealed reports whether the chain answers for the value of key: all but notes about the database.
func sealed(key string) bool { return key[0] != 'm' || key == "mhead" }

func faulty(t *testing.T, s *store.Store, what string, first, last uint64) {
	t.Helper()
	r := verify(t, s)
	if r.OK() {
		t.Fatalf("%s: nothing was found", what)
	}
	f := r.Faults[0]
	if first > 0 && (f.Seq < first || f.Seq > last+1) {
		t.Fatalf("%s: found at %d, want %d to %d: %s", what, f.Seq, first, last, f)
	}
	if first > 0 && !strings.Contains(f.Reason, fmt.Sprint(f.Seq)) {
		t.Fatalf("%s: the sentence does not say where: %s", what, f)
	}
}

func everyByte(t *testing.T, s *store.Store) {
	all := store.Dump(s)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !sealed(key) {
			continue
		}
		first, last := where(all, key)
		for at := range all[key] {
			spoilt := slices.Clone(all[key])
			spoilt[at] ^= 1 << (at % 8)
			for how, value := range map[string][]byte{"spoilt": spoilt, "forged": store.Reseal(key, spoilt)} {
				if reflect.DeepEqual(value, all[key]) {
					continue // the checksum itself was spoilt
				}
				storetest.Must(t, store.Put(s, map[string][]byte{key: value}))
				faulty(t, s, fmt.Sprintf("byte %d of %q %s", at, key[:1], how), first, last)
			}
		}
		storetest.Must(t, store.Put(s, map[string][]byte{key: all[key]}))
	}
	sound(t, s)
}

func everyValue(t *testing.T, s *store.Store) {
	all := store.Dump(s)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !sealed(key) {
			continue
		}
		first, last := where(all, key)
		storetest.Must(t, store.Put(s, map[string][]byte{key: nil}))
		if key == "mhead" {
			first = 0
		}
		faulty(t, s, fmt.Sprintf("%q removed", key), first, last)
		storetest.Must(t, store.Put(s, map[string][]byte{key: all[key]}))
	}
	sound(t, s)
}

func exchanged(t *testing.T, s *store.Store) {
	all := store.Dump(s)
	restore := func() { storetest.Must(t, store.Put(s, all)); sound(t, s) }
	var events, pieces []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		switch key[0] {
		case 'e':
			events = append(events, key)
		case 'c':
			pieces = append(pieces, key)
		}
	}
	for i, a := range events {
		for _, b := range events[:i] {
			storetest.Must(t, store.Put(s, map[string][]byte{a: store.Reseal(a, all[b]), b: store.Reseal(b, all[a])}))
			faulty(t, s, "two events exchanged", 1, 9)
		}
		restore()
	}
	for i, a := range pieces {
		for _, b := range pieces[:i] {
			storetest.Must(t, store.Put(s, map[string][]byte{a: all[b], b: all[a]}))
			faulty(t, s, "two pieces of the chain exchanged", 1, 9)
			restore()
		}
	}
	for _, swap := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		storetest.Must(t, store.Put(s, map[string][]byte{pieces[0]: store.SwapLinks(all[pieces[0]], swap[0], swap[1])}))
		faulty(t, s, "two links exchanged", 1, 3)
	}
	restore()
	storetest.Must(t, store.Rechain(s, func(i int, swap func(a, b int)) {
		if i == 2 {
			swap(0, 1)
		}
	}))
	faulty(t, s, "two links exchanged and all sums made to fit", 5, 6)
	restore()

	stray := store.EventOf(s, storetest.Person("acme", 1), "never kept")
	for what, copied := range map[string]string{"a copy of an event of theirs": store.EventOf(s, storetest.Person("acme", 1), "c"), "a copy of another's": events[0]} {
		storetest.Must(t, store.Put(s, map[string][]byte{stray: store.Reseal(stray, all[copied])}))
		n := store.EventNumber(copied, all[copied])
		r := verify(t, s)
		if !slices.ContainsFunc(r.Faults, func(f store.Fault) bool { return f.Seq == n }) {
			t.Errorf("%s past the chain: %v", what, r.Faults)
		}
		storetest.Must(t, store.Put(s, map[string][]byte{stray: nil}))
	}
}

func writtenAnew(t *testing.T, s *store.Store) {
	all, old := store.Dump(s), s.Head()
	sound(t, s, old)

	// The last piece is cut off with its events, and the records are made to fit.
	cut := map[string][]byte{}
	var last string
	for key := range all {
		if key[0] == 'c' && key > last {
			last = key
		}
	}
	cut[last] = nil
	for _, e := range []string{store.EventOf(s, storetest.Person("acme", 3), "g"), store.EventOf(s, storetest.Person("acme", 2), "h")} {
		cut[e] = nil
	}
	storetest.Must(t, store.Put(s, cut))
	for _, to := range []filter.Recipient{storetest.Person("acme", 2), storetest.Person("acme", 3)} {
		var r filter.Record
		for _, e := range history(t, s, to) {
			r = r.After(e)
		}
		storetest.Must(t, store.Overwrite(s, to, store.RecordValue(s, to, r)))
	}
	storetest.Must(t, store.Rechain(s, func(int, func(a, b int)) {}))
	if r := verify(t, s); !r.OK() || r.Links != 7 {
		t.Fatalf("the cut chain is not whole by itself: %+v", r)
	}
	if r := verify(t, s, old); r.OK() || r.Faults[0].Seq != 9 || !strings.Contains(r.Faults[0].Reason, "cut off") {
		t.Errorf("with a head that was kept elsewhere the cut is not seen: %+v", r.Faults)
	}

	storetest.Must(t, store.Put(s, all))
	middle := sound(t, s).Head
	storetest.Must(t, store.Put(s, map[string][]byte{last: all[last]}))
	forged := old
	forged.Sum[3] ^= 1
	if r := verify(t, s, forged, middle); r.OK() || r.Faults[0].Seq != 9 || !strings.Contains(r.Faults[0].Reason, "written anew") {
		t.Errorf("a head that is not of this chain is accepted: %+v", r.Faults)
	}
}

func TestVerifyWhileAppending(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			var events []filter.Event
			for j := range 300 {
				events = append(events, optOut(storetest.Person("acme", (i*7+j)%2000), fmt.Sprint(i)))
			}
			keep(t, s, events...)
		}
	}()
	for range 20 {
		if r := verify(t, s); !r.OK() {
			t.Fatal(r.Faults)
		}
	}
	close(stop)
	<-stopped
	sound(t, s)
}

func TestVerifyStopsWithItsContext(t *testing.T) {
	s := chained(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Verify(ctx); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("a verification that was called off returns %v", err)
	}
}

func TestChainOf(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	ana := storetest.Person("acme", 1)
	if links, err := s.ChainOf(ana); err != nil || len(links) > 0 || s.Head() != (store.Head{}) {
		t.Fatalf("an empty store has links %v, %v", links, err)
	}
	keep(t, s, optIn(ana, "a"), optOut(storetest.Person("acme", 2), "b"))
	keep(t, s, optOut(ana, "c"), optOut(ana, "a"))
	links, err := s.ChainOf(ana)
	if err != nil || len(links) != 2 || links[0].Seq != 1 || links[1].Seq != 3 {
		t.Fatalf("the links are %+v, %v; want 1 and 3", links, err)
	}
	if l := links[1]; l.Kind != filter.OptedOut || !l.Recorded.Equal(noon) || l.Sum != s.Head().Sum || s.Head().Seq != 3 {
		t.Errorf("the last link is %+v, the head %+v", l, s.Head())
	}
	text, err := links[1].Sum.MarshalText()
	var back wire.Digest
	if err != nil || back.UnmarshalText(text) != nil || back != links[1].Sum || back.UnmarshalText(text[:63]) == nil {
		t.Errorf("%s does not come back", text)
	}
	head := s.Head()
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	sound(t, s, head)
	for id, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if got, err := s.Has(ana, id); got != want || err != nil {
			t.Errorf("Has(%q) is %v, %v", id, got, err)
		}
	}
}
