package filter

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A Record is what is known about a recipient: the fold of their events. The zero Record is a
// stranger. Records are values: After and With copy what they change, so a Record may be shared
// freely as long as nobody writes to Consents.
type Record struct {
	// LastInbound is when the recipient last wrote; zero for never.
	LastInbound time.Time `json:"last_inbound,omitzero"`
	// Consents holds one entry a scope, in a fixed order.
	Consents []Consent `json:"consents,omitempty"`
}

// A Consent is what was agreed and withdrawn within one scope: the latest moment of each.
type Consent struct {
	Scope    Scope     `json:"scope"`
	Granted  Grants    `json:"granted,omitzero"`
	OptedOut time.Time `json:"opted_out,omitzero"` // zero for never
}

// Grants is when the recipient last agreed on each [Basis]; zero for never, and always zero at
// NoBasis. Its JSON holds what was given, by name: {"express":"2026-01-02T15:04:05Z"}.
type Grants [Bases]time.Time

// MarshalJSON writes the bases that were given.
func (g Grants) MarshalJSON() ([]byte, error) {
	given := make(map[Basis]time.Time, Bases)
	for b, at := range g {
		if !at.IsZero() {
			given[Basis(b)] = at
		}
	}
	return json.Marshal(given)
}

// UnmarshalJSON reads what MarshalJSON writes. Bases left out were never given.
func (g *Grants) UnmarshalJSON(text []byte) error {
	var given map[Basis]time.Time
	if err := json.Unmarshal(text, &given); err != nil {
		return err
	}
	if _, ok := given[NoBasis]; ok {
		return fmt.Errorf("granted: consent cannot be given on the basis %q", NoBasis)
	}
	*g = Grants{}
	for b, at := range given {
		g[b] = at
	}
	return nil
}

// dawn is the earliest moment a record knows. What happened before, or at a time nobody knows,
// counts as then: a zero time would say that it never happened, and lose an opt-out.
var dawn = time.Unix(1, 0).UTC()

// After returns r as it stands once e is known. Twice the same event, or two events in either
// order, give the same record; at equal times the opt-out wins. An opt-in without a basis changes
// nothing.
func (r Record) After(e Event) Record {
	at := later(dawn, e.Time.Round(0).UTC())
	c := Consent{Scope: e.Scope}
	switch {
	case e.Kind == Wrote:
		return r.With(Record{LastInbound: at})
	case e.Kind == OptedOut:
		c.OptedOut = at
	case e.Kind == OptedIn && e.Basis != NoBasis && e.Basis < Bases:
		c.Granted[e.Basis] = at
	default:
		return r
	}
	return r.With(Record{Consents: []Consent{c}})
}

// With returns what is known from r and o together, as if the events of both had been one
// history: a brand's own record joined with the record that holds for every brand.
func (r Record) With(o Record) Record {
	r.LastInbound = later(r.LastInbound, o.LastInbound)
	switch {
	case len(o.Consents) == 0:
		return r
	case len(r.Consents) == 0:
		r.Consents = o.Consents
		return r
	}
	all := slices.Concat(r.Consents, o.Consents)
	slices.SortFunc(all, func(a, b Consent) int { return a.Scope.compare(b.Scope) })
	r.Consents = all[:1]
	for _, c := range all[1:] {
		if last := &r.Consents[len(r.Consents)-1]; last.Scope == c.Scope {
			last.join(c)
		} else {
			r.Consents = append(r.Consents, c)
		}
	}
	return r
}

// join makes c the latest of what c and d say.
func (c *Consent) join(d Consent) {
	c.OptedOut = later(c.OptedOut, d.OptedOut)
	for b := range c.Granted {
		c.Granted[b] = later(c.Granted[b], d.Granted[b])
	}
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

// Granted is the latest opt-in on basis b that covers a message of category c and topic, unless an
// opt-out that covers it came at the same time or after. The zero time means there is none.
func (r *Record) Granted(c Category, topic string, b Basis) time.Time {
	at := r.granted(c, topic, b)
	for i := range r.Consents {
		k := &r.Consents[i]
		if k.Scope.Covers(c, topic) && !at.After(k.OptedOut) {
			return time.Time{}
		}
	}
	return at
}

// granted is Granted without regard to opt-outs.
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
