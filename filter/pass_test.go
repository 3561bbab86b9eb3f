package filter

import (
	"testing"
	"time"
)

// TestWhyNoPass: who may let what past.
func TestWhyNoPass(t *testing.T) {
	for r := range Reason(Reasons) {
		for c := range Category(Categories) {
			d := Decision{Reason: r, Rule: "consent"}
			may := false
			switch r {
			case InQuietHours, CapReached, Duplicate, Content:
				may = true
			case NoConsent, ConsentExpired:
				may = c != Marketing
			}
			if got := d.WhyNoPass(c); (got == "") != may {
				t.Errorf("%s past %s: %q", c, r, got)
			}
		}
	}
	if d := (Decision{Reason: NoConsent, Rule: "asked"}); d.WhyNoPass(Utility) == "" {
		t.Error("who did not say yes may be written to all the same")
	}
}

// TestDecidePast: the one reason counts no more, and all others do.
func TestDecidePast(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	says := func(d Decision) Rule { return saying(d) }
	stopped, quiet := says(block(HasOptedOut)), says(block(InQuietHours))
	moved := says(Decision{Action: Rewrite, Reason: InQuietHours, Edit: Edit{SendAt: now.Add(time.Hour)}})
	line := says(Decision{Action: Rewrite, Reason: Content, Edit: Edit{Footer: "STOP"}})
	for name, c := range map[string]struct {
		rules  Policy
		past   Reason
		action Action
		reason Reason
		edit   Edit
	}{
		"nothing else":                      {Policy{quiet}, InQuietHours, Forward, Allowed, Edit{}},
		"an opt-out behind it":              {Policy{quiet, stopped}, InQuietHours, Block, HasOptedOut, Edit{}},
		"another reason":                    {Policy{quiet}, CapReached, Block, InQuietHours, Edit{}},
		"an edit behind it":                 {Policy{quiet, line}, InQuietHours, Rewrite, Content, Edit{Footer: "STOP"}},
		"an edit for it":                    {Policy{line, says(block(Content))}, Content, Rewrite, Content, Edit{Footer: "STOP"}},
		"another time for it":               {Policy{moved}, InQuietHours, Forward, Allowed, Edit{}},
		"another time for something else":   {Policy{moved, says(block(Content))}, Content, Rewrite, InQuietHours, Edit{SendAt: now.Add(time.Hour)}},
		"another time that an opt-out bars": {Policy{moved, stopped}, Content, Block, HasOptedOut, Edit{}},
		"an action that is none":            {Policy{says(Decision{Action: 9, Reason: InQuietHours})}, InQuietHours, Block, InQuietHours, Edit{}},
	} {
		m := ofCategory(Marketing)
		if d := c.rules.DecidePast(c.past, &m, &Record{}, now); d.Action != c.action || d.Reason != c.reason || d.Edit != c.edit {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// A saying is a rule that always says the same, but for where the message is to be delivered later than now.
type saying Decision

func (saying) Name() string       { return "test" }
func (saying) Need(*Message) Need { return NeedOptOut }
func (s saying) Judge(m *Message, _ *Record, now time.Time) Decision {
	if s.Edit.SendAt.Equal(m.SendAt) && !m.SendAt.IsZero() {
		return forward
	}
	return Decision(s)
}
