package tally

import (
	"maps"
	"sync"
	"time"
)

// pairShards is into how many parts the pairs are cut.
const pairShards = 64

// pairs is how far senders used up what may go to one person: WhatsApp takes one message in six seconds
// from a number to a person, or up to 45 at once, after which it takes as long until the next as so many
// would have taken. Scheduled messages are left out: what is held back now does not hinder them.
// https://developers.facebook.com/docs/whatsapp/cloud-api/overview#pair-rate-limits
type pairs struct {
	shards [pairShards]pairShard
}

type pairShard struct {
	mu    sync.Mutex
	state map[uint64]pairState
}

// A pairState is what a pair sent lately. Moments are milliseconds since 1970.
type pairState struct {
	start int64  // of the present burst
	next  int64  // when the next may begin
	count uint32 // messages in it; below 1<<20
}

// maxBurst is the largest burst that can be asked for.
const maxBurst = 1<<whenShift - 1

// until is when there is room for a message of the pair. One that came a moment earlier than what began the burst, and
// has its turn after it, is of the burst, too.
func (p *pairState) until(c *claim) int64 {
	if p.fresh(c) || c.due < p.start+c.Every.Milliseconds() && p.count < uint32(c.Burst) {
		return c.due
	}
	return p.next
}

// fresh reports whether a message begins a burst: the last is paid for, or it began so far ahead that the clock was set
// back since.
func (p *pairState) fresh(c *claim) bool {
	return c.due >= p.next || c.due < p.start-c.Every.Milliseconds()
}

// then is the state once a message went.
func (p pairState) then(c *claim) pairState {
	every := c.Every.Milliseconds()
	if p.fresh(c) {
		return pairState{c.due, c.due + every, 1}
	}
	return pairState{p.start, p.next + every, min(p.count+1, maxBurst)}
}

// until is when there is room for a message of all its pairs.
func (p *pairs) until(c *claim) int64 {
	until := c.due
	for _, key := range c.keys {
		if key != 0 {
			until = max(until, p.shards[key%pairShards].until(key, c))
		}
	}
	return until
}

func (s *pairShard) until(key uint64, c *claim) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.state[key]
	return one.until(c)
}

// A pairSlot is what one message took up of what a pair may send.
type pairSlot struct {
	key   uint64    // 0: nothing
	state pairState // with the message
	every int64
}

// A pairSlots is what one message took up of all its pairs.
type pairSlots [2]pairSlot

// take has the message of c count, and notes that in slots. Where one of its pairs has no room it takes
// nothing.
func (p *pairs) take(slots *pairSlots, c *claim) error {
	for i, key := range c.keys {
		if key == 0 {
			continue
		}
		if until := p.shards[key%pairShards].take(&slots[i], key, c); until > c.due {
			p.back(slots)
			return &OverBudget{time.UnixMilli(max(until, p.until(c))).UTC()}
		}
	}
	return nil
}

// take has the message of c count for one pair, and returns when it is due; or when there is room.
func (s *pairShard) take(slot *pairSlot, key uint64, c *claim) (until int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.state[key]
	if free := one.until(c); free > c.due && !c.Regardless {
		return free
	}
	*slot = pairSlot{key, one.then(c), c.Every.Milliseconds()}
	if s.state == nil {
		s.state = map[uint64]pairState{}
	}
	s.state[key] = slot.state
	return c.due
}

// back gives slots back.
func (p *pairs) back(slots *pairSlots) {
	for i := range slots {
		if slots[i].key != 0 {
			p.backOne(&slots[i])
		}
	}
	*slots = pairSlots{}
}

func (p *pairs) backOne(slot *pairSlot) {
	shard := &p.shards[slot.key%pairShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	one, known := shard.state[slot.key]
	switch {
	case !known || one.start != slot.state.start || one.count == 0:
	case one.count == 1:
		delete(shard.state, slot.key)
	default:
		shard.state[slot.key] = pairState{one.start, one.next - slot.every, one.count - 1}
	}
}

// copyTo puts into other, which is new, what stands in p now.
func (p *pairs) copyTo(other *pairs) {
	for i := range p.shards {
		shard := &p.shards[i]
		shard.mu.Lock()
		other.shards[i].state = maps.Clone(shard.state)
		shard.mu.Unlock()
	}
}

// put takes in what the journal says of a pair, in its order.
func (p *pairs) put(key uint64, state pairState) {
	shard := &p.shards[key%pairShards]
	if shard.state == nil {
		shard.state = map[uint64]pairState{}
	}
	shard.state[key] = state
}

// sweep drops the pairs that may begin a burst.
func (p *pairs) sweep(now int64) {
	for i := range p.shards {
		shard := &p.shards[i]
		shard.mu.Lock()
		for key, one := range shard.state {
			if one.next <= now {
				delete(shard.state, key)
			}
		}
		shard.mu.Unlock()
	}
}
