package filter

import (
	"fmt"
	"testing"
	"time"
)

func mustNew(t testing.TB, cfg Config) Policy {
	t.Helper()
	policy, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// everyRule is a policy in which all rules have something to look at.
func everyRule(t testing.TB) Policy {
	return mustNew(t, Config{
		Footer:     Footer{Line: stopLine},
		Notice:     Notice{Text: "acme: {policy_url}", PolicyURL: "https://acme.example/p"},
		Expiry:     canada,
		QuietHours: QuietHours{Preset: "law", Tables: testTables, ExemptReplies: true, Categories: []Category{Marketing, Utility}},
		Caps:       Caps{Preset: "law", Tables: capTables, Rows: []Cap{{Most: 20, Within: 24 * time.Hour}, {Most: 100, Within: 720 * time.Hour}}},
		Duplicates: Duplicates{Within: time.Hour},
	})
}

// busy is a record with ten consents, and topics among them.
func busy(extra ...Event) Record {
	events := extra
	for i := range 7 {
		events = append(events, optedIn(float64(-i), Express, OfTopic(fmt.Sprint("topic ", i))))
	}
	return told(fold(append(events, wrote(-1), optedIn(-1, ByTransaction, OfCategory(Utility)),
		optedIn(-1, Express, OfCategory(Marketing)), optedOut(-50, All), askedFor(-40, OfTopic("topic 3")),
		refused(-45, All), erased(-60))...), 2)
}

// told is r with n messages in the tally, besides the two that busy has.
func told(r Record, n int) Record {
	for i := range n {
		r.Tally = append(r.Tally, Sent{At: hours(float64(i-n) / 10), SameTopic: i%2 == 0})
	}
	return r
}

// decideCases are messages that most rules let pass, and what becomes of them in the end.
var decideCases = []struct {
	name string
	r    Record
	m    Message
	at   float64 // hours from noon
	want Decision
}{
	{"forward", busy(), decideMessage("A longer text that in the end says how to Unsubscribe"), 4, forward},
	{"rewrite", busy(), decideMessage("Everything must go"), 4, Decision{Action: Rewrite, Reason: Content, Rule: "footer"}},
	{"block opted out", busy(optedOut(0, OfTopic("topic 3"))), decideMessage("Hello"), 4, Decision{Reason: HasOptedOut, Rule: "opt-out"}},
	{"block at the cap", told(busy(), 18), decideMessage("A longer text that in the end says how to Unsubscribe"), 4, Decision{Reason: CapReached, Rule: "cap"}},
	{"block at night", busy(), decideMessage("Hello"), 40, Decision{Reason: InQuietHours, Rule: "quiet-hours"}},
}

// decideMessage is a template to somebody in Texas, or where there is something to edit a text.
func decideMessage(text string) Message {
	return Message{To: Recipient{Brand: "shop", Channel: SMS, Address: "+17135550123"}, Topic: "topic 3", Text: text, Room: 100}
}

func TestDecideAllocatesNothing(t *testing.T) {
	policy := everyRule(t)
	for _, c := range decideCases {
		if len(c.r.Consents) != 10 {
			t.Fatalf("the record has %d consents", len(c.r.Consents))
		}
		now := hours(c.at)
		if n := testing.AllocsPerRun(100, func() {
			if d := policy.Decide(&c.m, &c.r, now); d.Action != c.want.Action || d.Reason != c.want.Reason || d.Rule != c.want.Rule {
				t.Fatalf("%+v, want %+v", d, c.want)
			}
			policy.Need(&c.m)
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// BenchmarkDecide judges by all rules, and then by the first of them only, one more each time.
func BenchmarkDecide(b *testing.B) {
	all := everyRule(b)
	bench := func(name string, policy Policy, m Message, r Record, at float64) {
		b.Run(name, func(b *testing.B) {
			now := hours(at)
			b.ReportAllocs()
			for b.Loop() {
				policy.Decide(&m, &r, now)
			}
		})
	}
	for _, c := range decideCases {
		bench("case="+c.name, all, c.m, c.r, c.at)
	}
	c := decideCases[0]
	for n := range len(all) + 1 {
		bench(fmt.Sprintf("rules=%d", n), all[:n], c.m, c.r, c.at)
	}
}
