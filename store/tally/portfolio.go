package tally

import (
	"container/heap"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Portfolio is a business at WhatsApp, which may write to so many different people within a day, from
// all its numbers together. A person counts from when a message to them is due until a day later. People
// are forgotten by the tally's own clock alone: asking about another moment changes nothing. Its methods are
// safe for concurrent use.
// https://developers.facebook.com/docs/whatsapp/messaging-limits
type Portfolio struct {
	mark uint64 // fingerprint of its name

	mu     sync.Mutex
	people map[uint64]counted
	queue  personQueue
	within int64 // the longest time that was asked for, in milliseconds
	latest int64 // no time in people begins later
	packed *packed
}

// portfolios are all of them, by the fingerprint of their name.
type portfolios struct {
	mu     sync.Mutex
	byMark map[uint64]*Portfolio
}

// Portfolio is the portfolio called name, with what is counted against it.
func (b *Book) Portfolio(name string) *Portfolio {
	return b.portfolios.marked(b.cfg.Hashes.Portfolio(name))
}

// PortfolioAsIs is a copy of the portfolio called name as it is now, for whoever only wants to know: nothing
// that is asked of it changes what the tally keeps.
func (b *Book) PortfolioAsIs(name string) *Portfolio {
	return b.portfolios.copy(b.cfg.Hashes.Portfolio(name))
}

func newPortfolio(mark uint64) *Portfolio {
	return &Portfolio{mark: mark, people: map[uint64]counted{}, within: LeastKept.Milliseconds()}
}

func (all *portfolios) marked(mark uint64) *Portfolio {
	all.mu.Lock()
	defer all.mu.Unlock()
	p := all.byMark[mark]
	if p == nil {
		if all.byMark == nil {
			all.byMark = map[uint64]*Portfolio{}
		}
		p = newPortfolio(mark)
		all.byMark[mark] = p
	}
	return p
}

func (all *portfolios) copy(mark uint64) *Portfolio {
	all.mu.Lock()
	p := all.byMark[mark]
	all.mu.Unlock()
	if p == nil {
		return newPortfolio(mark)
	}
	return p.copy()
}

// copy is p as it is now.
func (p *Portfolio) copy() *Portfolio {
	c := newPortfolio(p.mark)
	p.mu.Lock()
	defer p.mu.Unlock()
	c.people, c.queue, c.within, c.latest = maps.Clone(p.people), slices.Clone(p.queue), p.within, p.latest
	return c
}

// A Usage is how far the limit of a portfolio is used up.
type Usage struct {
	Portfolio string    `json:"portfolio"`     // its name
	Unique    int       `json:"unique"`        // how many people may be written to
	Within    string    `json:"within"`        // in a time of this length
	Used      int       `json:"used"`          // how many were, and count
	Left      int       `json:"left"`          // how many more may be written to now
	Next      time.Time `json:"next,omitzero"` // when the first of them counts no longer
}

// Usage is how far p is used up at a moment, as far as is known now, where so many people are its limit.
func (p *Portfolio) Usage(name string, unique int, within time.Duration, at time.Time) Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, next := Usage{Portfolio: name, Unique: unique, Within: within.String()}, int64(0)
	for _, one := range p.people {
		if end := one.end(at.UnixMilli(), within.Milliseconds()); end > 0 {
			if u.Used++; next == 0 || end < next {
				next = end
			}
		}
	}
	if u.Left = max(0, unique-u.Used); next > 0 {
		u.Next = time.UnixMilli(next).UTC()
	}
	return u
}

// until is when there is room for a message.
func (p *Portfolio) until(c *claim) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room(c)
}

// room is until, while mu is held.
func (p *Portfolio) room(c *claim) int64 {
	within := c.Within.Milliseconds()
	p.expire(c.clock, within)
	one, known := p.people[c.person]
	if others := len(p.people); others < c.Unique || known && others == c.Unique { // without the person there is a place
		return c.due
	}
	if p.latest <= c.due { // nobody begins to count later
		if known && one.end(c.due, within) > 0 {
			return c.due
		}
		if first := p.queue[0].at + within; len(p.people) == c.Unique && first > c.due {
			return first
		}
	}
	due := c.due
	for _, full := range p.full(c, known) {
		if full.until > due && full.from < due+within {
			due = full.until
		}
	}
	return due
}

// expire drops who counts no longer, now or whenever a message that is sent later is due. Whoever is first
// in the queue then is so by their latest message. mu is held.
func (p *Portfolio) expire(now, within int64) {
	p.within = max(p.within, within)
	if len(p.queue) > 2*len(p.people)+64 { // most of it was given back
		p.queue = p.queue[:0]
		for person, one := range p.people {
			p.queue = append(p.queue, personDue{person, one.last()})
		}
		heap.Init(&p.queue)
	}
	for len(p.queue) > 0 {
		first := &p.queue[0]
		one, known := p.people[first.person]
		switch at := one.last(); {
		case !known:
			heap.Pop(&p.queue)
		case at != first.at:
			first.at = at
			heap.Fix(&p.queue, 0)
		case at+p.within > now:
			return
		default:
			delete(p.people, first.person)
			heap.Pop(&p.queue)
			p.packed = nil
		}
	}
}

// count has a person count. mu is held.
func (p *Portfolio) count(person uint64, due int64) {
	one, known := p.people[person]
	p.people[person] = one.with(due, p.within)
	p.latest, p.packed = max(p.latest, due), nil
	if !known {
		heap.Push(&p.queue, personDue{person, due})
	}
}

// take has the person of c count, and notes that in slot. Without a portfolio it does nothing.
func (p *Portfolio) take(slot *portfolioSlot, c *claim) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.room(c); until > c.due && !c.Regardless {
		return &OverBudget{time.UnixMilli(until).UTC()}
	}
	*slot = portfolioSlot{p, c.person, c.due}
	p.count(c.person, c.due)
	return nil
}

// A portfolioSlot is what one message took up of a portfolio.
type portfolioSlot struct {
	of     *Portfolio // nil: nothing
	person uint64
	due    int64
}

// back gives a slot back. Somebody to whom another message went around that time goes on counting, by the
// later of the two.
func (l *portfolioSlot) back() {
	p := l.of
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one, known := p.people[l.person]
	if !known {
		return
	}
	p.packed = nil
	left := one.without(l.due)
	if left.sends == 0 {
		delete(p.people, l.person) // its place in the queue is dropped in time
		return
	}
	p.people[l.person] = left
	if left.last() < one.last() {
		heap.Push(&p.queue, personDue{l.person, left.last()})
	}
}

// sweep drops who counts no longer.
func (all *portfolios) sweep(now int64) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, p := range all.byMark {
		p.mu.Lock()
		p.expire(now, p.within)
		p.mu.Unlock()
	}
}

// A personDue is a person in the queue of those who count. It stands there at a moment that is not later than
// their latest message, and may do so again at a later one, or when they count no more.
type personDue struct {
	person uint64
	at     int64
}

// A personQueue is a heap of them, the earliest first.
type personQueue []personDue

func (q personQueue) Len() int           { return len(q) }
func (q personQueue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q personQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *personQueue) Push(x any)        { *q = append(*q, x.(personDue)) }
func (q *personQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
