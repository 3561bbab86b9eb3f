package filter

import "time"

// asked blocks what goes beyond a question that the recipient has not answered with yes. While they
// say nothing, and once they said no, there is nothing for them but codes to sign in and answers
// within the customer service window.
type asked struct {
	require [Categories]Basis
	window  time.Duration
}

func (asked) Name() string { return "asked" }

// Need is the whole record only where consent is needed at all: there silence counts. A refusal is
// known with the opt-outs.
func (a asked) Need(m *Message) Need {
	if m.Category == Authentication || a.require[m.Category] == NoBasis {
		return NeedOptOut
	}
	return NeedRecord
}

func (a asked) Judge(m *Message, r *Record, now time.Time) Decision {
	if m.Category == Authentication || m.Category == Service && a.answers(m, r, now) {
		return forward
	}
	switch k, _ := r.Answer(m); {
	case k == Refused, k == Asked && a.require[m.Category] != NoBasis:
		return block(NoConsent)
	}
	return forward
}

// answers reports whether the recipient wrote or inquired so lately that m is an answer.
func (a asked) answers(m *Message, r *Record, now time.Time) bool {
	return m.at(now).Before(later(r.LastInbound, r.Granted(m, ByInquiry)).Add(a.window))
}
