package filter

import "time"

// consent blocks a message without consent of the kind its category needs.
type consent struct {
	require [Categories]Basis
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
	if need == NoBasis || !r.Granted(m.Category, m.Topic, Express).IsZero() {
		return forward
	}
	if need <= ByTransaction && !r.Granted(m.Category, m.Topic, ByTransaction).IsZero() {
		return forward
	}
	if need == ByInquiry {
		asked := later(r.Granted(m.Category, m.Topic, ByInquiry), r.LastInbound)
		if !asked.IsZero() && m.at(now).Before(asked.Add(c.window)) {
			return forward
		}
		if !asked.IsZero() {
			return block(ConsentExpired)
		}
	}
	return block(NoConsent)
}
