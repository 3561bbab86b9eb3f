package filter

import (
	"math/rand/v2"
	"slices"
	"strings"
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

func TestCaps(t *testing.T) {
	marketing := Caps{Rows: []Cap{{Most: 2, Within: 24 * time.Hour, Category: new(Marketing)}}}
	law := Caps{Preset: "law", Tables: capTables}
	other := func(t Tally, change func(*Sent)) Tally {
		for i := range t {
			change(&t[i])
		}
		return t
	}
	for _, c := range []struct {
		name  string
		caps  Caps
		m     Message
		tally Tally
		until float64 // hours from noon; 0: it passes
	}{
		{"the first passes", marketing, Message{}, nil, 0},
		{"so does as many as there may be", marketing, Message{}, sentAt(-1), 0},
		{"one more waits until the first is a day old", marketing, Message{}, sentAt(-20, -1), 4},
		{"a day to the minute is no longer within a day", marketing, Message{}, sentAt(-24, -1), 0},
		{"utility is not marketing", marketing, Message{Category: Utility}, sentAt(-2, -1), 0},
		{"utility that was sent does not count as marketing", marketing, Message{}, other(sentAt(-2, -1), func(s *Sent) { s.Category = Utility }), 0},
		{"the most restrictive of several rows wins", Caps{Rows: []Cap{{Most: 1, Within: time.Hour}, {Most: 2, Within: 48 * time.Hour}}}, Message{}, sentAt(-30, -0.5), 18},
		{"where one row frees another still holds", Caps{Rows: []Cap{{Most: 2, Within: 48 * time.Hour}, {Most: 1, Within: 20 * time.Hour}}}, Message{}, sentAt(-40, -0.5), 19.5},
		{"a cap on everything leaves codes to sign in alone", Caps{Rows: []Cap{{Most: 1, Within: time.Hour}}}, Message{Category: Authentication}, other(sentAt(-0.5), func(s *Sent) { s.Category = Authentication }), 0},
		{"unless a row is about them", Caps{Rows: []Cap{{Most: 1, Within: time.Hour, Category: new(Authentication)}}}, Message{Category: Authentication}, other(sentAt(-0.5), func(s *Sent) { s.Category = Authentication }), 0.5},
		{"a cap on a topic counts that topic", Caps{Rows: []Cap{{Most: 1, Within: time.Hour, Topic: "offers"}}}, Message{Topic: "offers"}, sentAt(-0.5), 0.5},
		{"and no other", Caps{Rows: []Cap{{Most: 1, Within: time.Hour, Topic: "offers"}}}, Message{Topic: "offers"}, other(sentAt(-0.5), func(s *Sent) { s.SameTopic = false }), 0},
		{"nor messages of another", Caps{Rows: []Cap{{Most: 1, Within: time.Hour, Topic: "offers"}}}, Message{Topic: "news"}, sentAt(-0.5), 0},
		{"the row of a state is for numbers of that state", law, Message{To: Recipient{Address: florida}}, sentAt(-3, -2, -1), 21},
		{"and not for those of another", law, Message{To: Recipient{Address: california}}, sentAt(-3, -2, -1), 0},
		{"three on other subjects are none on this", law, Message{To: Recipient{Address: florida}}, other(sentAt(-3, -2, -1), func(s *Sent) { s.SameTopic = false }), 0},
		{"a number that does not tell its state has all of them", law, Message{To: Recipient{Address: "US.13491208655302741918"}}, other(sentAt(-3, -2, -1), func(s *Sent) { s.SameTopic = false }), 21},
		{"and so has an address that tells nothing", law, Message{To: Recipient{Address: "1234567890123456"}}, sentAt(-3, -2, -1), 21},
		{"a German number has none", law, Message{To: Recipient{Address: "+4915112345678"}}, sentAt(-3, -2, -1), 0},
		{"an own row stands in for the preset's about that place", Caps{Preset: "law", Tables: capTables, Rows: []Cap{{Place: "US-FL", Most: 4, Within: 24 * time.Hour}}},
			Message{To: Recipient{Address: florida}}, sentAt(-3, -2, -1), 0},
		{"what is scheduled counts at its time", marketing, Message{SendAt: hours(30)}, sentAt(-1, -0.5), 0},
		{"and is held against what is due after it", marketing, Message{}, sentAt(2, 3), 26},
		{"one between two that are scheduled far apart passes", marketing, Message{}, sentAt(-20, 20), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis, Utility: NoBasis}, Caps: c.caps})
			if err != nil {
				t.Fatal(err)
			}
			if c.m.To.Address == "" {
				c.m.To.Address = california
			}
			r := &Record{Tally: c.tally}
			d := policy.Decide(&c.m, r, noon)
			want := forward
			if c.until != 0 {
				want = Decision{Action: Block, Reason: CapReached, Rule: "cap", Until: noon.Add(time.Duration(c.until * float64(time.Hour)))}
			}
			if d != want {
				t.Errorf("%+v, want %+v", d, want)
			}
			if d.Action == Block {
				later := c.m
				later.SendAt = d.Until
				if again := policy.Decide(&later, r, noon); again.Action != Forward {
					t.Errorf("at the moment it would pass it is %+v", again)
				}
				if later.SendAt = d.Until.Add(-time.Millisecond); policy.Decide(&later, r, noon).Action != Block {
					t.Error("it would have passed before")
				}
			}
		})
	}
}

