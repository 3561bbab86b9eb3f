package filter

import (
	"slices"
	"time"
)

// A Record is what is known about a recipient: the fold of their events. The zero Record is a
// stranger. Records are values: After and With copy what they change, so a Record may be shared
// freely as long as nobody writes to Consents.
type Record struct {
	// LastInbound is when the recipient last wrote; zero for never.
	LastInbound time.Time `json:"last_inbound,omitzero"`
	// Erased is when the recipient's personal fields were last removed; zero for never. It is an
	// opt-out of everything at that moment, and no consent from before it counts.
	Erased time.Time `json:"erased,omitzero"`
	// Place is where the recipient is, as it was last stated in the proof of an event, and Placed when. Both
	// are zero where nobody said, or not since an erasure.
	Place  string    `json:"place,omitempty"`
	Placed time.Time `json:"placed,omitzero"`
	// Consents holds one entry a scope, in a fixed order.
	Consents []Consent `json:"consents,omitempty"`
	// Tally is what was sent to the recipient lately, as far as the message that is judged needs it. It
	// follows from no event, and After, With and Join leave it alone.
	Tally Tally `json:"tally,omitempty"`
}

// A Consent is what was told, asked, agreed and withdrawn within one scope: the latest moment of each,
// and zero for never.
type Consent struct {
	Scope    Scope     `json:"scope"`
	Granted  Grants    `json:"granted,omitzero"`
	OptedOut time.Time `json:"opted_out,omitzero"`
	Asked    time.Time `json:"asked,omitzero"`
	Refused  time.Time `json:"refused,omitzero"`
	Noticed  time.Time `json:"noticed,omitzero"`
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
	var learnt Record
	if e.Proof.Place != "" {
		learnt.Place, learnt.Placed = e.Proof.Place, at
	}
	switch {
	case e.Kind == Wrote:
		learnt.LastInbound = at
		return r.With(learnt)
	case e.Kind == Erased:
		return r.With(Record{Erased: at})
	case e.Kind == OptedOut:
		c.OptedOut = at
	case e.Kind == Asked, e.Kind == Unanswered:
		c.Asked = at
	case e.Kind == Refused:
		c.Refused = at
	case e.Kind == Noticed:
		c.Noticed = at
	case e.Kind == OptedIn && e.Basis != NoBasis && e.Basis < Bases:
		c.Granted[e.Basis] = at
	default:
		return r
	}
	learnt.Consents = []Consent{c}
	return r.With(learnt)
}

// With returns what is known from r and o together, as if the events of both had been one
// history: a brand's own record joined with the record that holds for every brand.
func (r Record) With(o Record) Record {
	switch {
	case len(r.Consents) == 0:
		r.Consents = o.Consents
		o.Consents = nil
	case len(o.Consents) > 0:
		all := make([]Consent, len(r.Consents), len(r.Consents)+len(o.Consents))
		copy(all, r.Consents)
		r.Consents = all
	}
	r.Join(&o)
	return r
}

// Join makes r what [Record.With] would return, in the memory that r.Consents has where there is
// room: r must not be shared. It takes nothing of o's memory.
func (r *Record) Join(o *Record) {
	r.LastInbound = later(r.LastInbound, o.LastInbound)
	r.Erased = later(r.Erased, o.Erased)
	if o.Placed.After(r.Placed) || o.Placed.Equal(r.Placed) && o.Place > r.Place {
		r.Place, r.Placed = o.Place, o.Placed
	}
	if !r.Placed.After(r.Erased) {
		r.Place, r.Placed = "", time.Time{}
	}
	if len(o.Consents) == 0 {
		return
	}
	all := append(r.Consents, o.Consents...)
	slices.SortFunc(all, func(a, b Consent) int { return a.Scope.compare(b.Scope) })
	r.Consents = all[:1]
	for _, c := range all[1:] {
		if last := &r.Consents[len(r.Consents)-1]; last.Scope == c.Scope {
			last.join(c)
		} else {
			r.Consents = append(r.Consents, c)
		}
	}
}

// join makes c the latest of what c and d say.
func (c *Consent) join(d Consent) {
	c.OptedOut = later(c.OptedOut, d.OptedOut)
	c.Asked = later(c.Asked, d.Asked)
	c.Refused = later(c.Refused, d.Refused)
	c.Noticed = later(c.Noticed, d.Noticed)
	for b := range c.Granted {
		c.Granted[b] = later(c.Granted[b], d.Granted[b])
	}
}

// EverOptedOut reports whether the recipient ever said no, lifted since or not: opted out, refused
// what was asked, or had themselves erased. Where only opt-outs matter, nothing else about them
// needs to be known.
func (r *Record) EverOptedOut() bool {
	for i := range r.Consents {
		if k := &r.Consents[i]; !k.OptedOut.IsZero() || !k.Refused.IsZero() {
			return true
		}
	}
	return !r.Erased.IsZero()
}

