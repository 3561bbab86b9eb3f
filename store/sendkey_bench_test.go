package store_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// BenchmarkSendKey is all that a key adds to a send: looking for it, keeping that the send begins, and
// keeping an answer of a kilobyte, both synced, from so many senders at once. BenchmarkAppend tells what a
// sync costs on the same disk.
func BenchmarkSendKey(b *testing.B) {
	for _, senders := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			s := open(b, store.Config{Dir: b.TempDir(), Now: time.Now})
			answer := bytes.Repeat([]byte("x"), 1000)
			var next atomic.Int64
			var all sync.WaitGroup
			b.ReportAllocs()
			spent := cpuTime(b)
			b.ResetTimer()
			for range senders {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						k := sendKey(s, fmt.Sprint("order-", n), "x")
						expect(b, k, store.SendFree, "")
						if err := k.Begin(nil); err != nil {
							b.Error(err)
						}
						if err := k.Answer(answer); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			spent = cpuTime(b) - spent
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
			b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkSendKeyKnown is what a repeat costs: making the key of the request, and reading its answer.
func BenchmarkSendKeyKnown(b *testing.B) {
	s := open(b, store.Config{Dir: b.TempDir(), Now: time.Now})
	k := sendKey(s, "order-1", "x")
	storetest.Must(b, k.Begin(nil))
	storetest.Must(b, k.Answer(bytes.Repeat([]byte("x"), 1000)))
	b.ReportAllocs()
	for b.Loop() {
		if state, _, err := sendKey(s, "order-1", "x").Look(); state != store.SendAnswered || err != nil {
			b.Fatal(state, err)
		}
	}
}