// A cap is held whatever was sent and scheduled before: no time of its length ever has more messages in
// it than it allows, and whoever waits until the moment that is named waits no longer than needed.
func TestCapsHoldInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		q := quota{most: 1 + random.IntN(4), within: time.Duration(1+random.IntN(20)) * time.Second, only: allButCodes}
		var tally Tally
		for range 30 {
			due := noon.Add(time.Duration(random.IntN(60)) * time.Second)
			free := q.free(tally, due)
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

func TestDuplicates(t *testing.T) {
	hour := Duplicates{Within: time.Hour}
	for _, c := range []struct {
		name  string
		cfg   Duplicates
		m     Message
		tally Tally
		until float64
	}{
		{"a first message passes", hour, Message{}, nil, 0},
		{"the same half an hour later is a duplicate for the other half", hour, Message{}, sentAt(-0.5), 0.5},
		{"after an hour it is none", hour, Message{}, sentAt(-1), 0},
		{"of several the last counts", hour, Message{}, sentAt(-0.75, -0.25), 0.75},
		{"another content is no duplicate", hour, Message{}, Tally{{At: noon, SameTopic: true}}, 0},
		{"a code to sign in may be sent twice", hour, Message{Category: Authentication}, Tally{{At: noon, Category: Authentication, SameContent: true}}, 0},
		{"a conversation may say the same twice", hour, Message{Category: Service}, Tally{{At: noon, Category: Service, SameContent: true}}, 0},
		{"a notice may not", hour, Message{Category: Utility}, Tally{{At: noon, Category: Utility, SameContent: true}}, 1},
		{"unless the configuration says otherwise", Duplicates{Within: time.Hour, Categories: []Category{Authentication}},
			Message{Category: Authentication}, Tally{{At: noon, Category: Authentication, SameContent: true}}, 1},
		{"what is scheduled is held against what will be sent then", hour, Message{SendAt: hours(5)}, sentAt(5.5), 6.5},
		{"without the setting nothing is a duplicate", Duplicates{}, Message{}, sentAt(-0.5), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis, Utility: NoBasis, Service: NoBasis}, Duplicates: c.cfg})
			if err != nil {
				t.Fatal(err)
			}
			c.m.To.Address = california
			want := forward
			if c.until != 0 {
				want = Decision{Action: Block, Reason: Duplicate, Rule: "duplicate", Until: noon.Add(time.Duration(c.until * float64(time.Hour)))}
			}
			if d := policy.Decide(&c.m, &Record{Tally: c.tally}, noon); d != want {
				t.Errorf("%+v, want %+v", d, want)
			}
		})
	}
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
		want     Need
	}{
		{florida, Marketing, NeedTally}, {california, Marketing, NeedOptOut}, {california, Utility, NeedTally},
		{california, Service, NeedTally}, {california, Authentication, NeedOptOut},
	} {
		if got := policy.Need(&Message{To: Recipient{Address: c.to}, Category: c.category}); got != c.want {
			t.Errorf("%s to %s needs %d, want %d", c.category, c.to, got, c.want)
		}
	}
	if got := policy.Lookback(); got != 48*time.Hour {
		t.Errorf("the rules look back %s", got)
	}
}

