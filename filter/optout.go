package filter

import "time"

// optOut blocks a message that its recipient has withdrawn from: the promise the house stands on.
type optOut struct {
	exempt [Categories]bool
}

func (optOut) Name() string       { return "opt-out" }
func (optOut) Need(*Message) Need { return NeedOptOut }

func (o optOut) Judge(m *Message, r *Record, _ time.Time) Decision {
	if o.exempt[m.Category] {
		return forward
	}
	if at, _ := r.OptedOut(m); !at.IsZero() {
		return block(HasOptedOut)
	}
	return forward
}
