package decisions_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// Whoever reads an entry can tell that the log does not hold all that was counted.
func TestALongTallyIsCutAndSaysSo(t *testing.T) {
	l := open(t, decisions.Config{})
	for n, c := range []struct {
		messages, kept int
		cut            bool
	}{{0, 0, false}, {255, 255, false}, {256, 256, true}, {1000, 256, true}} {
		e := decision(n)
		for i := range c.messages {
			e.Tally = append(e.Tally, filter.Sent{At: noon.Add(time.Duration(i) * time.Second)})
		}
		l.Add(e)
		got, ok, err := l.Entry(e.ID)
		if err != nil || !ok || len(got.Tally) != c.kept || got.Cut() != c.cut {
			t.Errorf("of %d messages %d came back, cut: %t, %v; want %d, cut: %t", c.messages, len(got.Tally), got.Cut(), err, c.kept, c.cut)
		}
		if c.kept > 0 && !got.Tally[c.kept-1].At.Equal(e.Tally[c.messages-1].At) {
			t.Errorf("of %d messages the newest is not there", c.messages)
		}
	}
}

func TestEntryComesBackAsItWas(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	e := decision(1)
	e.Category, e.Topic, e.Template = filter.Utility, "orders", "order_update"
	e.SendAt, e.Until = noon.Add(time.Hour), noon.Add(2*time.Hour)
	e.Action, e.Enforced, e.Reason, e.Rule = filter.Rewrite, false, filter.Content, "footer"
	e.Footer, e.Fault, e.Outcome = "Reply STOP", "none", "unknown"
	e.ClaimCategory, e.ClaimTopic, e.MarketingOnly, e.Erased, e.Movable, e.Room, e.Known = "utility", "news", true, true, true, 1565, 42
	e.Print, e.Pass = decisions.Print{1, 15: 2}, "01arz"
	e.Counted, e.Tally = true, filter.Tally{{At: noon.Add(-time.Hour), Category: filter.Utility, SameTopic: true, SameOthers: [4]bool{true, false, true}},
		{At: noon.Add(48 * time.Hour), Category: filter.Service, SameOthers: [4]bool{false, true}, SameContent: true}}
	l.Add(e)
	for _, when := range []string{"in memory", "in the tail", "in a block"} {
		got, ok, err := l.Entry(e.ID)
		if err != nil || !ok || !reflect.DeepEqual(got, e) {
			t.Fatalf("%s: got %+v, %v, %v, want %+v", when, got, ok, err, e)
		}
		switch when {
		case "in memory":
			decisions.Flush(l)
		case "in the tail":
			for n := range 1100 {
				l.Add(decision(1000 + n))
			}
			decisions.Flush(l)
			if decisions.Blocks(l) != 1 {
				t.Fatalf("there are %d blocks, want one", decisions.Blocks(l))
			}
		}
	}
	for _, id := range []string{"", "0", idAt(999), "zzzz"} {
		if _, ok, err := l.Entry(id); ok || err != nil {
			t.Errorf("Entry(%q) finds something, or fails: %v", id, err)
		}
	}
}

func TestLogGivesIDAndTimeAndCuts(t *testing.T) {
	l := open(t, decisions.Config{Now: func() time.Time { return noon }})
	l.Add(decisions.Entry{Text: strings.Repeat("é", 10_000), Fault: strings.Repeat("f", 5000)})
	for e, err := range l.Entries(decisions.Query{}) {
		if err != nil || len(e.ID) != 26 || !e.Time.Equal(noon) || e.Text != strings.Repeat("é", 4096) || len(e.Fault) != 1024 {
			t.Errorf("got %+v, %v", e, err)
		}
	}
}

func TestEntriesWhileWriting(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	const writers, each = 4, 4000
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range each {
				e := decision(n*writers + w)
				l.Add(e)
				if n%500 == 0 { // what was logged is found at once
					if _, ok, err := l.Entry(e.ID); !ok || err != nil {
						t.Errorf("%s was logged, but is not found: %v", e.ID, err)
					}
				}
			}
		})
	}
	all.Wait()
	got := ids(t, l, decisions.Query{})
	if len(got) != writers*each || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("%d entries came back, want %d, newest first", len(got), writers*each)
	}
}

func TestRetention(t *testing.T) {
	dir := t.TempDir()
	now := storetest.NewClock(noon)
	l := open(t, decisions.Config{Dir: dir, Retention: 72 * time.Hour, Now: now.Now})
	for day := range 10 {
		now.Set(noon.Add(time.Duration(day) * 24 * time.Hour))
		for n := range 1100 {
			e := decision(n)
			e.ID, e.Time = fmt.Sprintf("%02d%024d", day, n), now.Now()
			l.Add(e)
		}
		decisions.Flush(l)
	}
	decisions.Retain(l)
	got := ids(t, l, decisions.Query{})
	if oldest := got[len(got)-1]; oldest < "05" || oldest > "07" {
		t.Errorf("on day 9 the oldest entry is %s, want one of day 5 or 6", oldest)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.log")); len(files) > 5 {
		t.Errorf("%d files are left: %v", len(files), files)
	}
	now.Set(noon.Add(100 * 24 * time.Hour))
	closeLog(t, l)
	still := open(t, decisions.Config{Dir: dir, Retention: time.Hour, Now: now.Now, Still: true})
	decisions.Retain(still)
	if looked := ids(t, still, decisions.Query{}); len(looked) != len(got) {
		t.Errorf("who only looked left %d of %d entries", len(looked), len(got))
	}
	closeLog(t, still)
	l = open(t, decisions.Config{Dir: dir, Retention: 72 * time.Hour, Now: now.Now})
	decisions.Flush(l)
	decisions.Retain(l)
	if got := ids(t, l, decisions.Query{}); len(got) != 0 {
		t.Errorf("%d entries are left after three months without traffic, among them %s", len(got), got[0])
	}
	l.Add(decision(1))
	decisions.Flush(l)
	closeLog(t, l)
}
