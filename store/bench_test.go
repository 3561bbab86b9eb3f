package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, store.Config{Dir: b.TempDir()})
			b.ReportAllocs()
			var n atomic.Int64
			work := make(chan struct{}, b.N)
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			done := make(chan error)
			b.ResetTimer()
			for range writers {
				go func() {
					for range work {
						if err := s.Append(context.Background(), optIn(person("acme", int(n.Add(1))), "id")); err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
			}
			for range writers {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// filled has people who opted out (even numbers) and in (odd ones).
func filled(b *testing.B, people int) *store.Store {
	s := open(b, store.Config{Dir: b.TempDir()})
	events := make([]filter.Event, 0, 2000)
	for i := range people {
		e := optIn(person("acme", i), "id")
		if i%2 == 0 {
			e = optOut(e.To, "id")
		}
		if events = append(events, e); len(events) == cap(events) || i == people-1 {
			keep(b, s, events...)
			events = events[:0]
		}
	}
	return s
}

func BenchmarkReadNegative(b *testing.B) {
	const people = 50_000
	s := filled(b, people)
	stranger := person("acme", people+1)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Read(stranger, filter.NeedOptOut); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkReadRecord(b *testing.B) {
	const people = 50_000
	s := filled(b, people)
	to := make([]filter.Recipient, 1000)
	for i := range to {
		to[i] = person("acme", i*37%people)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Read(to[i%len(to)], filter.NeedRecord); err != nil {
			b.Fatal(err)
		}
	}
}