func TestCapsSayWhatTheyGoBy(t *testing.T) {
	policy, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis}, Caps: Caps{Preset: "law", Tables: capTables}, Duplicates: Duplicates{Within: 90 * time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	m := Message{To: Recipient{Address: florida}}
	r := Record{Tally: sentAt(-3, -2, -1)}
	d := policy.Decide(&m, &r, noon)
	why := policy.Why(&m, &r, &d, noon)
	for _, part := range []string{"at most 3 marketing of one topic in 24h to US-FL (https://example.com/fl, reviewed 2026-01-01, confidence high)", "3 counted", "from " + when(hours(21))} {
		if !strings.Contains(why, part) {
			t.Errorf("%q does not say %q", why, part)
		}
	}
	r.Tally = sentAt(-1)
	d = policy.Decide(&m, &r, noon)
	if why = policy.Why(&m, &r, &d, noon); !strings.Contains(why, "within 1h30m") {
		t.Errorf("%q does not say how long", why)
	}
}

func TestBadCaps(t *testing.T) {
	for want, cfg := range map[string]Config{
		`caps: preset: unknown preset "laws": want one of law`:                       {Caps: Caps{Preset: "laws", Tables: capTables}},
		"caps: rows[0]: most: 0: want at least one message":                          {Caps: Caps{Rows: []Cap{{Within: time.Hour}}}},
		"caps: rows[0]: within: 0s: want between a second and 8784 hours":            {Caps: Caps{Rows: []Cap{{Most: 1}}}},
		"caps: rows[0]: within: 9000h0m0s: want between a second and 8784 hours":     {Caps: Caps{Rows: []Cap{{Most: 1, Within: 9000 * time.Hour}}}},
		`caps: rows[0]: place: unknown country "Florida": want ISO 3166, such as FR`: {Caps: Caps{Rows: []Cap{{Most: 1, Within: time.Hour, Place: "Florida"}}}},
		`caps: rows[0]: confidence: unknown word "sure": want high, medium or low`:   {Caps: Caps{Rows: []Cap{{Most: 1, Within: time.Hour, Confidence: "sure"}}}},
		"duplicates: within: 1ms: want between a second and 8784 hours":              {Duplicates: Duplicates{Within: time.Millisecond}},
		"duplicates: within: -1h0m0s: want between a second and 8784 hours":          {Duplicates: Duplicates{Within: -time.Hour}},
	} {
		if _, err := New(cfg); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCapsAllocateNothing(t *testing.T) {
	policy, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis}, Duplicates: Duplicates{Within: time.Hour},
		Caps: Caps{Preset: "law", Tables: capTables, Rows: []Cap{{Most: 9, Within: time.Hour}, {Most: 10, Within: 2 * time.Hour, Topic: "offers"}}}})
	if err != nil {
		t.Fatal(err)
	}
	m := Message{To: Recipient{Address: florida}, Topic: "offers"}
	r := Record{Tally: sentAt(-3, -2, -1)}
	if n := testing.AllocsPerRun(100, func() { policy.Need(&m); policy.Decide(&m, &r, noon) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
