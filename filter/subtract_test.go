package filter

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// anyConfig is a policy as somebody might configure it.
func anyConfig(random *rand.Rand) Config {
	cfg := Config{
		Require:      map[Category]Basis{},
		OptOutExempt: pick(random, nil, nil, []Category{Utility, Service}, []Category{Authentication}),
		Window:       pick(random, 0, time.Hour, 72*time.Hour),
		Expiry:       pick(random, nil, canada, []Expiry{{Country: "*", Basis: Express, Days: 1}}),
		Footer:       Footer{Line: pick(random, "", stopLine, "STOP ends this"), Impossible: pick(random, OrBlock, OrWarn)},
		Notice:       Notice{Text: pick(random, "", "acme: {policy_url}"), PolicyURL: "https://acme.example/p", Replies: random.IntN(2) == 0, Impossible: pick(random, OrBlock, OrWarn)},
		QuietHours: QuietHours{
			Preset:        pick(random, "", "law", "law"),
			Zone:          pick(random, "", "Europe/Berlin"),
			ExemptReplies: random.IntN(2) == 0,
			Reschedule:    random.IntN(2) == 0,
			Tables:        testTables,
		},
		Caps: Caps{Preset: pick(random, "", "law"), Tables: capTables},
	}
	if random.IntN(2) == 0 {
		cfg.Caps.Rows = []Cap{{Most: 1 + random.IntN(3), Within: pick(random, time.Hour, 100*time.Hour), Topic: pick(random, "", "offers"), SameTopic: random.IntN(2) == 0}}
		cfg.Duplicates = Duplicates{Within: pick(random, 0, time.Hour, 50*time.Hour), Categories: pick(random, nil, []Category{Authentication})}
	}
	for c := range Category(Categories) {
		if b := pick(random, defaultRequire[c], NoBasis, Express); random.IntN(2) == 0 {
			cfg.Require[c] = b
		}
	}
	if random.IntN(2) == 0 {
		cfg.QuietHours.Rows = []Hours{{Place: pick(random, "*", "US", "CA", "US-TX"), Weekdays: pick(random, span("none"), span("09:30-17:00")), Sunday: pick(random, Span{}, span("none"))}}
		cfg.QuietHours.Categories = pick(random, nil, []Category{Marketing, Utility, Service, Authentication})
	}
	if cfg.Footer.Line == "" { // the rest of a section is refused without what makes it a rule
		cfg.Footer = Footer{}
	}
	if cfg.Notice.Text == "" {
		cfg.Notice = Notice{}
	}
	if cfg.Duplicates.Within == 0 {
		cfg.Duplicates = Duplicates{}
	}
	if cfg.QuietHours.Preset == "" && cfg.QuietHours.Rows == nil {
		cfg.QuietHours = QuietHours{}
	}
	return cfg
}

// anyRule is one of the house, or a stub, sometimes with an action that is none.
func anyRule(random *rand.Rand, house Policy) Rule {
	if random.IntN(4) == 0 {
		return stub{Decision{Action: Action(random.IntN(Actions + 1)), Reason: Reason(random.IntN(Reasons)), Edit: Edit{Footer: pick(random, "", "a", "b")}}}
	}
	return pick(random, house...)
}

// anyTally is what may have been sent in the weeks that the tests play in, the oldest first.
func anyTally(random *rand.Rand) (t Tally) {
	for at := -48.0; random.IntN(8) > 0; at += random.Float64() * 60 {
		t = append(t, Sent{At: hours(at).Truncate(time.Millisecond), Category: Category(random.IntN(Categories)), SameTopic: random.IntN(2) == 0, SameOthers: [4]bool{random.IntN(2) == 0}, SameContent: random.IntN(2) == 0})
	}
	return t
}

func anyMessage(random *rand.Rand) Message {
	address := pick(random, "+14155550100", newYorker, parisian, toronto, "+17135550123", "+61412345678", "+18005550123", "US.13491208655302741918", "1234567890", "")
	return Message{
		To:       Recipient{Brand: "shop", Channel: pick(random, SMS, WhatsApp, Messenger), Address: address},
		Category: pick(random, Marketing, Marketing, Category(random.IntN(Categories))),
		Topic:    pick(random, "", "offers", "news"), Others: pick(random, [4]string{}, [4]string{}, [4]string{"offers"}), From: pick(random, "", "+14155550199"), Strays: random.IntN(4) == 0,
		Template: pick(random, "", "welcome"), Text: pick(random, "", "Hello", "STOP"), Room: random.IntN(100),
		SendAt:  pick(random, time.Time{}, hours(float64(random.IntN(100)-20))),
		Movable: random.IntN(2) == 0,
	}
}

