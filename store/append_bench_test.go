package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// BenchmarkAppend appends synced events one at a time from so many writers at once. floor-µs is the
// median of a write of 150 bytes and its fdatasync on the same disk, before and after: x-floor is
// how many of these the median append takes.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 128} {
		for _, known := range []bool{false, true} {
			b.Run(fmt.Sprintf("writers=%d/known=%v", writers, known), func(b *testing.B) { benchAppend(b, writers, known) })
		}
	}
}

func benchAppend(b *testing.B, writers int, known bool) {
	const people = 100_000
	s := open(b, store.Config{Dir: b.TempDir(), Now: time.Now})
	if known {
		fill(b, s, people, func(i int) filter.Event { return optIn(storetest.Person("acme", i), "import") })
	}
	floor := syncFloor(b)
	b.ReportAllocs()
	var next atomic.Int64
	took := make([][]time.Duration, writers)
	var all sync.WaitGroup
	spent := cpuTime(b)
	b.ResetTimer()
	for w := range writers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 0))
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				to := storetest.Person("acme", int(n))
				if known {
					to = storetest.Person("acme", random.IntN(people))
				}
				start := time.Now()
				if err := s.Append(context.Background(), optOut(to, fmt.Sprint("stop", n))); err != nil {
					b.Error(err)
					return
				}
				took[w] = append(took[w], time.Since(start))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	spent = cpuTime(b) - spent
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
	each := slices.Concat(took...)
	slices.Sort(each)
	floor = append(floor, syncFloor(b)...)
	slices.Sort(floor)
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	b.ReportMetric(micros(each[len(each)/2]), "p50-µs")
	b.ReportMetric(micros(each[len(each)*99/100]), "p99-µs")
	b.ReportMetric(micros(floor[len(floor)/2]), "floor-µs")
	b.ReportMetric(float64(each[len(each)/2])/float64(floor[len(floor)/2]), "x-floor")
}

// fill keeps n events, many at once.
func fill(b testing.TB, s *store.Store, n int, event func(int) filter.Event) {
	b.Helper()
	events := make([]filter.Event, 0, 1000)
	for i := range n {
		if events = append(events, event(i)); len(events) == cap(events) || i == n-1 {
			keep(b, s, events...)
			events = events[:0]
		}
	}
}
