package tally

import (
	"fmt"
	"time"
)

// Claims is what one message asks for before it is sent.
type Claims struct {
	// Place asks for a place in the tally of its recipient.
	Place bool
	// Portfolio is the business whose limit the message counts against; nil: none. At most Unique people
	// count within any time as long as Within, which all who name a portfolio agree on.
	Portfolio *Portfolio
	Unique    int
	Within    time.Duration
	// Sender and the recipient are a pair that gets one message an Every; or up to Burst messages within
	// the first Every, paid for by waiting as long as so many take. Every 0: no limit. A message that is due
	// later than it is asked for is outside of it. Where Service is not empty, so are it and the recipient.
	Sender, Service string
	Every           time.Duration
	Burst           int
	// Regardless takes what there is no room for, too: for a message that is sent whatever is decided.
	Regardless bool
	// Rehearsal has all this asked of what a list would leave of the budgets; nil: of what is left.
	Rehearsal *Rehearsal
}

// An OverBudget says that there is no room in a budget, and from when on there is.
type OverBudget struct{ Until time.Time }

func (e *OverBudget) Error() string {
	return fmt.Sprintf("what the platform lets be sent is used up until %s", e.Until.Format(time.RFC3339))
}

// A claim is what Claims ask for in fingerprints, at a moment.
type claim struct {
	Claims
	against *Portfolio // nil: none
	pairs   *pairs
	person  uint64
	keys    [2]uint64 // of the pairs; 0: none
	due     int64     // milliseconds since 1970
	now     int64     // when it is asked
	clock   int64     // the tally's own, which may be earlier where somebody asks what will be
}

// paired reports whether pairs are about the message: what is scheduled is not sent yet, and the provider
// delivers it.
func (c *claim) paired() bool { return c.Every > 0 && c.due <= c.now }

func (b *Book) claim(c *Claims, address string, due, now int64) claim {
	one := claim{Claims: *c, against: c.Portfolio, pairs: &b.pairs, due: due, now: now}
	switch r := c.Rehearsal; {
	case r != nil:
		one.against, one.pairs, one.clock = r.portfolio(c.Portfolio), &r.pairs, now
	case one.against != nil:
		one.clock = b.now()
	}
	if one.against != nil || one.paired() {
		one.person = b.cfg.Hashes.Person(address)
	}
	if one.paired() {
		one.keys[0] = pairOf(one.person, c.Sender)
		if c.Service != "" {
			one.keys[1] = pairOf(one.person, c.Service)
		}
	}
	return one
}

// pairOf is the fingerprint of a sender and a person.
func pairOf(person uint64, sender string) uint64 {
	return person ^ fnv1a(fnvBasis, sender)*0x9e3779b97f4a7c15 | 1 // 0 is no pair
}

// Room is the first moment from due on at which the budgets of c have room for a message to an address, as
// far as is known now. It takes nothing.
func (b *Book) Room(c *Claims, address string, due, now time.Time) time.Time {
	one := b.claim(c, address, due.UnixMilli(), now.UnixMilli())
	until := max(one.due, one.pairs.until(&one))
	if one.against != nil {
		until = max(until, one.against.until(&one))
	}
	if until == one.due {
		return due
	}
	return time.UnixMilli(until).UTC()
}

// take takes up in slot what c asks for, all or nothing.
func (c *claim) take(slot *Slot) error {
	if err := c.against.take(&slot.portfolio, c); err != nil {
		return err
	}
	if err := c.pairs.take(&slot.pairs, c); err != nil {
		slot.portfolio.back()
		slot.portfolio = portfolioSlot{}
		return err
	}
	return nil
}
