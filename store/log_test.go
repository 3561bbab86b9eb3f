package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// decision is the n-th of a row of entries, one a second.
func decision(n int) store.Entry {
	at := noon.Add(time.Duration(n) * time.Second)
	return store.Entry{ID: idAt(n), Time: at, Route: "twilio", Provider: "twilio", Mode: "enforce", Config: "c1",
		To: person("acme", n), From: "+15559990000", Campaign: "spring", Text: "Spring sale. Reply STOP to opt out.",
		Action: filter.Forward, Enforced: true, Reason: filter.Allowed, Outcome: "answered", Status: 201, Micros: 812}
}

func idAt(n int) string { return fmt.Sprintf("01arz%021d", n) }

func TestEntryComesBackAsItWas(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	e := decision(1)
	e.Category, e.Topic, e.Template = filter.Utility, "orders", "order_update"
	e.SendAt, e.Until = noon.Add(time.Hour), noon.Add(2*time.Hour)
	e.Action, e.Enforced, e.Reason, e.Rule = filter.Rewrite, false, filter.Content, "footer"
	e.Footer, e.Fault, e.Outcome = "Reply STOP", "none", "unknown"
	s.Log(e)
	for _, when := range []string{"in memory", "in the tail", "in a block"} {
		got, ok, err := s.Entry(e.ID)
		if err != nil || !ok || !reflect.DeepEqual(got, e) {
			t.Fatalf("%s: got %+v, %v, %v, want %+v", when, got, ok, err, e)
		}
		switch when {
		case "in memory":
			store.FlushLog(s)
		case "in the tail":
			for n := range 1100 {
				s.Log(decision(1000 + n))
			}
			store.FlushLog(s)
			if store.Blocks(s) != 1 {
				t.Fatalf("there are %d blocks, want one", store.Blocks(s))
			}
		}
	}
	for _, id := range []string{"", "0", idAt(999), "zzzz"} {
		if _, ok, err := s.Entry(id); ok || err != nil {
			t.Errorf("Entry(%q) finds something, or fails: %v", id, err)
		}
	}
}

func TestLogGivesIDAndTimeAndCuts(t *testing.T) {
	s := open(t, store.Config{Memory: true, Now: func() time.Time { return noon }})
	s.Log(store.Entry{Text: strings.Repeat("é", 10_000), Fault: strings.Repeat("f", 5000)})
	for e, err := range s.Entries(store.Query{}) {
		if err != nil || len(e.ID) != 26 || !e.Time.Equal(noon) || e.Text != strings.Repeat("é", 4096) || len(e.Fault) != 1024 {
			t.Errorf("got %+v, %v", e, err)
		}
	}
}

