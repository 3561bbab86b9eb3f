package errands_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// BenchmarkAdd adds errands of 1 KiB, one a call, from as many goroutines as its name says. Compare
// one/s with 64: they share syncs.
func BenchmarkAdd(b *testing.B) {
	for _, adders := range []int{1, 64} {
		b.Run(fmt.Sprint(adders), func(b *testing.B) {
			var syncs, n atomic.Int64
			j := openWith(b, errands.Config{Bytes: 8 << 30}, errands.Host{Dir: b.TempDir(), Now: time.Now, Sync: func(f *os.File) error {
				syncs.Add(1)
				return f.Sync()
			}})
			body := make([]byte, 1<<10)
			b.SetParallelism((adders + 1) / 2) // of GOMAXPROCS
			if adders == 1 {
				b.SetParallelism(1)
			}
			b.ReportAllocs()
			b.ResetTimer()
			work := func() {
				i := n.Add(1)
				e := errand(fmt.Sprint(i), storetest.Person("acme", int(i)))
				e.Body = body
				if _, err := j.Add(context.Background(), e); err != nil {
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

// BenchmarkDue asks for what is due where a million wait, each in a lane of its own.
func BenchmarkDue(b *testing.B) {
	j := openWith(b, errands.Config{Bytes: 8 << 30}, errands.Host{Dir: b.TempDir()})
	var batch []errands.Errand
	for i := range 1_000_000 {
		e := errand(fmt.Sprint(i), storetest.Person("acme", i))
		e.Due = noon.Add(time.Duration(i%100_000) * time.Second)
		if batch = append(batch, e); len(batch) == 1000 {
			add(b, j, batch...)
			batch = batch[:0]
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if all, _, err := j.Due(noon.Add(time.Hour), nil, 16); err != nil || len(all) != 16 {
			b.Fatal(len(all), err)
		}
	}
}
