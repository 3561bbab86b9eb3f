package filter

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// sentAt is a tally of marketing on the topic and with the content of the message that is judged.
func sentAt(hours ...float64) (t Tally) {
	for _, h := range hours {
		t = append(t, Sent{At: noon.Add(time.Duration(h * float64(time.Hour))), SameTopic: true, SameContent: true})
	}
	return t
}

var capTables = &CapTables{
	Presets: map[string][]Cap{"law": {
		{Place: "US-FL", Most: 3, Within: 24 * time.Hour, Category: new(Marketing), SameTopic: true, Source: "https://example.com/fl", Reviewed: "2026-01-01", Confidence: "high"},
		{Place: "US-OR", Most: 3, Within: 24 * time.Hour, Category: new(Marketing)},
	}},
	Places: []Place{{Place: "US-FL", AreaCodes: []int{305}}, {Place: "US-OR", AreaCodes: []int{503}}, {Place: "US-CA", AreaCodes: []int{415}}},
}

const (
	california = "+14155550100"
	florida    = "+13055550100"
)

// A cap is held whatever was sent and scheduled before: no time of its length ever has more messages in
// it than it allows, and whoever waits until the moment that is named waits no longer than needed.
func TestCapsHoldInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		q := quota{most: 1 + random.IntN(4), within: time.Duration(1+random.IntN(20)) * time.Second, only: allButCodes}
		var tally Tally
		for range 30 {
			due := noon.Add(time.Duration(random.IntN(60)) * time.Second)
			free := q.free(tally, anyTopic, due)
			for at := due; !at.After(free); at = at.Add(time.Second) {
				if room(tally, at, q.most, q.within) != at.Equal(free) {
					t.Fatalf("%+v with %v due %s: free at %s, and at %s there is room: %v", q, tally, due, free, at, !at.Equal(free))
				}
			}
			if free.Equal(due) {
				tally = append(tally, Sent{At: due})
				slices.SortStableFunc(tally, func(a, b Sent) int { return a.At.Compare(b.At) })
			}
		}
	}
}

// room tries every time of the length that has at in it.
func room(t Tally, at time.Time, most int, within time.Duration) bool {
	for from := at.Add(time.Second - within); !from.After(at); from = from.Add(time.Second) {
		n := 0
		for _, s := range t {
			if !s.At.Before(from) && s.At.Before(from.Add(within)) {
				n++
			}
		}
		if n >= most {
			return false
		}
	}
	return true
}

func TestTheTallyIsAskedForWhereARuleCounts(t *testing.T) {
	policy, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis},
		Caps: Caps{Preset: "law", Tables: capTables, Rows: []Cap{{Most: 5, Within: 48 * time.Hour, Category: new(Utility)}}}, Duplicates: Duplicates{Within: time.Hour, Categories: []Category{Service}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to       string
		category Category
		place    string
		need     Need
		counts   bool
	}{
		{florida, Marketing, "", NeedTally, true},
		{california, Marketing, "", NeedTally, false}, // they may have stated to be elsewhere
		{california, Marketing, "US-OR", NeedTally, true},
		{california, Utility, "", NeedTally, true},
		{california, Service, "", NeedTally, true},
		{florida, Authentication, "", NeedOptOut, false},
	} {
		m, r := Message{To: Recipient{Address: c.to}, Category: c.category}, Record{Place: c.place, Placed: noon}
		if need, counts := policy.Need(&m), policy.Counts(&m, &r); need != c.need || counts != c.counts {
			t.Errorf("%s to %s in %q needs %d, and counts: %t; want %d and %t", c.category, c.to, c.place, need, counts, c.need, c.counts)
		}
	}
	if got := policy.Lookback(); got != 48*time.Hour {
		t.Errorf("the rules look back %s", got)
	}
}

func TestCapsAllocateNothing(t *testing.T) {
	policy, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis}, Duplicates: Duplicates{Within: time.Hour},
		Caps: Caps{Preset: "law", Tables: capTables, Rows: []Cap{{Most: 9, Within: time.Hour}, {Most: 10, Within: 2 * time.Hour, Topic: "news"}, {Most: 4, Within: time.Hour, SameTopic: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	m := Message{To: Recipient{Address: florida}, Topic: "offers", Others: [4]string{"news", "club"}}
	for _, r := range []Record{{Tally: sentAt(-3, -2, -1)}, {Tally: sentAt(-0.5), Place: "US-OR", Placed: noon}} {
		if n := testing.AllocsPerRun(100, func() { policy.Need(&m); policy.Counts(&m, &r); policy.Decide(&m, &r, noon) }); n > 0 {
			t.Errorf("%v allocations with %+v", n, r)
		}
	}
}
