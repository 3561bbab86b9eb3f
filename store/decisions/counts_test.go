package decisions_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// byHand counts what a log's Entries yield between the moments.
func byHand(t *testing.T, l *decisions.Log, edges []time.Time) []map[decisions.Kind]int {
	t.Helper()
	buckets := make([]map[decisions.Kind]int, len(edges)-1)
	for i := range buckets {
		buckets[i] = map[decisions.Kind]int{}
	}
	for e, err := range l.Entries(decisions.Query{}) {
		storetest.Must(t, err)
		i, begins := slices.BinarySearchFunc(edges, e.Time, time.Time.Compare)
		if !begins {
			i--
		}
		if i >= 0 && i < len(buckets) {
			buckets[i][decisions.Kind{Route: e.Route, Mode: e.Mode, Rule: e.Rule, Action: e.Action, Reason: e.Reason, Enforced: e.Enforced, Campaign: e.Campaign}]++
		}
	}
	return buckets
}

func countsOf(t *testing.T, l *decisions.Log, edges []time.Time) []map[decisions.Kind]int {
	t.Helper()
	lists, err := l.Counts(edges, nil)
	storetest.Must(t, err)
	buckets := make([]map[decisions.Kind]int, len(lists))
	for i, list := range lists {
		buckets[i] = map[decisions.Kind]int{}
		for _, c := range list {
			buckets[i][c.Kind] += c.Decisions
		}
	}
	return buckets
}

// steps are moments from one on, until the one before the last of n steps, and somewhat later.
func steps(from time.Time, n int, step time.Duration) (edges []time.Time) {
	for i := range n {
		edges = append(edges, from.Add(time.Duration(i)*step))
	}
	return append(edges, edges[n-1].Add(7*time.Minute))
}

func agree(t *testing.T, when string, l *decisions.Log) {
	t.Helper()
	for what, edges := range map[string][]time.Time{
		"hours":                  steps(noon, 60, time.Hour),
		"days":                   steps(noon.Add(-30*time.Hour), 5, 24*time.Hour),
		"minutes":                steps(noon.Add(90*time.Minute), 200, time.Minute),
		"hours from some minute": steps(noon.Add(11*time.Minute), 20, time.Hour),
		"nothing before":         steps(noon.Add(-50*time.Hour), 4, time.Hour),
	} {
		got, want := countsOf(t, l, edges), byHand(t, l, edges)
		for i := range want {
			if !maps.Equal(got[i], want[i]) {
				t.Fatalf("%s, %s from %s on: got %v, want %v", when, what, edges[i], got[i], want[i])
			}
		}
	}
}

// fewCampaigns are entries whose campaigns are all told apart, over two days, a little out of order.
func fewCampaigns(n int) []decisions.Entry {
	entries := variousEntries(n)
	random := rand.New(rand.NewPCG(8, 9))
	for i := range entries {
		e := &entries[i]
		e.Time = noon.Add(time.Duration(i)*48*time.Hour/time.Duration(n) - time.Duration(random.IntN(90))*time.Second)
		e.Campaign = fmt.Sprint("campaign-", i%7)
		if i%1000 == 10 {
			e.To, e.Campaign = gonePerson, "for "+gonePerson.Address
		}
	}
	return entries
}

// What is counted is what is in the log, whatever became of it meanwhile.
func TestCountsNeverDisagreeWithTheLog(t *testing.T) {
	entries := fewCampaigns(9000)
	for name, cfg := range map[string]decisions.Config{"on disk": {Dir: t.TempDir()}, "in memory": {}} {
		t.Run(name, func(t *testing.T) {
			now := storetest.NewClock(noon.Add(48 * time.Hour))
			cfg.Now, cfg.Retention = now.Now, 90*24*time.Hour
			l := open(t, cfg)
			agree(t, "empty", l)
			for i, e := range entries {
				l.Add(e)
				if i%1500 == 700 {
					agree(t, fmt.Sprint("after ", i), l)
				}
				if i%2500 == 0 {
					decisions.Flush(l)
				}
			}
			agree(t, "not yet written", l)
			decisions.Flush(l)
			agree(t, "written", l)
			if got := erase(t, l, gonePerson); got != 9 {
				t.Errorf("%d entries were blanked, want 9", got)
			}
			agree(t, "after an erasure", l)
			if cfg.Dir == "" {
				return
			}
			closeLog(t, l)
			l = open(t, cfg)
			agree(t, "opened again", l)
			l.Add(entries[0])
			agree(t, "with one more", l)
			closeLog(t, l)
			now.Set(noon.Add(100 * 24 * time.Hour))
			l = open(t, cfg)
			decisions.Retain(l)
			agree(t, "after its time", l)
		})
	}
}

