package proxy

import (
	"fmt"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// windowSlots is how many parts a moving window has: it moves by one of them at a time.
const windowSlots = 12

// A window counts messages and refusals within a moving time. The zero window has seen nothing.
type window struct {
	newest int64 // number of the slot that is counted in now
	slots  [windowSlots]struct{ messages, refusals int }
}

// move lets go of what is older than length at a moment. A clock that goes back a little counts in
// the slot that it had reached; one that goes back further than the window begins anew.
func (w *window) move(length time.Duration, now time.Time) {
	slot := now.UnixNano() / int64(max(length/windowSlots, 1))
	switch ahead := slot - w.newest; {
	case ahead >= windowSlots || ahead <= -windowSlots:
		*w = window{newest: slot}
	case ahead > 0:
		for ; w.newest < slot; w.newest++ {
			w.slots[(w.newest+1)%windowSlots] = struct{ messages, refusals int }{}
		}
	}
}

func (w *window) add(messages, refusals int) {
	s := &w.slots[w.newest%windowSlots]
	s.messages += messages
	s.refusals += refusals
}

func (w *window) sum() (messages, refusals int) {
	for i := range w.slots {
		messages += w.slots[i].messages
		refusals += w.slots[i].refusals
	}
	return messages, refusals
}

// A circuit is what is known of one sender or campaign. It is closed until too much is refused; then
// a switch pauses it, and it is open until the end of that; then it is on trial.
type circuit struct {
	window window // while it is closed
	code   int    // of the last refusal

	id       string    // of the switch; empty: it is closed
	until    time.Time // from when on it is on trial
	messages int       // on trial
	refusals int       // of them
	admitted time.Time // when the last one was let through on trial

	busy   bool      // a switch is being set or lifted
	failed time.Time // when that could not be kept
}

// trialEvery is how far apart the messages are that go out on trial: an answer comes in between.
const trialEvery = time.Second

// A turnout is what becomes of a circuit.
type turnout uint8

const (
	stay   turnout = iota
	open           // pause it
	reopen         // pause it again
	shut           // resume it
)

// count takes in messages that the provider answered and refusals, and says what is to be done.
func (c *circuit) count(b *filter.Breaker, messages, refusals int, now time.Time) turnout {
	switch {
	case c.busy:
	case c.id == "":
		c.window.move(b.Window, now)
		c.window.add(messages, refusals)
		if all, bad := c.window.sum(); refusals > 0 && b.TooMany(bad, all) {
			return open
		}
	case now.Before(c.until): // an answer to what was sent before
	default:
		c.messages += messages
		c.refusals += refusals
		switch {
		case refusals > 0 && float64(c.refusals) >= b.Share.Of(b.Trials):
			return reopen
		case c.messages >= b.Trials:
			return shut
		}
	}
	return stay
}

// admit reports whether one more message may go out on trial.
func (c *circuit) admit(now time.Time) bool {
	if since := now.Sub(c.admitted); since >= 0 && since < trialEvery {
		return false
	}
	c.admitted = now
	return true
}

// because says why a turnout is to be, for people.
func (c *circuit) because(to turnout, b *filter.Breaker) string {
	switch all, bad := c.window.sum(); to {
	case open:
		return fmt.Sprintf("the provider refused %d of %d messages within %s, the last with code %d", bad, max(all, bad), b.Window, c.code)
	case reopen:
		return fmt.Sprintf("the provider refused %d of the %d messages on trial, the last with code %d", c.refusals, max(c.messages, c.refusals), c.code)
	}
	return fmt.Sprintf("the provider refused %d of the %d messages on trial", c.refusals, c.messages)
}

// show is c for people, at a moment.
func (c *circuit) show(on filter.Target, b *filter.Breaker, now time.Time) filter.Circuit {
	s := filter.Circuit{On: on, State: "closed", Code: c.code, Switch: c.id, Until: c.until}
	switch {
	case c.id == "":
		c.window.move(b.Window, now)
		s.Messages, s.Refusals = c.window.sum()
	case now.Before(c.until):
		s.State = "open"
	default:
		s.State, s.Messages, s.Refusals = "trial", c.messages, c.refusals
	}
	return s
}
