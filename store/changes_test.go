package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// changes walks the changes after since, which must be numbered without a gap, and returns them.
func changes(t testing.TB, s *store.Store, since uint64) (all []store.Change) {
	t.Helper()
	for c, err := range s.Changes(since) {
		if err != nil {
			t.Fatal(err)
		}
		if since++; c.Link.Seq != since {
			t.Fatalf("change %d comes after change %d", c.Link.Seq, since-1)
		}
		all = append(all, c)
	}
	return all
}

// A cursor that goes on where it ended sees every event once, in order, while they are appended.
func TestChangesWhileAppending(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	const writers, each = 8, 150
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range each {
				events := []filter.Event{optOut(storetest.Person("acme", n), fmt.Sprint(w))}
				for more := range n % 4 {
					events = append(events, optIn(storetest.Person("acme", 1000+n), fmt.Sprint(w, more)))
				}
				if err := s.Append(context.Background(), events...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	seen := map[string]bool{}
	var since uint64
	for last := false; ; {
		for _, c := range changes(t, s, since) {
			key := c.Event.To.Address + " " + c.Event.ID
			if seen[key] {
				t.Fatalf("%s came twice", key)
			}
			seen[key] = true
			if c.Link.Kind != c.Event.Kind || !c.Link.Recorded.Equal(c.Event.Recorded) {
				t.Fatalf("the link %+v is not of %+v", c.Link, c.Event)
			}
			since = c.Link.Seq
		}
		if last {
			break
		}
		select {
		case <-ended:
			last = true
		default:
		}
	}
	if since != s.Head().Seq || since < writers*each {
		t.Errorf("the walk ended with %d of %d", since, s.Head().Seq)
	}
	if len(seen) != int(since) {
		t.Errorf("%d events came, want %d", len(seen), since)
	}
	for _, from := range []uint64{0, 1, since / 2, since - 1, since, since + 10} {
		if n := len(changes(t, s, from)); n != int(max(since, from)-from) {
			t.Errorf("after number %d came %d changes", from, n)
		}
	}
	for range s.Changes(0) {
		break // leaving early is fine
	}
}

// Whatever part of the chain or event does not read, or is missing, those who walk it are told which numbers are lost,
// and come to all others.
func TestChangesGoOnBehindWhatIsLost(t *testing.T) {
	s := chained(t)
	all, end := store.Dump(s), s.Head().Seq
	want := changes(t, s, 0)
	for key, value := range all {
		if key[0] != 'c' && key[0] != 'e' {
			continue
		}
		first, last := where(all, key)
		spoilt := slices.Clone(value)
		spoilt[len(value)/2] ^= 1
		for how, value := range map[string][]byte{"spoilt": spoilt, "missing": nil} {
			storetest.Must(t, store.Put(s, map[string][]byte{key: value}))
			for since := range end {
				at, lost := since, uint64(0)
				for c, err := range s.Changes(since) {
					if err == nil {
						if at++; !reflect.DeepEqual(c, want[at-1]) {
							t.Fatalf("links %d to %d %s: after %d came %+v", first, last, how, at-1, c)
						}
						continue
					}
					gap, ok := errors.AsType[*store.Lost](err)
					if !ok {
						t.Fatalf("links %d to %d %s, after %d: %v", first, last, how, at, err)
					}
					if gap.First != max(first, since+1) || gap.Last != last || gap.Sum != want[last-1].Link.Sum || gap.First != at+1 {
						t.Errorf("links %d to %d %s, after %d: lost are %+v", first, last, how, at, gap)
					}
					if link := want[last-1].Link; key[0] == 'e' && (gap.Link == nil || *gap.Link != link) || key[0] == 'c' && gap.Link != nil {
						t.Errorf("links %d to %d %s: the place of the lost is %+v, want %+v", first, last, how, gap.Link, link)
					}
					at, lost = gap.Last, gap.Last
				}
				if at != end || (lost == last) != (since < last) {
					t.Errorf("links %d to %d %s: from %d the walk came to %d, and lost %d", first, last, how, since, at, lost)
				}
			}
		}
		storetest.Must(t, store.Put(s, map[string][]byte{key: value}))
	}
}
