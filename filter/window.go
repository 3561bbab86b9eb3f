package filter

import "time"

// window blocks a free-form message on a channel that has a customer service window while that
// window is closed. WhatsApp: https://developers.facebook.com/docs/whatsapp/pricing (24 hours from
// the recipient's last message; outside it only templates are delivered, error 131047). Messenger and
// Instagram: https://developers.facebook.com/docs/messenger-platform/policy/policy-overview (outside it only
// what has a tag or a template).
type window struct {
	length time.Duration
}

func (window) Name() string { return "window" }

func (w window) Need(m *Message) Need {
	if w.applies(m) {
		return NeedRecord
	}
	return NeedOptOut
}

func (w window) Judge(m *Message, r *Record, now time.Time) Decision {
	if w.applies(m) && !r.open(w.length, m.at(now)) {
		return block(WindowClosed)
	}
	return forward
}

func (window) applies(m *Message) bool {
	return (m.To.Channel == WhatsApp || m.To.Channel == Messenger) && m.Template == ""
}

func (w window) unforeseen(m *Message) bool { return w.applies(m) && m.Text == "" }

// open reports whether a window of this length, from when the recipient last wrote, is open at.
func (r *Record) open(length time.Duration, at time.Time) bool {
	return !r.LastInbound.IsZero() && at.Before(r.LastInbound.Add(length))
}
