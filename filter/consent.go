package filter

import "time"

// consent blocks a message without consent of the kind its category needs.
type consent struct {
	require [Categories]Basis
	exempt  [Categories]bool // from opt-outs: what was agreed before one still carries
	window  time.Duration
	expiry  []lapse
}

func (consent) Name() string { return "consent" }

func (c consent) Need(m *Message) Need {
	if c.require[m.Category] == NoBasis {
		return NeedOptOut
	}
	return NeedRecord
}

func (c consent) Judge(m *Message, r *Record, now time.Time) Decision {
	need, at := c.require[m.Category], m.at(now)
	if need == NoBasis {
		return forward
	}
	why := NoConsent
	for b := Express; b >= need; b-- {
		given := c.granted(m, r, b)
		if b == ByInquiry && m.Category != Marketing {
			given = later(given, r.LastInbound)
		}
		switch {
		case given.IsZero():
		case b == ByInquiry && !at.Before(given.Add(c.window)) && (window{}).applies(m):
			why = WindowClosed // as the platform would say: senders take what it says of consent for an opt-out
		case b == ByInquiry && !at.Before(given.Add(c.window)), c.lapsed(m, r, b, given, at):
			why = ConsentExpired
		default:
			return forward
		}
	}
	return block(why)
}

// Expires is when consent to m on basis b, given at a moment by whom r is about, runs out under p; the zero time where
// it does not.
func (p Policy) Expires(m *Message, r *Record, b Basis, given time.Time) (at time.Time) {
	for _, rule := range p {
		if c, ok := rule.(consent); ok {
			at, _ = c.ends(m, r, b, given)
		}
	}
	return at
}

func (c consent) granted(m *Message, r *Record, b Basis) time.Time {
	if c.exempt[m.Category] {
		return r.granted(m, b)
	}
	return r.Granted(m, b)
}