// What was logged while it is counted is in it or not, and nothing twice.
func TestCountsWhileLogging(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	entries := fewCampaigns(20_000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, e := range entries {
			l.Add(e)
		}
	}()
	last := 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		lists, err := l.Counts([]time.Time{noon.Add(-time.Hour), noon.Add(72 * time.Hour)}, nil)
		storetest.Must(t, err)
		n := 0
		for _, c := range lists[0] {
			n += c.Decisions
		}
		if n < last || n > len(entries) || !running && n != len(entries) {
			t.Fatalf("%d entries were counted, after %d, of %d in all", n, last, len(entries))
		}
		last = n
	}
}

// With very many campaigns the largest are told apart, the others are counted together, and the sum is right.
func TestCountsOfManyCampaigns(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	for n := range 30_000 {
		e := decision(n)
		e.Time = noon.Add(time.Duration(n) * 100 * time.Millisecond)
		if e.Campaign = fmt.Sprint("one-", n); n%3 == 0 {
			e.Campaign = fmt.Sprint("large-", n%5)
		}
		l.Add(e)
	}
	decisions.Flush(l)
	sum, large, names := 0, map[string]int{}, 0
	for i, bucket := range countsOf(t, l, steps(noon, 5, 15*time.Minute)) {
		named := 0
		for k, n := range bucket {
			if sum += n; k.Campaign == "" {
				if !k.Other {
					t.Errorf("%d messages are of no campaign: %+v", n, k)
				}
				continue
			}
			named++
			if len(k.Campaign) > 6 && k.Campaign[:6] == "large-" {
				large[k.Campaign] += n
			}
		}
		if named > 200 {
			t.Errorf("in bucket %d %d campaigns are told apart", i, named)
		}
		names += named
	}
	if sum != 30_000 || len(large) != 5 || names == 0 {
		t.Errorf("%d entries were counted, %v", sum, large)
	}
	for name, n := range large {
		if n != 2000 {
			t.Errorf("%s has %d entries, want 2000", name, n)
		}
	}
}

// A log of an earlier version is counted as well, and chosen from.
func TestCountsOfEarlierFormats(t *testing.T) {
	for _, format := range []string{"second-format", "fourth-format", "fifth-format", "sixth-format", "seventh-format", "eighth-format"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			storetest.Must(t, os.CopyFS(dir, os.DirFS("testdata/"+format)))
			l := open(t, decisions.Config{Dir: dir})
			for _, when := range []string{"first", "again"} {
				agree(t, when, l)
				storetest.Equal(t, when, ids(t, l, decisions.Query{Campaign: "spring", From: "+15559990000"}), newestFirst(1099, 0))
				storetest.Equal(t, when, ids(t, l, decisions.Query{Campaign: "spring", Topic: "offers"}), nil)
			}
			for n := 1100; n < 3000; n++ {
				l.Add(decision(n))
			}
			decisions.Flush(l)
			agree(t, "written on", l)
		})
	}
}

func TestCountsRefusesCrookedMoments(t *testing.T) {
	l := open(t, decisions.Config{})
	for _, edges := range [][]time.Time{{noon.Add(time.Second), noon.Add(time.Hour)}, {noon, noon}, {noon, noon.Add(-time.Hour)}} {
		if _, err := l.Counts(edges, nil); err == nil {
			t.Errorf("counted between %v", edges)
		}
	}
	if _, err := l.Counts([]time.Time{time.Unix(-60, 0), time.Unix(60, 0)}, nil); err != nil {
		t.Error(err)
	}
	l.Add(decisions.Entry{ID: idAt(1), Time: time.Unix(-61, 0), Action: filter.Forward})
	l.Add(decisions.Entry{ID: idAt(2), Time: time.Unix(-60, 0), Action: filter.Forward})
	if got := countsOf(t, l, []time.Time{time.Unix(-60, 0), time.Unix(60, 0)}); len(got[0]) != 1 || got[0][decisions.Kind{Action: filter.Forward}] != 1 {
		t.Errorf("before 1970: %v", got)
	}
}
