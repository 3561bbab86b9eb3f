//go:build unix

package console_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

var logEntries = flag.Int("log-entries", 200_000, "how many decisions BenchmarkConsole10M looks through")

// logDays is how many days the decisions are spread over.
const logDays = 30

var logEnd = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// A busyLog is a month of a gate with three routes: broadcasts of a campaign each, notices in between, a test
// message to one number a minute, one in fifty blocked.
type busyLog struct {
	random *rand.Rand
	n      int
}

var firstNames = []string{"Ana", "Ben", "Carla", "Dmitri", "Eleni", "Farid", "Grace", "Hiroshi", "Ines", "Jonas", "Katarzyna", "Liam", "Mei", "Noor"}

const (
	monitored = "+14155550100"
	seldom    = "+14155550177"
)

func (l *busyLog) entry(i int) store.Entry {
	at := logEnd.Add(-logDays * 24 * time.Hour).Add(time.Duration(float64(i) / float64(l.n) * float64(logDays*24*time.Hour)))
	e := store.Entry{ID: store.NewID(at), Time: at, Route: "twilio", Provider: "twilio", Mode: "enforce", Config: "3f9a6c1e",
		To:   filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: fmt.Sprintf("+4915%09d", l.random.IntN(1e9))},
		From: fmt.Sprintf("+1555999%04d", l.random.IntN(20)), Enforced: true, Action: filter.Forward, Reason: filter.Allowed,
		Outcome: "answered", Status: 201, Micros: 400 + l.random.Int64N(3600), Known: uint64(i / 100)}
	name := firstNames[l.random.IntN(len(firstNames))]
	switch n := l.random.IntN(10); {
	case n < 6:
		e.Topic, e.Campaign = "offers", fmt.Sprint("broadcast-", i*400/l.n)
		e.Text = "Hi " + name + ", our spring sale has begun: 20% off everything until Sunday, in the shop and at https://acme.example/spring"
	case n < 9:
		e.Category, e.Topic, e.Template = filter.Utility, "orders", "order_shipped"
		e.Text = fmt.Sprintf("Hello %s, your order %07d has left our warehouse and will be with you tomorrow between 9 and 12.", name, l.random.IntN(1e7))
		e.Route, e.Provider, e.To.Channel, e.From = "whatsapp", "whatsapp", filter.WhatsApp, "106540352242922"
	default:
		e.Route, e.Mode, e.Enforced, e.Topic, e.Campaign = "vonage", "report", false, "news", "newsletter"
	}
	switch n := l.random.IntN(1000); {
	case n < 15:
		e.Action, e.Reason, e.Rule, e.Outcome, e.Status = filter.Block, filter.HasOptedOut, "opt-out", "refused", 0
	case n < 20 && e.Category == filter.Marketing:
		e.Action, e.Reason, e.Rule, e.Outcome, e.Status = filter.Block, filter.NoConsent, "consent", "refused", 0
	case n < 120:
		e.Action, e.Reason, e.Rule, e.Footer = filter.Rewrite, filter.Content, "footer", "Reply STOP to opt out"
	}
	if !e.Enforced {
		e.Outcome = "answered"
	}
	switch {
	case i%(l.n/5) == 7: // five in all
		e.To.Address = seldom
	case i == l.n/3:
		e.Template, e.Rule, e.Topic = "long_gone", "odd", "retired"
	case i%max(1, l.n/(logDays*24*60)) == 0:
		e.To.Address, e.Action, e.Reason = monitored, filter.Forward, filter.Allowed
	}
	return e
}

// fill logs all, as fast as the log takes it.
func (l *busyLog) fill(b *testing.B, s *store.Store, gather prometheus.Gatherer) {
	b.Helper()
	gauge := func(name string) (sum float64) {
		families, err := gather.Gather()
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				for _, m := range f.GetMetric() {
					sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
				}
			}
		}
		return sum
	}
	for i := range l.n {
		s.Log(l.entry(i))
		for i%4096 == 0 && gauge("sendgate_log_pending_bytes") > 4<<20 {
			time.Sleep(time.Millisecond)
		}
	}
	if n := gauge("sendgate_log_dropped_total"); n > 0 {
		b.Fatalf("%v decisions were dropped", n)
	}
}