// OptedOut is the opt-out that binds m: the latest that covers it, unless an express opt-in that
// carries it came after. The zero time means none does.
func (r *Record) OptedOut(m *Message) (at time.Time, scope Scope) {
	if at, scope = r.optedOut(m); at.IsZero() || r.granted(m, Express).After(at) {
		return time.Time{}, Scope{}
	}
	return at, scope
}

// optedOut is OptedOut without regard to opt-ins.
func (r *Record) optedOut(m *Message) (at time.Time, scope Scope) {
	at = r.Erased
	for i := range r.Consents {
		if k := &r.Consents[i]; k.OptedOut.After(at) && k.Scope.binds(m) {
			at, scope = k.OptedOut, k.Scope
		}
	}
	return at, scope
}

// Granted is the latest opt-in on basis b that carries m, unless an opt-out that covers m came at
// the same time or after. The zero time means there is none.
//
// To cover a message is not enough to carry it. Implied consent never carries marketing, and a
// transaction nothing but the utility messages that its scope names. Consent to a topic does not
// carry a message that strays from it, nor consent to [Privacy] any marketing, nor consent to a
// messaging service what names another sender beside it.
func (r *Record) Granted(m *Message, b Basis) time.Time {
	at := r.granted(m, b)
	if out, _ := r.optedOut(m); !at.After(out) {
		return time.Time{}
	}
	return at
}

// Agreed is the latest express opt-in to what m is about, as Granted says, and to [Privacy] by its name alone: who
// comes back by START, or agrees to all messages, is written to about their data, and has not agreed to its handling.
// Source: https://gdpr-info.eu/art-7-gdpr/ (2)
func (r *Record) Agreed(m *Message) time.Time {
	at := r.agreed(m)
	if out, _ := r.optedOut(m); !at.After(out) {
		return time.Time{}
	}
	return at
}

// agreed is Agreed without regard to opt-outs other than erasure.
func (r *Record) agreed(m *Message) time.Time {
	if m.Topic != Privacy || m.Category == Marketing {
		return r.granted(m, Express)
	}
	return r.latest(m, Express, func(s Scope) bool { return s.over == overTopic })
}

// granted is Granted without regard to opt-outs other than erasure.
func (r *Record) granted(m *Message, b Basis) time.Time {
	return r.latest(m, b, func(Scope) bool { return true })
}

// latest is granted within scopes that are wanted.
func (r *Record) latest(m *Message, b Basis, wanted func(Scope) bool) (at time.Time) {
	for i := range r.Consents {
		if k := &r.Consents[i]; k.Granted[b].After(at) && wanted(k.Scope) && k.Scope.carries(m, b) {
			at = k.Granted[b]
		}
	}
	if !at.After(r.Erased) {
		return time.Time{}
	}
	return at
}

// carries reports whether consent within s, given on basis b, is consent to m.
func (s Scope) carries(m *Message, b Basis) bool {
	switch {
	case !s.Covers(m):
		return false
	case s.over == overTopic && (s.name != m.Topic || m.Strays || m.Category == Marketing && s.name == Privacy):
		return false
	case s.over == overSender && s.name != m.From:
		return false
	case b == ByInquiry:
		return m.Category != Marketing
	case b == ByTransaction:
		return m.Category == Utility && (s.over == overCategory || s.over == overTopic)
	}
	return true
}

// Answer is where the recipient stands towards what they were asked about m: Refused once they said
// no, Asked while they never answered, and since when; zero where nothing was asked, or they agreed
// to it since, see Agreed. Only a later yes undoes a no, and asking again undoes neither. At equal
// times no wins.
func (r *Record) Answer(m *Message) (k Kind, since time.Time) {
	var asked, refused time.Time
	for i := range r.Consents {
		if k := &r.Consents[i]; k.Scope.Covers(m) {
			asked, refused = later(asked, k.Asked), later(refused, k.Refused)
		}
	}
	if asked.IsZero() && refused.IsZero() {
		return 0, time.Time{}
	}
	yes := r.agreed(m)
	switch {
	case !refused.IsZero() && !refused.Before(yes):
		return Refused, refused
	case yes.IsZero():
		return Asked, asked
	}
	return 0, time.Time{}
}

// Noticed is when the recipient was last told how their data is handled; zero for never, or not since
// they had themselves erased.
func (r *Record) Noticed() (at time.Time) {
	for i := range r.Consents {
		at = later(at, r.Consents[i].Noticed)
	}
	if !at.After(r.Erased) {
		return time.Time{}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
