package tally

import (
	"sync/atomic"
	"time"
)

// A steadyClock keeps those who forget by the clock from forgetting too soon when somebody sets it: it runs
// ahead of the time that really passed by no more than slack. When the clock leaps forward, what would be
// forgotten then is kept until as much time has passed as it is kept for, and so is still there if the clock
// leaps back. It is safe for concurrent use but for tick and believe, which one goroutine at a time calls.
//
// What is decided goes by the clock as it is. While it is ahead, what was sent before lies further back, and
// may not count; what is sent counts at the time that the clock shows, also once that is in the future again.
// A tally that is opened while the clock is wrong cannot know it.
type steadyClock struct {
	passed func() time.Duration // since some moment, whatever the clock shows
	zero   atomic.Int64         // what the clock showed at that moment, by what is believed of it, in milliseconds since 1970
	agreed time.Duration        // what had passed when the clock was last believed
}

// slack is how much a clock may run ahead of the time that passed, from one tick to the next.
const slack = sweepEvery

// atMost is now, or the latest time that may be believed where that is earlier.
func (c *steadyClock) atMost(now int64) int64 {
	return min(now, c.zero.Load()+(c.passed()+slack).Milliseconds())
}

// tick compares the clock with the time that passed, and believes it where they agree, where it went back, or
// where they have disagreed for as long as things are kept, in milliseconds.
func (c *steadyClock) tick(now, keep int64) {
	if c.atMost(now) == now || (c.passed()-c.agreed).Milliseconds() >= keep {
		c.believe(now)
	}
}

// believe takes it that it is now.
func (c *steadyClock) believe(now int64) {
	c.agreed = c.passed()
	c.zero.Store(now - c.agreed.Milliseconds())
}
