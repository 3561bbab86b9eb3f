package store_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

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
			policy := capped(b, 1<<30)
			m, r := filter.Message{To: person("acme", 0), Text: "Everything must go. Reply STOP to opt out"}, filter.Record{}
			var addresses []string
			for n := range min(c.people, 100_000) {
				addresses = append(addresses, person("acme", n).Address)
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
				slot, ok, err := count(s, policy, &m, &r, noon.Add(time.Duration(n)*time.Millisecond))
				if err != nil || !ok {
					b.Fatal(err)
				}
				if c.people == 100 {
					s.Tally().GiveBack(&slot)
				}
				n++
			}
		})
	}
}

// BenchmarkTallyMemory is what ten million recipients with a message each take, in bytes of memory a message.
//
//	go test ./store -run '^$' -bench TallyMemory -benchtime 1x
func BenchmarkTallyMemory(b *testing.B) {
	const people = 10_000_000
	for b.Loop() {
		s := open(b, store.Config{Memory: true})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		m, r := filter.Message{Text: "Sale"}, filter.Record{}
		for n := range people {
			m.To = person("acme", n)
			if _, _, err := count(s, nil, &m, &r, noon); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/people, "bytes/message")
		closeStore(b, s)
	}
}

// BenchmarkTallyOpen is how long ten million messages take to be read when a store opens.
//
//	go test ./store -run '^$' -bench TallyOpen -benchtime 1x
func BenchmarkTallyOpen(b *testing.B) {
	const messages = 10_000_000
	dir := b.TempDir()
	s := open(b, store.Config{Dir: dir})
	m, r := filter.Message{Text: "Sale"}, filter.Record{}
	for n := range messages {
		m.To = person("acme", n)
		if _, _, err := count(s, nil, &m, &r, noon); err != nil {
			b.Fatal(err)
		}
	}
	closeStore(b, s)
	for b.Loop() {
		s := open(b, store.Config{Dir: dir})
		if got := s.Tally().Len(); got != messages {
			b.Fatalf("it holds %d messages", got)
		}
		closeStore(b, s)
	}
	b.ReportMetric(float64(b.Elapsed().Seconds())/float64(b.N), "s/open")
}
