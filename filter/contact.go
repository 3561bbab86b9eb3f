package filter

import "time"

// ClockApart is how much this machine's clock and a provider's may differ before somebody should look: less than any
// signature with a time in it allows, and more than clocks drift that are set by the network.
const ClockApart = 30 * time.Second

// A Contact is what shows of the provider of a route besides what is sent: whether it calls, and what time it has.
type Contact struct {
	Route  string    `json:"route"`
	Hears  bool      `json:"hears"`           // the route takes webhooks
	Called time.Time `json:"called,omitzero"` // when the provider last called; zero: not since the gate was started
	Silent bool      `json:"silent"`          // for a day calls have been missed, by what was sent before: opt-outs may go elsewhere
	// Ahead is by how many seconds, at least, this machine's clock is ahead of the provider's; negative: behind.
	Ahead float64 `json:"clock_ahead_seconds"`
}

// ClockIsOff reports whether somebody should look whose clock is right.
func (c *Contact) ClockIsOff() bool {
	return c.Ahead >= ClockApart.Seconds() || c.Ahead <= -ClockApart.Seconds()
}
