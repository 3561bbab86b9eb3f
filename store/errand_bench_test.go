package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
)

// BenchmarkAddErrands adds errands of 1 KiB, one a call, from as many goroutines as its name says. Compare
// one/s with 64: they share syncs.
func BenchmarkAddErrands(b *testing.B) {
	for _, adders := range []int{1, 64} {
		b.Run(fmt.Sprint(adders), func(b *testing.B) {
			s := open(b, store.Config{Dir: b.TempDir(), Now: time.Now, Errands: store.Errands{Bytes: 8 << 30}})
			var syncs, n atomic.Int64
			store.FailSyncs(s, func(real func() error) error { syncs.Add(1); return real() })
			body := make([]byte, 1<<10)
			b.SetParallelism((adders + 1) / 2) // of GOMAXPROCS
			if adders == 1 {
				b.SetParallelism(1)
			}
			b.ReportAllocs()
			b.ResetTimer()
			work := func() {
				i := n.Add(1)
				e := errand(fmt.Sprint(i), person("acme", int(i)))
				e.Body = body
				if _, err := s.Errands().Add(context.Background(), e); err != nil {
					b.Error(err)
				}
			}
			if adders == 1 {
				for b.Loop() {
					work()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						work()
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "errands/s")
			b.ReportMetric(float64(syncs.Load())/float64(b.N), "syncs/op")
		})
	}
}

// BenchmarkDueErrands asks for what is due where a million wait, each in a lane of its own.
func BenchmarkDueErrands(b *testing.B) {
	s := open(b, store.Config{Dir: b.TempDir(), Errands: store.Errands{Bytes: 8 << 30}})
	var batch []store.Errand
	for i := range 1_000_000 {
		e := errand(fmt.Sprint(i), person("acme", i))
		e.Due = noon.Add(time.Duration(i%100_000) * time.Second)
		if batch = append(batch, e); len(batch) == 1000 {
			addErrands(b, s, batch...)
			batch = batch[:0]
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if errands, _, err := s.Errands().Due(noon.Add(time.Hour), nil, 16); err != nil || len(errands) != 16 {
			b.Fatal(len(errands), err)
		}
	}
}
