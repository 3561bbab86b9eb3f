package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// anyEvent is a random event of one of few people, in few places: so histories grow, and meet.
func anyEvent(random *rand.Rand, people int) filter.Event {
	to := storetest.Person([]string{"acme", "other", ""}[random.IntN(3)], random.IntN(people))
	if random.IntN(4) == 0 {
		to.Channel = filter.WhatsApp
	}
	e := filter.Event{ID: fmt.Sprint(random.IntN(1 << 30)), To: to, Source: "test", Kind: filter.Kind(1 + random.IntN(5))}
	if e.Kind == filter.OptedIn {
		e.Basis = filter.Basis(1 + random.IntN(3))
	}
	if random.IntN(4) == 0 {
		e.Proof.Place = []string{"DE", "US-TX", "US-TX 798", "America/Chicago"}[random.IntN(4)]
	}
	switch random.IntN(5) {
	case 0:
		e.Scope = filter.OfCategory(filter.Category(random.IntN(filter.Categories)))
	case 1:
		e.Scope = filter.OfTopic(fmt.Sprint("topic", random.IntN(40)))
	case 2:
		e.Scope = filter.OfSender(fmt.Sprint("sender", random.IntN(3)))
	}
	switch random.IntN(4) {
	case 0:
		e.Time = noon.Add(-time.Duration(random.IntN(1e9)) * time.Second)
	case 1:
		e.Time = noon.Add(-time.Duration(random.Int64N(1e17)))
	case 2:
		e.Time = time.Unix(random.Int64N(3)-1, 0) // before every record begins
	}
	return e
}

// The index says what the database says, after any history, after erasures and forgetting, after
// commits that failed and came through all the same, and when it is made anew.
func TestIndexAgreesWithDatabase(t *testing.T) {
	for _, people := range []int{3, 400, 20_000} {
		t.Run(fmt.Sprintf("%d people", people), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(people), 7))
			now := storetest.NewClock(noon)
			cfg := store.Config{Dir: t.TempDir(), Now: now.Now, KeepErased: time.Hour}
			s := open(t, cfg)
			var failing atomic.Int32 // 1: before anything is written, 2: after everything is
			fail := func() {
				store.FailCommits(s, func(real func() error) error {
					how := failing.Swap(0)
					if how != 1 {
						if err := real(); err != nil {
							return err
						}
					}
					if how > 0 {
						return errors.New("input/output error")
					}
					return nil
				})
			}
			fail()
			for step := range rounds(24, 12) {
				events := make([]filter.Event, 1+random.IntN(1500))
				for i := range events {
					events[i] = anyEvent(random, people)
				}
				switch random.IntN(6) {
				case 0:
					failing.Store(1 + random.Int32N(2))
					_ = s.Append(context.Background(), events...) // may fail
					eventually(t, "the store is well", func() bool { return s.Healthy() == nil })
				case 1:
					erase(t, s, events[0].To)
				case 2:
					now.Set(now.Now().Add(2 * time.Hour))
					storetest.Must(t, store.Sweep(s))
				case 3:
					closeStore(t, s)
					s = open(t, cfg)
					fail()
				default:
					keep(t, s, events...)
				}
				if err := store.CompareIndex(s); err != nil {
					t.Fatalf("step %d: %v", step, err)
				}
			}
			sound(t, s)
		})
	}
}

// A read sees every append that was acknowledged, while others append, and never half of one.
func TestIndexWhileAppending(t *testing.T) {
	s := open(t, store.Config{Memory: true, Now: time.Now})
	const people = 4000
	var seen [people]atomic.Int64 // latest acknowledged inbound message, as nanoseconds
	var all sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 1))
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				i := random.IntN(people/4)*4 + w
				e := filter.Event{To: storetest.Person("acme", i), Kind: filter.Wrote, Source: "test", Time: noon.Add(time.Duration(n))}
				if err := s.Append(context.Background(), e, optOut(storetest.Person("", i), fmt.Sprint(n))); err != nil {
					t.Error(err)
					return
				}
				seen[i].Store(e.Time.UnixNano())
			}
		})
	}
	var r filter.Record
	random := rand.New(rand.NewPCG(9, 9))
	for range 200_000 {
		i := random.IntN(people)
		at := seen[i].Load()
		if err := s.ReadInto(&r, storetest.Person("acme", i), filter.NeedOptOut); err != nil {
			t.Fatal(err)
		}
		if at > 0 && (r.LastInbound.UnixNano() < at || len(r.Consents) != 1) {
			t.Fatalf("recipient %d: an append was acknowledged, but the record is %+v", i, r)
		}
	}
	close(stop)
	all.Wait()
	storetest.Must(t, store.CompareIndex(s))
}

