package filter

import (
	"time"
)

// Need says how much must be known about a recipient before a message can be judged.
type Need uint8

// The needs, from the least.
const (
	NeedOptOut Need = iota // only whether they opted out: the Bloom filter usually answers
	NeedRecord             // all of it but the tally
	NeedTally              // the tally too, wherever [Policy.Counts] says so
)

// A Rule may object to a message: block it or edit it. No rule can let through what another
// blocks. Its methods are pure, safe for concurrent use, and keep no reference to m or r.
type Rule interface {
	// Name is the rule's word in the decision log and in explanations.
	Name() string
	// Need is how much of the record Judge looks at for m.
	Need(m *Message) Need
	// Judge answers Forward where the rule has no objection.
	Judge(m *Message, r *Record, now time.Time) Decision
}

// A Policy asks its rules in order: the order is the slice literal in [New].
type Policy []Rule

// Need is the most that any rule needs.
func (p Policy) Need(m *Message) Need {
	most := NeedOptOut
	for _, rule := range p {
		most = max(most, rule.Need(m))
	}
	return most
}

// Withdrawn reports whether an opt-out binds m, which would be delivered at a moment, whatever else stands against it.
func (p Policy) Withdrawn(m *Message, r *Record, at time.Time) bool {
	for _, rule := range p {
		if o, ok := rule.(optOut); ok && o.Judge(m, r, at).Action == Block {
			return true
		}
	}
	return false
}

// Decide is the first block, or all edits together, or Forward: a policy without rules forwards.
// It allocates nothing unless two rules edit the same message, or it is moved to another time.
func (p Policy) Decide(m *Message, r *Record, now time.Time) Decision {
	return p.decide(Reasons, m, r, now)
}

// decide is [Policy.DecidePast]; Reasons is none of them.
func (p Policy) decide(past Reason, m *Message, r *Record, now time.Time) Decision {
	out, instead := forward, forward
	for _, rule := range p {
		d := rule.Judge(m, r, now)
		if d.Reason == past && (d.Action == Block || !d.Edit.SendAt.IsZero()) {
			continue
		}
		switch d.Action {
		case Forward:
			if d.Reason != Allowed && out.Action == Forward { // sent on, with a warning
				out.Reason, out.Rule = d.Reason, rule.Name()
			}
		case Rewrite:
			out.Action, out.Reason, out.Rule = Rewrite, d.Reason, rule.Name()
			out.Edit = out.Edit.with(d.Edit)
			if !d.Edit.SendAt.IsZero() {
				out.Until = later(out.Until, d.Until)
				instead = Decision{Action: Block, Reason: d.Reason, Rule: rule.Name(), Until: d.Until}
			}
		default: // Block, and what is no action
			return Decision{Action: Block, Reason: d.Reason, Rule: rule.Name(), Until: d.Until}
		}
	}
	if !out.Edit.SendAt.IsZero() && !p.lets(past, *m, r, now, out.Edit.SendAt) {
		return instead
	}
	return out
}

// lets reports whether no rule has anything against m at a time that it is to be moved to: a window
// that is open now may be closed then.
func (p Policy) lets(past Reason, m Message, r *Record, now, at time.Time) bool {
	m.SendAt = at
	for _, rule := range p {
		d := rule.Judge(&m, r, now)
		if d.Action == Block && d.Reason == past {
			continue
		}
		if d.Action != Forward && d.Action != Rewrite || !d.Edit.SendAt.IsZero() {
			return false
		}
	}
	return true
}

// Unforeseen names the rules that go by more of what m says than m shows: a list whose text is not written yet, or
// a template whose values are not known, can be judged by all others.
func (p Policy) Unforeseen(m *Message) (names []string) {
	for _, rule := range p {
		if reads, ok := rule.(interface{ unforeseen(m *Message) bool }); ok && reads.unforeseen(m) {
			names = append(names, rule.Name())
		}
	}
	return names
}

// Quiet is what the policy's quiet hours alone say of m.
func (p Policy) Quiet(m *Message, r *Record, now time.Time) Decision {
	for _, rule := range p {
		if hours, ok := rule.(*quietHours); ok {
			d := hours.Judge(m, r, now)
			if d.Action != Forward {
				d.Rule = hours.Name()
			}
			return d
		}
	}
	return forward
}

// Zones are the time zones that the recipient of m may be in, as quiet hours see it: by their number, and by where
// they stated to be. There are none where nobody can tell.
func (p Policy) Zones(m *Message, r *Record) (names []string) {
	for _, rule := range p {
		if hours, ok := rule.(*quietHours); ok {
			for _, zone := range hours.known.of(m.To.Address, r.Place).zones {
				names = append(names, zone.String())
			}
		}
	}
	return names
}

// forward is the decision of a rule without objection.
var forward = Decision{Action: Forward, Reason: Allowed}

func block(r Reason) Decision { return Decision{Action: Block, Reason: r} }

func (e Edit) with(f Edit) Edit {
	both := Edit{Footer: e.Footer + f.Footer, Notice: e.Notice || f.Notice, SendAt: later(e.SendAt, f.SendAt)}
	if e.Footer != "" && f.Footer != "" {
		both.Footer = e.Footer + "\n" + f.Footer
	}
	return both
}
