package tally_test

import (
	"runtime"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// BenchmarkMemory is what ten million recipients with a message each take, in bytes of memory a message.
//
//	go test ./store/tally -run '^$' -bench Memory -benchtime 1x
func BenchmarkMemory(b *testing.B) {
	const people = 10_000_000
	for b.Loop() {
		book := open(b, tally.Config{})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		m, r := filter.Message{Text: "Sale"}, filter.Record{}
		for n := range people {
			m.To = storetest.Person("acme", n)
			if _, _, err := count(book, nil, &m, &r, noon); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/people, "bytes/message")
		storetest.Must(b, book.Close())
	}
}

// BenchmarkOpen is how long ten million messages take to be read when a tally opens.
//
//	go test ./store/tally -run '^$' -bench Open -benchtime 1x
func BenchmarkOpen(b *testing.B) {
	const messages = 10_000_000
	dir := b.TempDir()
	book := open(b, tally.Config{Dir: dir})
	stop := keep(book)
	m, r := filter.Message{Text: "Sale"}, filter.Record{}
	for n := range messages {
		m.To = storetest.Person("acme", n)
		if _, _, err := count(book, nil, &m, &r, noon); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	storetest.Must(b, book.Close())
	for b.Loop() {
		book := open(b, tally.Config{Dir: dir})
		if got := book.Len(); got != messages {
			b.Fatalf("it holds %d messages", got)
		}
		storetest.Must(b, book.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Seconds())/float64(b.N), "s/open")
}
