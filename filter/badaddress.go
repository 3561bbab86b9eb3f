package filter

import "time"

// badAddress blocks a message whose recipient is no address.
type badAddress struct{}

func (badAddress) Name() string       { return "bad-address" }
func (badAddress) Need(*Message) Need { return NeedOptOut }

func (badAddress) Judge(m *Message, _ *Record, _ time.Time) Decision {
	if m.To.Address == "" {
		return block(BadAddress)
	}
	return forward
}
