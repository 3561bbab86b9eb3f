package filter

import (
	"slices"
	"time"
)

// A Record is what is known about a recipient: the fold of their events. The zero Record is a
// stranger. Records are values: After copies what it changes, so a Record may be shared freely
// as long as nobody writes to Consents.
type Record struct {
	// LastInbound is when the recipient last wrote; zero for never.
	LastInbound time.Time `json:"last_inbound,omitzero"`
	// Consents holds one entry a scope, in a fixed order.
	Consents []Consent `json:"consents,omitempty"`
}

// A Consent is what was agreed and withdrawn within one scope: the latest moment of each.
type Consent struct {
	Scope    Scope            `json:"scope"`
	Granted  [Bases]time.Time `json:"granted"`            // by basis; zero for never. Index NoBasis stays zero
	OptedOut time.Time        `json:"opted_out,omitzero"` // zero for never
}

// After returns r as it stands once e is known. Twice the same event, or two events in either
// order, give the same record; at equal times the opt-out wins.
func (r Record) After(e Event) Record {
	at := e.Time.Round(0).UTC()
	if e.Kind == Wrote {
		r.LastInbound = later(r.LastInbound, at)
		return r
	}
	i, known := slices.BinarySearchFunc(r.Consents, e.Scope, func(c Consent, s Scope) int { return c.Scope.compare(s) })
	if known {
		r.Consents = slices.Clone(r.Consents)
	} else {
		r.Consents = slices.Insert(slices.Clip(slices.Clone(r.Consents)), i, Consent{Scope: e.Scope})
	}
	c := &r.Consents[i]
	switch e.Kind {
	case OptedOut:
		c.OptedOut = later(c.OptedOut, at)
	case OptedIn:
		if e.Basis != NoBasis && e.Basis < Bases {
			c.Granted[e.Basis] = later(c.Granted[e.Basis], at)
		}
	}
	return r
}

// With returns what is known from r and o together: a brand's own record joined with the record
// that holds for every brand.
func (r Record) With(o Record) Record {
	if len(o.Consents) == 0 && o.LastInbound.IsZero() {
		return r
	}
	r.LastInbound = later(r.LastInbound, o.LastInbound)
	for _, c := range o.Consents {
		if !c.OptedOut.IsZero() {
			r = r.After(Event{Kind: OptedOut, Scope: c.Scope, Time: c.OptedOut})
		}
		for b, at := range c.Granted {
			if !at.IsZero() {
				r = r.After(Event{Kind: OptedIn, Scope: c.Scope, Basis: Basis(b), Time: at})
			}
		}
	}
	return r
}

// EverOptedOut reports whether any opt-out was ever recorded, lifted since or not.
func (r *Record) EverOptedOut() bool {
	for i := range r.Consents {
		if !r.Consents[i].OptedOut.IsZero() {
			return true
		}
	}
	return false
}

// OptedOut is the opt-out that binds a message of category c and topic: the latest that covers
// it, unless an express opt-in that covers it came after. The zero time means none does.
func (r *Record) OptedOut(c Category, topic string) (at time.Time, scope Scope) {
	for i := range r.Consents {
		k := &r.Consents[i]
		if k.Scope.Covers(c, topic) && k.OptedOut.After(at) {
			at, scope = k.OptedOut, k.Scope
		}
	}
	if at.IsZero() || r.granted(c, topic, Express).After(at) {
		return time.Time{}, Scope{}
	}
	return at, scope
}

// Granted is the latest opt-in on basis b that covers a message of category c and topic and was
// not withdrawn since. The zero time means there is none.
func (r *Record) Granted(c Category, topic string, b Basis) time.Time {
	at := r.granted(c, topic, b)
	for i := range r.Consents {
		k := &r.Consents[i]
		if k.Scope.Covers(c, topic) && !k.OptedOut.IsZero() && !at.After(k.OptedOut) {
			return time.Time{}
		}
	}
	return at
}

func (r *Record) granted(c Category, topic string, b Basis) (at time.Time) {
	for i := range r.Consents {
		k := &r.Consents[i]
		if k.Scope.Covers(c, topic) {
			at = later(at, k.Granted[b])
		}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
