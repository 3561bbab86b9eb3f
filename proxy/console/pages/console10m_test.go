//go:build unix

package pages

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// BenchmarkConsole10M asks the console, and the admin API below it, for pages, counts and exports of a long decision
// log. p99-ms is to stay below 200 on two processors that have nothing else to do; cpu-ms/op is what they do for it
// whatever else they do, and the memory of an export is to be the same for any length:
//
//	go test ./proxy/console/pages -run '^$' -bench Console10M -log-entries 10000000 -timeout 60m
func BenchmarkConsole10M(b *testing.B) {
	dir, registry := filepath.Join(b.TempDir(), "data"), prometheus.NewRegistry()
	r := newRigOn(b, store.Config{Dir: dir, Metrics: registry})
	l := &busyLog{rand.New(rand.NewPCG(1, 2)), *logEntries, r.now}
	lists, counts, views := listing(r.now), counting(r.now), overviews(r.now)
	start := time.Now()
	l.fill(b, r.store, registry, slices.Concat(lists, counts, views))
	l.consents(r)
	acts := l.acts(r)
	b.Logf("%d decisions and %d acts were written down in %s", l.n, acts, time.Since(start).Round(time.Second))

	v, api := r.as(console.Reviewer), r.pages.api.As("vera", console.Viewer)
	for _, q := range lists {
		timed(b, "api/decisions/"+q.name, func(b *testing.B) { q.list(b, api, r.now) })
	}
	for _, q := range counts {
		timed(b, "api/stats/"+q.name, func(b *testing.B) { q.count(b, api) })
	}
	for _, q := range views {
		timed(b, "page/overview/"+q.name, func(b *testing.B) { v.overlook(b, q) })
	}
	for _, q := range lists {
		v.timedPage(b, "messages/"+q.name, "/messages?"+q.query, map[string]int{messageRow: min(pageLength, q.n), `rel="next"`: min(1, q.n/(pageLength+1))})
	}
	v.timedAudit(b, acts)
	v.timedPeople(b) // who looks at them is written down
	for _, f := range []struct {
		name, path string
		lines      int
	}{
		{"messages.csv", "/messages/export?format=csv", 1 + l.n}, {"messages.jsonl", "/messages/export?format=jsonl", l.n}, {"audit.csv", "/audit/export?act=decisions-show", acts},
	} {
		b.Run("export/"+f.name, func(b *testing.B) { v.exportBusy(b, f.path, f.lines) })
	}
	if err := r.store.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("page/overview/30d-once-opened", func(b *testing.B) { firstOverview(b, dir, views[len(views)-1]) })
}

// What a row of a page has once: of a message, of an act, and of a message and an event in the story of a person.
const (
	messageRow   = `<td><a href="/messages/`
	auditRow     = `<td><a href="/audit`
	storyMessage = ` · <a href="/messages/`
	storyEvent   = `<li id="e-`
)

// timedPage opens a page, and checks how often each text stands on it.
func (v *visitor) timedPage(b *testing.B, name, path string, want map[string]int) {
	timed(b, "page/"+name, func(b *testing.B) {
		body := v.open(b, path)
		for text, n := range want {
			if got := strings.Count(body, text); got != n {
				b.Fatalf("%s has %d times %q, want %d", path, got, text, n)
			}
		}
	})
}

func (v *visitor) timedPeople(b *testing.B) {
	page, err := v.api.Decisions(b.Context(), console.DecisionQuery{Query: decisions.Query{Limit: 1, Route: "twilio", To: filter.Recipient{Address: monitored}}})
	if err != nil || len(page.Decisions) != 1 {
		b.Fatal(page, err)
	}
	v.timedPage(b, "message", "/messages/"+page.Decisions[0].ID, map[string]int{"<h1": 1})
	v.timedPage(b, "person", personPath(filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: monitored}, "", ""), map[string]int{storyMessage: shownDecisions, storyEvent: shownEvents})
	v.timedPage(b, "person-seldom", personPath(filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: seldom}, "", ""), map[string]int{storyEvent: 0})
}

func (v *visitor) timedAudit(b *testing.B, acts int) {
	for _, c := range []struct {
		name, query string
		n           int
	}{
		{"newest", "", acts}, {"actor", "actor=reviewer-7", acts / busyActors}, {"absent-actor", "actor=nobody", 0},
		{"about", "about=" + url.QueryEscape("campaign=broadcast-3"), acts / 400}, {"person", "address=" + url.QueryEscape(seldom), 1},
	} {
		v.timedPage(b, "audit/"+c.name, "/audit?"+c.query, map[string]int{auditRow: min(pageLength, c.n)})
	}
}

// overlook opens the overview, and checks its largest figure.
func (v *visitor) overlook(b *testing.B, q *question) {
	total, err := number(q.n)
	if err != nil {
		b.Fatal(err)
	}
	if body := v.open(b, "/?"+q.query); !strings.Contains(body, `<span class="figure">`+total+`</span>`) {
		b.Fatalf("the overview of %s does not tell %s messages", q.name, total)
	}
}

// firstOverview opens the overview of a month at once when the log is opened. It reports what that takes of the
// processors, too, with what else goes on then.
func firstOverview(b *testing.B, dir string, q *question) {
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		r := newRigOn(b, store.Config{Dir: dir})
		v, before := r.as(console.Reviewer), cpu(b)
		b.StartTimer()
		v.overlook(b, q)
		b.StopTimer()
		used += cpu(b) - before
		if err := r.store.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "cpu-ms/op")
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

// take has the console answer into w, without a network between.
func (v *visitor) take(b *testing.B, path string, w http.ResponseWriter) {
	q := httptest.NewRequestWithContext(b.Context(), http.MethodGet, v.url+path, nil)
	for _, c := range v.http.Jar.Cookies(q.URL) {
		q.AddCookie(c)
	}
	v.pages.ServeHTTP(w, q)
}

// open is a page as it was answered.
func (v *visitor) open(b *testing.B, path string) string {
	w := httptest.NewRecorder()
	if v.take(b, path, w); w.Code != http.StatusOK {
		b.Fatalf("%s: status %d: %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// exportBusy takes a file and keeps nothing of it. It reports the largest heap, garbage and the index of the log
// included, and by how much what is in use of it grew at most.
func (v *visitor) exportBusy(b *testing.B, path string, want int) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	var most, live uint64
	for b.Loop() {
		runtime.GC()
		metrics.Read(heap)
		before := heap[1].Value.Uint64()
		f := &takenFile{header: http.Header{}, each: func() {
			metrics.Read(heap)
			most, live = max(most, heap[0].Value.Uint64()), max(live, heap[1].Value.Uint64()-min(before, heap[1].Value.Uint64()))
		}}
		if v.take(b, path, f); f.lines != want {
			b.Fatalf("%d lines, want %d", f.lines, want)
		}
	}
	b.ReportMetric(float64(most)/(1<<20), "heap-MB")
	b.ReportMetric(float64(live)/(1<<20), "live-MB")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(want), "µs/line")
}

// A takenFile counts the lines of an answer, and calls each now and then.
type takenFile struct {
	header http.Header
	lines  int
	each   func()
}

func (f *takenFile) Header() http.Header { return f.header }
func (f *takenFile) WriteHeader(int)     {}

func (f *takenFile) Write(p []byte) (int, error) {
	f.lines += bytes.Count(p, []byte{'\n'})
	f.each()
	return len(p), nil
}
