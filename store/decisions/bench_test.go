//go:build unix

package decisions_test

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/ulid"
)

var logEntries = flag.Int("log-entries", 100_000, "how many entries BenchmarkFirstPage looks through")

// A traffic is entries as a gate writes them: decision ids with their 80 random bits, random numbers
// of three countries, 5,000 messages a second at random moments. Of ten, five are of a campaign and
// differ by a first name, four are notices with a name and an order number, one is a campaign on
// another channel with a template and no text. One in a hundred is blocked, and one in ten carries a
// footer; answers take 0.4 to 4 ms.
type traffic struct {
	random *rand.Rand
	at     time.Time
}

var firstNames = []string{"Ana", "Ben", "Carla", "Dmitri", "Eleni", "Farid", "Grace", "Hiroshi", "Ines", "Jonas", "Katarzyna",
	"Liam", "Mei", "Noor", "Olga", "Pedro", "Quinn", "Rosa", "Sven", "Tom", "Uma", "Victoria", "Wei", "Ximena", "Yusuf", "Zoë",
	"Alexander", "Beatriz", "Christopher", "Dana", "Emil", "Fatima", "Giulia", "Hans", "Irina", "Joseph", "Kim", "Lucia"}

func newTraffic() *traffic { return &traffic{rand.New(rand.NewPCG(1, 2)), noon} }

func (t *traffic) number() string {
	return fmt.Sprintf([]string{"+1%010d", "+49151%08d", "+447%09d"}[t.random.IntN(3)], t.random.Int64N(1e8)+2e7)
}

// next is one entry of the mix.
func (t *traffic) next() decisions.Entry {
	t.at = t.at.Add(time.Duration(t.random.ExpFloat64() * float64(time.Second) / 5000))
	e := decisions.Entry{ID: ulid.New(t.at), Time: t.at, Route: "twilio", Provider: "twilio", Mode: "enforce", Config: "3f9a6c1e",
		To: filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: t.number()}, From: "+15559990000", Enforced: true,
		Action: filter.Forward, Reason: filter.Allowed, Outcome: "answered", Status: 201, Micros: 400 + t.random.Int64N(3600)}
	name := firstNames[t.random.IntN(len(firstNames))]
	switch n := t.random.IntN(10); {
	case n < 5:
		e.Topic, e.Campaign = "offers", "spring-2026"
		e.Text = "Hi " + name + ", our spring sale has begun: 20% off everything until Sunday, in the shop and at https://acme.example/spring"
	case n < 9:
		e.Category, e.Topic = filter.Utility, "order-updates"
		e.Text = fmt.Sprintf("Hello %s, your order %07d has left our warehouse and will be with you tomorrow between 9 and 12.", name, t.random.IntN(1e7))
	default:
		e.Route, e.Provider, e.To.Channel, e.From = "whatsapp", "whatsapp", filter.WhatsApp, "106540352242922"
		e.Topic, e.Campaign, e.Template, e.Status = "offers", "spring-2026", "spring_sale", 200
	}
	if e.Known = uint64(t.at.Sub(noon) / (100 * time.Millisecond)); e.Text != "" { // ten events a second
		e.Room = 1600 - utf8.RuneCountInString(e.Text)
	}
	switch n := t.random.IntN(100); {
	case n == 0:
		e.Action, e.Reason, e.Rule, e.Outcome, e.Status = filter.Block, filter.HasOptedOut, "opt-out", "refused", 0
	case n < 11:
		e.Action, e.Reason, e.Rule, e.Footer = filter.Rewrite, filter.Content, "footer", "Reply STOP to opt out"
	}
	return e
}

// cpu is what the process has used of its processors, in all its threads.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	storetest.Must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// diskBytes is the size of the files of the decision log in dir.
func diskBytes(b *testing.B, dir string) (n int64) {
	storetest.Must(b, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		n += info.Size()
		return err
	}))
	return n
}

// BenchmarkLog is what an entry costs in all: handing it over, writing it to the tail, packing it
// into a block and writing that. cpu-ns/op is of all threads, tail and block included; disk-B/op is
// of the blocks.
func BenchmarkLog(b *testing.B) {
	const batch = 8192
	t := newTraffic()
	entries := make([]decisions.Entry, batch)
	for _, where := range []string{"disk", "memory"} {
		b.Run(where, func(b *testing.B) {
			var cfg decisions.Config
			if where == "disk" {
				cfg.Dir = b.TempDir()
			}
			l := open(b, cfg)
			var used time.Duration
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; done += batch {
				b.StopTimer()
				for i := range entries {
					entries[i] = t.next()
				}
				b.StartTimer()
				before := cpu(b)
				for i, e := range entries[:min(batch, b.N-done)] {
					if l.Add(e); i%500 == 499 { // a tenth of a second of the traffic
						decisions.Flush(l)
					}
				}
				decisions.Flush(l)
				used += cpu(b) - before
			}
			b.StopTimer()
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
			if n := decisions.Blocks(l); n > 0 && cfg.Dir != "" {
				closeLog(b, l)
				b.ReportMetric(float64(diskBytes(b, cfg.Dir))/float64(b.N), "disk-B/op")
				return
			}
			closeLog(b, l)
		})
	}
}

// BenchmarkFirstPage reads the newest fifty entries that a query chooses, of -log-entries, and tells
// what an entry takes in memory:
//
//	go test ./store/decisions -run '^$' -bench FirstPage -log-entries 10000000
func BenchmarkFirstPage(b *testing.B) {
	before := heap()
	l := open(b, decisions.Config{Dir: b.TempDir()})
	t := newTraffic()
	rare := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}
	for i := range *logEntries {
		e := t.next()
		if i%(*logEntries/5) == 0 { // five entries in all
			e.To = rare
		}
		if i == *logEntries/3 {
			e.Action, e.Reason = filter.Block, filter.WindowClosed
		}
		if l.Add(e); i%2048 == 0 {
			decisions.Flush(l)
		}
	}
	decisions.Flush(l)
	index := float64(heap()-before) / float64(*logEntries)
	blocked, optedOut, closed := filter.Block, filter.HasOptedOut, filter.WindowClosed
	for _, c := range []struct {
		name string
		q    decisions.Query
		want int
	}{
		{"newest", decisions.Query{}, 50},
		{"recipient=rare", decisions.Query{To: filter.Recipient{Address: rare.Address}}, 5},
		{"recipient=absent", decisions.Query{To: filter.Recipient{Address: "+14155550199"}}, 0},
		{"reason=common", decisions.Query{Reason: &optedOut}, 50},
		{"reason=rare", decisions.Query{Reason: &closed}, 1},
		{"reason=absent-campaign", decisions.Query{Action: &blocked, Campaign: "autumn"}, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.q.Limit = 50
			var each []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				if got := len(ids(b, l, c.q)); got != c.want {
					b.Fatalf("%d entries, want %d", got, c.want)
				}
				each = append(each, time.Since(start))
			}
			slices.Sort(each)
			b.ReportMetric(float64(each[len(each)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(index, "index-B/entry")
		})
	}
	b.Run("entry", func(b *testing.B) {
		id := ids(b, l, decisions.Query{To: filter.Recipient{Address: rare.Address}})[2]
		for b.Loop() {
			if _, ok, err := l.Entry(id); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
}
