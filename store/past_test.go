package store_test

import (
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// Whoever looks back from any number on is told what was known at it, whatever is learnt meanwhile.
func TestPastKnowsWhatWasKnown(t *testing.T) {
	now := storetest.NewClock(noon)
	s := open(t, store.Config{Memory: true, Now: now.Now})
	random := rand.New(rand.NewPCG(1, 2))
	learn := func() {
		now.Set(now.Now().Add(time.Second))
		to := storetest.Person("acme", random.IntN(40))
		if random.IntN(4) == 0 {
			to = to.Everywhere()
		}
		e := filter.Event{To: to, Source: "test", Kind: filter.OptedOut, Time: noon.Add(-time.Duration(random.IntN(1e6)) * time.Second)}
		if random.IntN(2) == 0 {
			e.Kind, e.Basis = filter.OptedIn, filter.Express
		}
		keep(t, s, e)
	}
	type moment struct {
		entry decisions.Entry
		to    filter.Recipient
		want  filter.Record
	}
	var moments []moment
	for range 600 {
		learn()
		to := storetest.Person("acme", random.IntN(80)) // half of them are strangers
		rec, err := s.Read(to, filter.NeedRecord)
		storetest.Must(t, err)
		moments = append(moments, moment{decisions.Entry{Time: now.Now(), Known: s.Seq()}, to, rec})
	}
	past := s.Past()
	var others sync.WaitGroup
	others.Go(func() {
		for range 200 {
			keep(t, s, optOut(storetest.Person("acme", 79), ""))
		}
	})
	for _, i := range random.Perm(len(moments)) {
		m := &moments[i]
		got, _, unsure, err := past.Record(m.to, &m.entry)
		if err != nil || unsure || !reflect.DeepEqual(got, m.want) {
			t.Fatalf("at event %d: %+v, %v, %v, want %+v", m.entry.Known, got, unsure, err, m.want)
		}
		m.entry.Known = 0 // an entry that does not say goes by its time
		if got, _, _, err := past.Record(m.to, &m.entry); err != nil || !reflect.DeepEqual(got, m.want) {
			t.Fatalf("at %s: %+v, %v, want %+v", m.entry.Time, got, err, m.want)
		}
	}
	others.Wait()
}
