package store_test

import (
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// take counts one message.
func take(t testing.TB, s *store.Store, m filter.Message, now time.Time) tally.Slot {
	t.Helper()
	var r filter.Record
	turn, err := s.Tally().Turn(&m, &r, now)
	storetest.Must(t, err)
	defer turn.End()
	slot, err := turn.Take(&tally.Claims{Place: true})
	storetest.Must(t, err)
	return slot
}

func tallyOf(t testing.TB, s *store.Store, m filter.Message, now time.Time) filter.Tally {
	t.Helper()
	var r filter.Record
	storetest.Must(t, s.Tally().Read(&m, &r, now))
	return r.Tally
}

// reserve decides about a message that must pass, as a gate does, and takes its place.
func reserve(t testing.TB, s *store.Store, policy filter.Policy, m *filter.Message, r *filter.Record, now time.Time) tally.Slot {
	turn, err := s.Tally().Turn(m, r, now)
	if err != nil {
		t.Fatal(err)
	}
	defer turn.End()
	if d := policy.Decide(m, r, now); d.Action == filter.Block {
		t.Fatal(d.Reason)
	}
	slot, err := turn.Take(&tally.Claims{Place: true})
	if err != nil {
		t.Fatal(err)
	}
	return slot
}

func reserving(t testing.TB, caps filter.Caps, duplicates filter.Duplicates) filter.Policy {
	t.Helper()
	policy, err := filter.New(filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis}, Caps: caps, Duplicates: duplicates})
	storetest.Must(t, err)
	return policy
}

// Deciding and taking a place costs no memory that the collector has to find, whatever the topics.
func TestReserveAllocatesNothing(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	policy := reserving(t, filter.Caps{Rows: []filter.Cap{{Most: 5, Within: time.Hour, SameTopic: true}, {Most: 9, Within: time.Hour}}},
		filter.Duplicates{Within: time.Hour, Categories: []filter.Category{filter.Utility}})
	m := filter.Message{To: storetest.Person("acme", 1), Topic: "offers", Others: [4]string{"news", "club", "spring"}, Text: "Sale"}
	var r filter.Record
	for range 3 {
		take(t, s, m, noon)
	}
	allocs := testing.AllocsPerRun(1000, func() {
		slot := reserve(t, s, policy, &m, &r, noon)
		s.Tally().GiveBack(&slot)
	})
	if allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// BenchmarkReserve is what counting adds to a send: the turn, the cap and the place, written to its file.
// "memory" leaves the file out, and "hundredth" is for recipients who have a hundred messages each.
//
//	go test ./store -run '^$' -bench Reserve -benchmem
func BenchmarkReserve(b *testing.B) {
	for _, c := range []struct {
		name   string
		cfg    store.Config
		people int
	}{{"file", store.Config{}, 1 << 30}, {"memory", store.Config{Memory: true}, 1 << 30}, {"hundredth", store.Config{Memory: true}, 100}} {
		b.Run(c.name, func(b *testing.B) {
			if !c.cfg.Memory {
				c.cfg.Dir = b.TempDir()
			}
			s := open(b, c.cfg)
			policy := reserving(b, filter.Caps{Rows: []filter.Cap{{Most: 1 << 30, Within: 24 * time.Hour}}}, filter.Duplicates{})
			m, r := filter.Message{To: storetest.Person("acme", 0), Text: "Everything must go. Reply STOP to opt out"}, filter.Record{}
			var addresses []string
			for n := range min(c.people, 100_000) {
				addresses = append(addresses, storetest.Person("acme", n).Address)
			}
			if c.people == 100 {
				for n := range 100 * 100 {
					m.To.Address = addresses[n%100]
					take(b, s, m, noon)
				}
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				m.To.Address = addresses[n%len(addresses)]
				slot := reserve(b, s, policy, &m, &r, noon.Add(time.Duration(n)*time.Millisecond))
				if c.people == 100 {
					s.Tally().GiveBack(&slot)
				}
				n++
			}
		})
	}
}