// weaker reports whether a message fares better by a than by b: it goes out where b blocks it, or
// with less than b wants changed.
func weaker(a, b Decision) bool {
	if a.Action == Block || b.Action == Forward {
		return false
	}
	lines := strings.Split(a.Edit.Footer, "\n")
	return b.Action == Block || a.Action == Forward || a.Edit.SendAt.Before(b.Edit.SendAt) ||
		slices.ContainsFunc(strings.Split(b.Edit.Footer, "\n"), func(line string) bool { return line != "" && !slices.Contains(lines, line) })
}

// One more rule, wherever it stands, never lets out what was blocked before, nor with less of an edit,
// and never looks at less. A message fares the same each time it is judged, by a policy that is new
// too, and by no more of the record than the rules ask for.
func TestRulesOnlySubtract(t *testing.T) {
	random := seeded(t)
	var house Policy
	for range 200 {
		house = append(house, mustNew(t, anyConfig(random))...)
	}
	var settled [Actions]int
	by := map[string]bool{}
	for range 20_000 {
		var policy Policy
		for range random.IntN(6) {
			policy = append(policy, anyRule(random, house))
		}
		m, now := anyMessage(random), hours(random.Float64()*24*14)
		r := fold(anyEvents(random)...)
		r.Tally = anyTally(random)
		before := policy.Decide(&m, &r, now)
		more := slices.Insert(slices.Clone(policy), random.IntN(len(policy)+1), anyRule(random, house))
		if after := more.Decide(&m, &r, now); weaker(after, before) {
			t.Fatalf("%v decides %+v of %+v with %+v at %s, and with one more rule %v decides %+v", policy, before, m, r, now, more, after)
		}
		if more.Need(&m) < policy.Need(&m) {
			t.Fatalf("%v needs less than %v", more, policy)
		}
		if again := policy.Decide(&m, &r, now); again != before {
			t.Fatalf("%v decides %+v of %+v with %+v at %s, and then %+v", policy, before, m, r, now, again)
		}
		if untold := r; !policy.Counts(&m, &r) {
			if untold.Tally = nil; policy.Decide(&m, &untold, now) != before {
				t.Fatalf("%v looks at the tally, which it does not ask for: %+v of %+v at %s", policy, r, m, now)
			}
		}
		if policy.Counts(&m, &r) && policy.Need(&m) < NeedTally {
			t.Fatalf("%v goes by a tally that it does not ask for: %+v of %+v at %s", policy, r, m, now)
		}
		if stranger := (Record{}); policy.Need(&m) == NeedOptOut && !r.EverOptedOut() && policy.Decide(&m, &stranger, now) != before {
			t.Fatalf("%v looks at more of %+v than it asks for: %+v at %s", policy, r, m, now)
		}
		settled[before.Action]++
		by[before.Rule] = true
	}
	if slices.Min(settled[:]) < 1000 {
		t.Errorf("blocked, rewritten and forwarded were %v", settled)
	}
	for _, rule := range everyRule(t) {
		if !by[rule.Name()] {
			t.Errorf("the rule %s never decided", rule.Name())
		}
	}
}

// What a policy has decided before leaves no trace in what it decides: not the moments at which it was
// asked, nor the recipients.
func TestDecideIsDeterministic(t *testing.T) {
	random := seeded(t)
	for range 100 {
		cfg := anyConfig(random)
		used := mustNew(t, cfg)
		for range 20 {
			m, r, now := anyMessage(random), fold(anyEvents(random)...), hours(random.Float64()*24*14)
			r.Tally = anyTally(random)
			if got, want := used.Decide(&m, &r, now), mustNew(t, cfg).Decide(&m, &r, now); got != want {
				t.Fatalf("by %+v it is %+v of %+v at %s, and at first sight %+v", cfg, got, m, now, want)
			}
		}
	}
}
