package store_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// BenchmarkRead reads what is known of a recipient: of a stranger, where the Bloom filter answers,
// of somebody known to one brand, to every brand too, and all of it while others append.
func BenchmarkRead(b *testing.B) {
	s := open(b, store.Config{Dir: b.TempDir(), Now: time.Now})
	people := *readPeople
	fill(b, s, people, func(i int) filter.Event {
		e := optIn(storetest.Person("acme", i), "id")
		switch i % 4 {
		case 0:
			e = optOut(e.To, "id")
		case 1:
			e.To.Brand = ""
		}
		return e
	})
	to := make([]filter.Recipient, 1<<16)
	recipients := func(choose func(i int) int) []filter.Recipient {
		random := rand.New(rand.NewPCG(1, 1))
		for i := range to {
			to[i] = storetest.Person("acme", choose(random.IntN(people)))
		}
		return to
	}
	appending := false
	for _, c := range []struct {
		name   string
		need   filter.Need
		choose func(i int) int
	}{
		{"negative", filter.NeedOptOut, func(i int) int { return people + i }},
		{"opted-out", filter.NeedOptOut, func(i int) int { return i &^ 3 }},
		{"stranger", filter.NeedRecord, func(i int) int { return people + i }},
		{"record", filter.NeedRecord, func(i int) int { return i | 3 }},
		{"every-brand", filter.NeedRecord, func(i int) int { return i&^3 + 1 }},
	} {
		for _, appending = range []bool{false, true} {
			name := c.name
			if appending {
				name += "/appending"
			}
			b.Run(name, func(b *testing.B) {
				to := recipients(c.choose)
				if appending {
					defer appendMeanwhile(b, s)()
				}
				var r filter.Record
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if err := s.ReadInto(&r, to[i&(len(to)-1)], c.need); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

var readPeople = flag.Int("read.people", 100_000, "how many recipients BenchmarkRead knows")

// appendMeanwhile appends one event after the other until the function that it returns is called.
func appendMeanwhile(b *testing.B, s *store.Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; n++ {
			if err := s.Append(ctx, optOut(storetest.Person("later", n%1000), "")); err != nil && ctx.Err() == nil {
				b.Error(err)
			}
		}
	}()
	return func() { cancel(); <-done }
}
