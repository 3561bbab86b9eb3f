package filter

import "time"

// ClockApart is how much this machine's clock and a provider's may differ before somebody should look: less than any
// signature with a time in it allows, and more than clocks drift that are set by the network.
const ClockApart = 30 * time.Second

// EndsSoon is how long before its end a certificate is told of: the next one has to reach everybody who needs it.
const EndsSoon = 60 * 24 * time.Hour

// A Contact is what shows of a route besides what is sent: whether its provider calls, what time that has, and how long
// senders can come.
type Contact struct {
	Route  string    `json:"route"`
	Hears  bool      `json:"hears"`           // the route takes webhooks
	Called time.Time `json:"called,omitzero"` // when the provider last called; zero: not since the gate was started
	Silent bool      `json:"silent"`          // for a day calls have been missed, by what was sent before: opt-outs may go elsewhere
	// Ahead is by how many seconds, at least, this machine's clock is ahead of the provider's; negative: behind.
	Ahead float64 `json:"clock_ahead_seconds"`
	// Ends is when the first certificate ends by which senders come in by the provider's host: that of the gate's own
	// authority, or of the one that signs theirs. Zero: they come by the base URL alone.
	Ends time.Time `json:"certificates_end,omitzero"`
}

// EndsSoon reports whether it is time to replace a certificate.
func (c *Contact) EndsSoon(now time.Time) bool { return !c.Ends.IsZero() && c.Ends.Sub(now) < EndsSoon }

// ClockIsOff reports whether somebody should look whose clock is right.
func (c *Contact) ClockIsOff() bool {
	return c.Ahead >= ClockApart.Seconds() || c.Ahead <= -ClockApart.Seconds()
}