// Twenty thousand entries, logged a little out of order as answers come, in five routes and
// twenty campaigns, one in fifty blocked.
func manyEntries() []store.Entry {
	var out []store.Entry
	for n := range 20_000 {
		e := decision(n)
		e.Campaign = fmt.Sprintf("campaign-%d", n/1000)
		e.Route = fmt.Sprintf("route-%d", n/4000)
		e.To = person([]string{"acme", "other"}[n%2], n%5000)
		if n%50 == 0 {
			e.Action, e.Reason, e.Outcome, e.Status = filter.Block, filter.HasOptedOut, "refused", 0
		}
		if n >= 7000 && n < 7010 {
			e.Action, e.Reason = filter.Block, filter.WindowClosed
		}
		out = append(out, e)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for at := 0; at < len(out); at += 40 {
		part := out[at : at+40]
		random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return out
}

func TestQueries(t *testing.T) {
	entries := manyEntries()
	blocked, closed := filter.Block, filter.WindowClosed
	for name, cfg := range map[string]store.Config{"on disk": {Dir: t.TempDir()}, "in memory": {Memory: true}} {
		registry := prometheus.NewRegistry()
		cfg.Metrics = registry
		s := open(t, cfg)
		for _, e := range entries {
			s.Log(e)
			if e.ID == idAt(10_000) {
				store.FlushLog(s)
			}
		}
		store.FlushLog(s)
		if got := metric(t, registry, "sendgate_log_entries_total", "forward"); got != 20_000-409 {
			t.Fatalf("%v forwards were taken", got)
		}
		for what, c := range map[string]struct {
			q      store.Query
			blocks float64 // how many of the 19 may be decoded
		}{
			"everything":                   {store.Query{}, 19},
			"the newest ten":               {store.Query{Limit: 10}, 2},
			"an hour in the middle":        {store.Query{Since: noon.Add(time.Hour), Until: noon.Add(2 * time.Hour)}, 5},
			"a recipient":                  {store.Query{To: person("acme", 4242)}, 8},
			"an address of any brand":      {store.Query{To: filter.Recipient{Address: person("", 4243).Address}}, 8},
			"an address never written to":  {store.Query{To: filter.Recipient{Address: "+15551111111"}}, 1},
			"a brand":                      {store.Query{To: filter.Recipient{Brand: "other"}, Limit: 100}, 2},
			"blocks":                       {store.Query{Action: &blocked}, 19},
			"a rare reason":                {store.Query{Reason: &closed}, 2},
			"a route":                      {store.Query{Route: "route-1"}, 6},
			"a campaign":                   {store.Query{Campaign: "campaign-13"}, 3},
			"a campaign that was not":      {store.Query{Campaign: "campaign-99"}, 1},
			"a page further back":          {store.Query{Before: idAt(5000), Limit: 50}, 2},
			"a rare reason on a page back": {store.Query{Before: idAt(7005), Reason: &closed}, 2},
		} {
			before := metric(t, registry, "sendgate_log_blocks_read_total", "")
			equal(t, name+": "+what, ids(t, s, c.q), chosen(entries, c.q))
			if read := metric(t, registry, "sendgate_log_blocks_read_total", "") - before; read > c.blocks {
				t.Errorf("%s: %s decoded %v blocks, want at most %v", name, what, read, c.blocks)
			}
		}
		before := metric(t, registry, "sendgate_log_blocks_read_total", "")
		if _, ok, err := s.Entry(idAt(3333)); !ok || err != nil {
			t.Errorf("%s: Entry: %v %v", name, ok, err)
		}
		if read := metric(t, registry, "sendgate_log_blocks_read_total", "") - before; read > 2 {
			t.Errorf("%s: Entry decoded %v blocks", name, read)
		}
	}
}

// chosen is what a query must find, found the slow way.
func chosen(entries []store.Entry, q store.Query) []string {
	var out []string
	for _, e := range entries {
		if (q.Since.IsZero() || !e.Time.Before(q.Since)) && (q.Until.IsZero() || e.Time.Before(q.Until)) &&
			(q.Action == nil || e.Action == *q.Action) && (q.Reason == nil || e.Reason == *q.Reason) &&
			(q.Route == "" || e.Route == q.Route) && (q.Campaign == "" || e.Campaign == q.Campaign) &&
			(q.To.Address == "" || e.To.Address == q.To.Address) && (q.To.Brand == "" || e.To.Brand == q.To.Brand) &&
			(q.Before == "" || e.ID < q.Before) {
			out = append(out, e.ID)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	if q.Limit > 0 {
		out = out[:min(q.Limit, len(out))]
	}
	return out
}

func TestPagesJoinWithoutGapOrRepetition(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	entries := manyEntries()
	for _, e := range entries {
		s.Log(e)
	}
	blocked := filter.Block
	q := store.Query{Action: &blocked, Limit: 33}
	var all []string
	for {
		page := ids(t, s, q)
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		q.Before = page[len(page)-1]
		s.Log(decision(50_000 + len(all))) // newer ones come meanwhile
	}
	equal(t, "all pages", all, chosen(entries, store.Query{Action: &blocked}))
}

func TestEntriesWhileWriting(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	const writers, each = 4, 4000
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range each {
				e := decision(n*writers + w)
				s.Log(e)
				if n%500 == 0 { // what was logged is found at once
					if _, ok, err := s.Entry(e.ID); !ok || err != nil {
						t.Errorf("%s was logged, but is not found: %v", e.ID, err)
					}
				}
			}
		})
	}
	all.Wait()
	got := ids(t, s, store.Query{})
	if len(got) != writers*each || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("%d entries came back, want %d, newest first", len(got), writers*each)
	}
}