// noGate is a gate of which nothing is asked.
type noGate struct{ console.Gate }

func openBusy(b *testing.B, dir string, registry *prometheus.Registry) (*store.Store, *console.Server) {
	b.Helper()
	now := func() time.Time { return logEnd }
	s, err := store.Open(store.Config{Dir: dir, Now: now, Metrics: registry})
	if err != nil {
		b.Fatal(err)
	}
	server, err := console.New(console.Config{Tokens: []console.Token{{Name: "vera", Role: console.Viewer, Secret: "viewer-secret-0123456789"}}, Store: s, Now: now, Gate: noGate{}, Reload: func() error { return nil }, Metrics: prometheus.NewRegistry()})
	if err != nil {
		b.Fatal(err)
	}
	return s, server
}

// cpu is what the process has used of its processors.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// timed runs f as a benchmark, and reports what it takes of the processors, which a busy machine does not
// change much, and the time that one in a hundred takes longer.
func timed(b *testing.B, name string, f func(b *testing.B)) {
	b.Run(name, func(b *testing.B) {
		var each []time.Duration
		before := cpu(b)
		for b.Loop() {
			start := time.Now()
			f(b)
			each = append(each, time.Since(start))
		}
		b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		slices.Sort(each)
		b.ReportMetric(float64(each[len(each)*99/100].Microseconds())/1000, "p99-ms")
	})
}