// With more recipients than it may hold in memory the store reads from disk, and says the same.
func TestIndexTooSmall(t *testing.T) {
	registry := prometheus.NewRegistry()
	cfg := store.Config{Dir: t.TempDir(), Index: 500, Metrics: registry}
	s := open(t, cfg)
	random := rand.New(rand.NewPCG(5, 5))
	want := map[filter.Recipient]filter.Record{}
	check := func(indexed bool) {
		t.Helper()
		storetest.Must(t, store.CompareIndex(s))
		if store.Indexed(s) != indexed || (metric(t, registry, "sendgate_store_indexed", "") > 0) != indexed {
			t.Fatalf("with %d recipients they are in memory: %v", s.Recipients(), !indexed)
		}
		for to, record := range want {
			if to.Brand != "" {
				record = record.With(want[to.Everywhere()])
			}
			if got := read(t, s, to, filter.NeedRecord); !reflect.DeepEqual(got, record) {
				t.Fatalf("%v reads as %+v, want %+v", to, got, record)
			}
		}
	}
	for _, people := range []int{10, 5000} {
		var events []filter.Event
		for range 2000 {
			e := anyEvent(random, people)
			if e.Time.IsZero() {
				e.Time = noon
			}
			events = append(events, e)
			want[e.To] = want[e.To].After(e)
		}
		keep(t, s, events...)
		check(people == 10)
	}
	keep(t, s, optOut(storetest.Person("acme", 1), "late"))
	e := optOut(storetest.Person("acme", 1), "late")
	e.Time = noon
	want[e.To] = want[e.To].After(e)
	check(false)
	closeStore(t, s)
	s = open(t, cfg)
	check(false)
	closeStore(t, s)
	cfg.Index = 0
	s = open(t, cfg)
	check(true)
}

// A person who is known in very many places fills a page that cannot be split.
func TestOnePersonEverywhere(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	const brands = 1500
	var events []filter.Event
	for i := range brands {
		e := optIn(storetest.Person(fmt.Sprint("brand", i), 1), "in")
		e.Scope = filter.OfTopic(fmt.Sprint("a topic of its own", i))
		events = append(events, e)
	}
	keep(t, s, events...)
	storetest.Must(t, store.CompareIndex(s))
	for _, i := range []int{0, 700, brands - 1} {
		r := read(t, s, storetest.Person(fmt.Sprint("brand", i), 1), filter.NeedRecord)
		if len(r.Consents) != 1 || r.Consents[0].Scope != events[i].Scope {
			t.Errorf("brand %d: %+v", i, r)
		}
	}
}

func TestAllocs(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	known := storetest.Person("acme", 1)
	more := optIn(known, "more")
	more.Scope = filter.OfTopic("offers")
	keep(t, s, optOut(known, "stop"), optIn(known, "start"), more, optOut(known.Everywhere(), "stop"), optOut(storetest.Person("other", 2), "stop"))
	for name, c := range map[string]struct {
		to   filter.Recipient
		need filter.Need
	}{
		"somebody who opted out":                       {known, filter.NeedOptOut},
		"the record of the brand and of every brand":   {known, filter.NeedRecord},
		"a stranger whose record is needed":            {storetest.Person("acme", 3), filter.NeedRecord},
		"a stranger in a place that nobody has":        {storetest.Person("nobody", 3), filter.NeedRecord},
		"a stranger of whom opt-outs alone matter":     {storetest.Person("acme", 4), filter.NeedOptOut},
		"somebody who opted out with another brand":    {storetest.Person("acme", 2), filter.NeedOptOut},
		"an address that is longer than any number is": {filter.Recipient{Brand: "acme", Channel: filter.Messenger, Address: "a-user-id-of-some-length-that-takes-several-blocks"}, filter.NeedRecord},
	} {
		t.Run(name, func(t *testing.T) {
			var r filter.Record
			allocs := testing.AllocsPerRun(1000, func() {
				if err := s.ReadInto(&r, c.to, c.need); err != nil {
					t.Error(err)
				}
			})
			if allocs != 0 {
				t.Errorf("ReadInto allocates %v times", allocs)
			}
		})
	}
}