func TestWatch(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	s.Log(decision(0)) // before: not seen
	odd := store.Query{Campaign: "odd"}
	watch := s.Watch(context.Background(), odd)
	const n = 5000 // several blocks: the slow watcher reads from disk
	for i := 1; i <= n; i++ {
		e := decision(i)
		if i%2 == 1 {
			e.Campaign = "odd"
		}
		s.Log(e)
	}
	store.FlushLog(s)
	want := 1
	for e, err := range watch {
		if err != nil || e.ID != idAt(want) {
			t.Fatalf("the watcher saw %s, %v, want %s", e.ID, err, idAt(want))
		}
		if want += 2; want > n && want < n+20 { // caught up: now live
			live := decision(want)
			live.Campaign = "odd"
			go s.Log(live)
		}
		if want >= n+20 {
			break
		}
	}
}

func TestWatchEnds(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int)
	watch := func(ctx context.Context, q store.Query) {
		seen := 0
		for range s.Watch(ctx, q) {
			seen++
		}
		ended <- seen
	}
	go watch(ctx, store.Query{})
	cancel()
	if seen := <-ended; seen != 0 {
		t.Errorf("a cancelled watcher saw %d entries", seen)
	}
	go watch(context.Background(), store.Query{})
	closeStore(t, s)
	<-ended // closing the store ends it
}

func TestRetention(t *testing.T) {
	dir := t.TempDir()
	now := newClock(noon)
	s := open(t, store.Config{Dir: dir, Retention: 72 * time.Hour, Now: now.now})
	for day := range 10 {
		now.set(noon.Add(time.Duration(day) * 24 * time.Hour))
		for n := range 1100 {
			e := decision(n)
			e.ID, e.Time = fmt.Sprintf("%02d%024d", day, n), now.now()
			s.Log(e)
		}
		store.FlushLog(s)
	}
	store.Retain(s)
	got := ids(t, s, store.Query{})
	if oldest := got[len(got)-1]; oldest < "05" || oldest > "07" {
		t.Errorf("on day 9 the oldest entry is %s, want one of day 5 or 6", oldest)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "decisions", "*.log")); len(files) > 5 {
		t.Errorf("%d files are left: %v", len(files), files)
	}
	now.set(noon.Add(100 * 24 * time.Hour))
	store.FlushLog(s)
	store.Retain(s)
	if got := ids(t, s, store.Query{}); len(got) != 0 {
		t.Errorf("%d entries are left after three months without traffic, among them %s", len(got), got[0])
	}
	s.Log(decision(1))
	store.FlushLog(s)
	closeStore(t, s)
}

// observed is a logger and what was written to it.
func observed() (*zap.Logger, *observer.ObservedLogs) {
	core, logs := observer.New(zap.WarnLevel)
	return zap.New(core), logs
}

// logged makes a decision log of n entries on disk and returns its folder.
func logged(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	s, closeLog := openLog(t, dir, nil)
	for i := range n {
		s.Log(decision(i))
		if i%512 == 0 {
			store.FlushLog(s)
		}
	}
	closeLog()
	return dir
}

// openLog opens the decision log in dir alone.
func openLog(t *testing.T, dir string, logger *zap.Logger) (s *store.Store, closeLog func()) {
	t.Helper()
	s, done, err := store.OpenLog(store.Config{Dir: dir, Logger: logger, Now: newClock(noon).now})
	must(t, err)
	return s, func() {
		t.Helper()
		must(t, done())
	}
}

// newestFirst is the ids of decisions from last down to first.
func newestFirst(last, first int) []string {
	var out []string
	for n := last; n >= first; n-- {
		out = append(out, idAt(n))
	}
	return out
}

func TestTornTail(t *testing.T) {
	dir := logged(t, 20)
	tail := filepath.Join(dir, "decisions", "tail")
	whole, err := os.ReadFile(tail)
	must(t, err)
	one := len(store.EncodeEntry(decision(19))) + 8
	for cut := 1; cut <= one; cut++ {
		must(t, os.WriteFile(tail, whole[:len(whole)-cut], 0o600))
		s, closeLog := openLog(t, dir, nil)
		equal(t, fmt.Sprintf("%d bytes cut off", cut), ids(t, s, store.Query{}), newestFirst(18, 0))
		s.Log(decision(19))
		closeLog()
		again, err := os.ReadFile(tail)
		if err != nil || string(again) != string(whole) {
			t.Fatalf("%d bytes cut off: the tail was not mended", cut)
		}
	}
}

