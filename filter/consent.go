package filter

import "time"

// consent blocks a message without consent of the kind its category needs.
type consent struct {
	require [Categories]Basis
	exempt  [Categories]bool // from opt-outs: what was agreed before one still carries
	window  time.Duration
}

func (consent) Name() string { return "consent" }

func (c consent) Need(m *Message) Need {
	if c.require[m.Category] == NoBasis {
		return NeedOptOut
	}
	return NeedRecord
}

func (c consent) Judge(m *Message, r *Record, now time.Time) Decision {
	need := c.require[m.Category]
	if need == NoBasis || !c.granted(m, r, Express).IsZero() {
		return forward
	}
	if need <= ByTransaction && !c.granted(m, r, ByTransaction).IsZero() {
		return forward
	}
	if need == ByInquiry {
		if asked := later(c.granted(m, r, ByInquiry), r.LastInbound); !asked.IsZero() {
			if m.at(now).Before(asked.Add(c.window)) {
				return forward
			}
			return block(ConsentExpired)
		}
	}
	return block(NoConsent)
}

func (c consent) granted(m *Message, r *Record, b Basis) time.Time {
	if c.exempt[m.Category] {
		return r.granted(m.Category, m.Topic, b)
	}
	return r.Granted(m.Category, m.Topic, b)
}