// BenchmarkConsole10M asks the admin API for pages, counts and an export of a long decision log; p99-ms is
// to stay below 200, and the memory of the export the same for any length:
//
//	go test ./proxy/console -run '^$' -bench Console10M -log-entries 10000000 -timeout 30m
func BenchmarkConsole10M(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "data")
	registry := prometheus.NewRegistry()
	s, server := openBusy(b, dir, registry)
	l := &busyLog{rand.New(rand.NewPCG(1, 2)), *logEntries}
	start := time.Now()
	l.fill(b, s, registry)
	b.Logf("%d decisions were logged in %s", l.n, time.Since(start).Round(time.Second))
	client := server.As("vera", console.Viewer)
	for _, c := range busyQueries() {
		c.q.Limit = 50
		timed(b, "page/"+c.name, func(b *testing.B) {
			page, err := client.Decisions(b.Context(), console.DecisionQuery{Query: c.q})
			if err != nil || c.want >= 0 && len(page.Decisions) != c.want {
				b.Fatalf("%d decisions, %v, want %d", len(page.Decisions), err, c.want)
			}
		})
	}
	for _, q := range busyStats() {
		timed(b, "stats/"+q.name, func(b *testing.B) {
			st, err := client.Stats(b.Context(), q.q)
			if err != nil || st.Total.Decisions == 0 {
				b.Fatal(st, err)
			}
		})
	}
	for _, format := range []string{"csv", "jsonl"} {
		b.Run("export/"+format, func(b *testing.B) { exportBusy(b, client, format, l.n) })
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	timed(b, "stats/after-opening", func(b *testing.B) {
		b.StopTimer()
		s, server := openBusy(b, dir, prometheus.NewRegistry())
		b.StartTimer()
		if _, err := server.As("vera", console.Viewer).Stats(b.Context(), console.StatsQuery{Since: logEnd.Add(-logDays * 24 * time.Hour)}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	})
}

type busyQuery struct {
	name string
	q    store.Query
	want int
}

func busyQueries() []busyQuery {
	block, rewrite, utility := filter.Block, filter.Rewrite, filter.Utility
	optedOut, noConsent := filter.HasOptedOut, filter.NoConsent
	middle := store.NewID(logEnd.Add(-logDays * 12 * time.Hour))
	return []busyQuery{
		{"newest", store.Query{}, 50},
		{"next-page", store.Query{Before: middle}, 50},
		{"blocked", store.Query{Action: &block}, 50},
		{"blocked-next-page", store.Query{Action: &block, Before: middle}, 50},
		{"reason-route-sender", store.Query{Reason: &noConsent, Route: "twilio", From: "+15559990007"}, -1},
		{"would-have-been-blocked", store.Query{Action: &block, Mode: "report", Enforced: new(false)}, 50},
		{"topic-category-rule", store.Query{Topic: "orders", Category: &utility, Rule: "footer", Action: &rewrite}, 50},
		{"old-campaign", store.Query{Campaign: "broadcast-3", Reason: &optedOut, From: "+15559990003"}, -1},
		{"rare-template", store.Query{Template: "long_gone"}, 1},
		{"rare-topic-and-rule", store.Query{Topic: "retired", Rule: "odd", Route: "whatsapp"}, -1},
		{"absent-campaign", store.Query{Campaign: "autumn", Action: &block}, 0},
		{"absent-together", store.Query{Route: "vonage", Template: "order_shipped"}, 0},
		{"absent-together-of-four", store.Query{Reason: &noConsent, Category: &utility, Topic: "orders", Route: "whatsapp"}, 0},
		{"recipient", store.Query{To: filter.Recipient{Address: seldom}}, 5},
		{"recipient-and-reason", store.Query{To: filter.Recipient{Address: seldom}, Reason: &noConsent}, -1},
		{"absent-recipient", store.Query{To: filter.Recipient{Address: "+14155550199"}}, 0},
		{"recipient-everywhere", store.Query{To: filter.Recipient{Address: monitored}}, 50},
		{"recipient-everywhere-never-blocked", store.Query{To: filter.Recipient{Address: monitored}, Action: &block}, 0},
	}
}

type busyStat struct {
	name string
	q    console.StatsQuery
}

func busyStats() []busyStat {
	return []busyStat{
		{"month-by-hour", console.StatsQuery{Since: logEnd.Add(-logDays * 24 * time.Hour)}},
		{"month-by-day-in-India", console.StatsQuery{Since: logEnd.Add(-logDays * 24 * time.Hour), Step: "day", Zone: "Asia/Kolkata"}},
		{"day-by-hour", console.StatsQuery{}},
		{"day-before-by-hour", console.StatsQuery{Since: logEnd.Add(-48 * time.Hour), Until: logEnd.Add(-24*time.Hour + 7*time.Minute)}},
		{"day-by-minute", console.StatsQuery{Step: "minute"}},
		{"month-of-a-campaign", console.StatsQuery{Since: logEnd.Add(-logDays * 24 * time.Hour), Campaign: "broadcast-200", Step: "day"}},
	}
}

// exportBusy writes everything to nowhere. It reports the largest heap, garbage and the index of the log included,
// and by how much what is in use of it grew at most.
func exportBusy(b *testing.B, client *console.Client, format string, want int) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	var most, live uint64
	for b.Loop() {
		runtime.GC()
		metrics.Read(heap)
		before := heap[1].Value.Uint64()
		lines := &lineCounter{each: func() {
			metrics.Read(heap)
			most, live = max(most, heap[0].Value.Uint64()), max(live, heap[1].Value.Uint64()-min(before, heap[1].Value.Uint64()))
		}}
		if err := client.ExportDecisions(b.Context(), lines, format, console.DecisionQuery{}); err != nil {
			b.Fatal(err)
		}
		if format == "csv" {
			lines.n-- // the header
		}
		if lines.n != want {
			b.Fatalf("%d lines, want %d", lines.n, want)
		}
	}
	b.ReportMetric(float64(most)/(1<<20), "heap-MB")
	b.ReportMetric(float64(live)/(1<<20), "live-MB")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(want), "µs/decision")
}

// A lineCounter counts lines, and calls each now and then.
type lineCounter struct {
	n    int
	each func()
}

func (c *lineCounter) Write(p []byte) (int, error) {
	for _, b := range p {
		if b == '\n' {
			if c.n++; c.n%1000 == 0 {
				c.each()
			}
		}
	}
	return len(p), nil
}