func TestDamagedTail(t *testing.T) {
	dir := logged(t, 20)
	tail := filepath.Join(dir, "decisions", "tail")
	whole, err := os.ReadFile(tail)
	must(t, err)
	for at := 0; at < len(whole); at += 5 {
		spoilt := slices.Clone(whole)
		spoilt[at] ^= 0x40
		must(t, os.WriteFile(tail, spoilt, 0o600))
		logger, logs := observed()
		s, closeLog := openLog(t, dir, logger)
		got := ids(t, s, store.Query{})
		for _, id := range got {
			if !slices.Contains(newestFirst(19, 0), id) {
				t.Fatalf("byte %d flipped: an entry %q that never was", at, id)
			}
		}
		if at >= 16 && logs.Len() == 0 {
			t.Fatalf("byte %d flipped: nothing was said", at)
		}
		closeLog()
	}
}

func TestTornSegment(t *testing.T) {
	for name, cut := range map[string]int64{"in its body": 10, "in its head": 7000, "at its first byte": -1} {
		t.Run(name, func(t *testing.T) {
			dir := logged(t, 3*1024)
			path := filepath.Join(dir, "decisions", fmt.Sprintf("%020d.log", 0))
			info, err := os.Stat(path)
			must(t, err)
			size := info.Size() - cut
			if cut < 0 {
				size = 1
			}
			must(t, os.Truncate(path, size))
			logger, logs := observed()
			s, closeLog := openLog(t, dir, logger)
			got := ids(t, s, store.Query{})
			if len(got)%1024 != 0 || len(got) > 2048 {
				t.Errorf("%d entries are left, want whole blocks", len(got))
			}
			if len(got) > 0 {
				equal(t, "what is left", got, newestFirst(len(got)-1, 0))
			}
			if logs.Len() == 0 {
				t.Error("nothing was said about it")
			}
			for i := range 2000 {
				s.Log(decision(10_000 + i))
			}
			closeLog()
			s, closeLog = openLog(t, dir, nil)
			if again := ids(t, s, store.Query{}); len(again) != len(got)+2000 {
				t.Errorf("%d entries after writing on, want %d", len(again), len(got)+2000)
			}
			closeLog()
		})
	}
}

func TestDamagedBlockIsSkipped(t *testing.T) {
	dir := logged(t, 3*1024)
	path := filepath.Join(dir, "decisions", fmt.Sprintf("%020d.log", 0))
	whole, err := os.ReadFile(path)
	must(t, err)
	for at := 0; at < len(whole); at += len(whole)/40 + 1 {
		spoilt := slices.Clone(whole)
		spoilt[at] ^= 1
		must(t, os.WriteFile(path, spoilt, 0o600))
		logger, logs := observed()
		s, closeLog := openLog(t, dir, logger)
		if got := len(ids(t, s, store.Query{})); got != 2048 {
			t.Errorf("byte %d of %d flipped: %d entries are left, want the two other blocks", at, len(whole), got)
		}
		if logs.FilterMessageSnippet("skipping a damaged").Len() == 0 {
			t.Errorf("byte %d flipped: nothing was said", at)
		}
		closeLog()
	}
}

// What is in a block and still in the tail, because the process was killed between, comes once.
func TestTailAndBlockOverlap(t *testing.T) {
	dir := t.TempDir()
	tail := filepath.Join(dir, "decisions", "tail")
	s, closeLog := openLog(t, dir, nil)
	for n := range 1000 {
		s.Log(decision(n))
	}
	store.FlushLog(s)
	old, err := os.ReadFile(tail)
	must(t, err)
	for n := 1000; n < 1024; n++ {
		s.Log(decision(n))
	}
	closeLog()
	must(t, os.WriteFile(tail, old, 0o600))
	s, closeLog = openLog(t, dir, nil)
	equal(t, "after the crash", ids(t, s, store.Query{}), newestFirst(1023, 0))
	closeLog()
}
