package filter

import (
	"fmt"
	"strings"
	"time"
)

// Why is what the rule that settled d about m went by, in words for people: what stands in r, rows of
// data with their source, clocks and zones. Of a message that nothing objected to it says what
// consent carries it. d is what Decide answers for the same arguments.
func (p Policy) Why(m *Message, r *Record, d *Decision, now time.Time) (why string) {
	settled := d.Rule
	if d.Reason == Allowed {
		settled = consent{}.Name()
	}
	for _, rule := range p {
		if talks, ok := rule.(interface {
			// detail says what the rule goes by for m at a moment.
			detail(m *Message, r *Record, now time.Time) string
		}); ok && rule.Name() == settled {
			why = talks.detail(m, r, now)
		}
	}
	return why
}

// when is a moment in words.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// kind is what m is, in words.
func (m *Message) kind() string {
	if m.Topic == "" {
		return m.Category.String() + " without a topic"
	}
	if m.Strays {
		return fmt.Sprintf("%s, which is stricter than its topic %s", m.Category, m.Topic)
	}
	return m.Category.String() + " of topic " + m.Topic
}

func (badAddress) detail(*Message, *Record, time.Time) string {
	return "what the sender wrote for a recipient: it is neither a number that can be dialled nor an id of this channel"
}

func (optOut) detail(m *Message, r *Record, _ time.Time) string {
	at, scope := r.OptedOut(m)
	switch {
	case at.IsZero():
		return ""
	case at.Equal(r.Erased):
		return fmt.Sprintf("the erasure of %s, which stands as an opt-out of everything, and no express opt-in since", when(at))
	}
	return fmt.Sprintf("the opt-out of %s on %s, which covers %s, and no express opt-in since", scope, when(at), m.kind())
}

func (a asked) detail(m *Message, r *Record, _ time.Time) string {
	switch k, since := r.Answer(m); {
	case k == Refused:
		return fmt.Sprintf("the question whether they want %s, to which they said no on %s", m.kind(), when(since))
	case k == Asked:
		return fmt.Sprintf("the question of %s whether they want %s, which they have not answered", when(since), m.kind())
	}
	return ""
}

func (c consent) detail(m *Message, r *Record, now time.Time) string {
	need, at := c.require[m.Category], m.at(now)
	if need == NoBasis {
		return fmt.Sprintf("the policy, by which %s needs no consent", m.Category)
	}
	var has []string
	for b := Express; b >= need; b-- {
		given, from := c.given(m, r, b)
		if given.IsZero() {
			continue
		}
		until, row := c.ends(m, r, b, given)
		switch {
		case until.IsZero():
			return fmt.Sprintf("%s, given %s", from, when(given))
		case at.Before(until):
			return fmt.Sprintf("%s, given %s, which carries until %s by %s", from, when(given), when(until), row)
		}
		has = append(has, fmt.Sprintf("%s of %s, which ran out on %s by %s", from, when(given), when(until), row))
	}
	for i := range r.Consents {
		k := &r.Consents[i]
		for b, given := range k.Granted {
			if !given.IsZero() && !(k.Scope.carries(m, Basis(b)) && Basis(b) >= need) {
				has = append(has, fmt.Sprintf("%s consent to %s of %s, which does not carry it", Basis(b), k.Scope, when(given)))
			}
		}
	}
	if len(has) == 0 {
		has = []string{"none of any kind"}
	}
	return fmt.Sprintf("the need of consent on the basis %s%s for %s; on record: %s", need, orStronger(need), m.kind(), strings.Join(has, "; "))
}

func orStronger(need Basis) string {
	if need == Express {
		return ""
	}
	return " or a stronger one"
}

// given is when consent on basis b to m was given, and what it was, in words.
func (c consent) given(m *Message, r *Record, b Basis) (at time.Time, from string) {
	at = c.granted(m, r, b)
	if b == ByInquiry && m.Category != Marketing && r.LastInbound.After(at) {
		return r.LastInbound, "the recipient's own message"
	}
	for i := range r.Consents {
		if k := &r.Consents[i]; k.Granted[b].Equal(at) && k.Scope.carries(m, b) {
			return at, fmt.Sprintf("%s consent to %s", b, k.Scope)
		}
	}
	return at, b.String() + " consent"
}

// ends is when consent to m on basis b that was given at a moment runs out, and by what; zero where it
// does not.
func (c consent) ends(m *Message, r *Record, b Basis, given time.Time) (at time.Time, row string) {
	take := func(end time.Time, says string) {
		if at.IsZero() || end.Before(at) {
			at, row = end, says
		}
	}
	if b == ByInquiry {
		take(given.Add(c.window), fmt.Sprintf("the window of %s", c.window))
	}
	for i := range c.expiry {
		l := &c.expiry[i]
		if l.about(m, b) && l.fits(m.To.Address, r.Place) {
			take(l.end(given), l.describe())
		}
	}
	return at, row
}

// describe is a row in words, with its source.
func (l *lapse) describe() string {
	text := fmt.Sprintf("the row %s, %s: %d months and %d days", l.Country, l.Basis, l.Months, l.Days)
	if l.Source == "" {
		return text + " (this gate's configuration)"
	}
	return fmt.Sprintf("%s (%s, reviewed %s, confidence %s)", text, l.Source, l.Reviewed, l.Confidence)
}

func (w window) detail(m *Message, r *Record, now time.Time) string {
	if !w.applies(m) {
		return ""
	}
	at := when(m.at(now))
	if r.LastInbound.IsZero() {
		return fmt.Sprintf("the customer service window of %s, which only the recipient can open: they never wrote, as of %s", w.length, at)
	}
	return fmt.Sprintf("the customer service window: the recipient last wrote on %s, so it closed on %s, and delivery would be on %s",
		when(r.LastInbound), when(r.LastInbound.Add(w.length)), at)
}
