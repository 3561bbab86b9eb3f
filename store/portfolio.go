package store

import (
	"container/heap"
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

// A Portfolio is a business at WhatsApp, which may write to so many different people within a day, from
// all its numbers together. A person counts from when a message to them is accepted until a day after
// it was due. Its methods are safe for concurrent use.
// https://developers.facebook.com/docs/whatsapp/messaging-limits
type Portfolio struct {
	mark uint64 // fingerprint of its name

	mu     sync.Mutex
	people map[uint64]counted
	queue  personQueue
	within int64 // the longest time that was asked for, in milliseconds
}

// A counted is a person who counts.
type counted struct {
	latest int64 // when the latest message is or was due, in milliseconds since 1970
	sends  int32 // messages that were not given back
}

// portfolios are all of them, by the fingerprint of their name.
type portfolios struct {
	mu    sync.Mutex
	books map[uint64]*Portfolio
}

// Portfolio is the portfolio called name, with what is counted against it.
func (s *Store) Portfolio(name string) *Portfolio {
	sum := s.keys.of(ofPortfolio, name)
	return s.tally.books.book(binary.BigEndian.Uint64(sum[:8]))
}

func (b *portfolios) book(mark uint64) *Portfolio {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.books[mark]
	if p == nil {
		if b.books == nil {
			b.books = map[uint64]*Portfolio{}
		}
		p = &Portfolio{mark: mark, people: map[uint64]counted{}, within: minKeep.Milliseconds()}
		b.books[mark] = p
	}
	return p
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

// Usage is how far p is used up now, where so many people are its limit.
func (p *Portfolio) Usage(name string, unique int, within time.Duration, now time.Time) Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(now.UnixMilli(), within.Milliseconds())
	u := Usage{Portfolio: name, Unique: unique, Within: within.String(), Used: len(p.queue), Left: max(0, unique-len(p.queue))}
	if u.Used > 0 {
		u.Next = time.UnixMilli(p.queue[0].at + within.Milliseconds()).UTC()
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
	p.expire(c.now, within)
	if one, counts := p.people[c.person]; len(p.queue) < c.Unique || counts && one.latest+within > c.due {
		return c.due
	}
	if c.due <= c.now && len(p.queue) == c.Unique {
		return p.queue[0].at + within
	}
	var then []int64 // who will count when a scheduled message is due, or while the limit was lowered
	for _, one := range p.people {
		if one.latest+within > c.due {
			then = append(then, one.latest)
		}
	}
	if len(then) < c.Unique {
		return c.due
	}
	slices.Sort(then)
	return then[len(then)-c.Unique] + within
}

// expire drops who counts no longer. Whoever is first in the queue then is so by their latest message. mu is
// held.
func (p *Portfolio) expire(now, within int64) {
	p.within = max(p.within, within)
	for len(p.queue) > 0 {
		first := &p.queue[0]
		switch at := p.people[first.person].latest; {
		case at > first.at:
			first.at = at
			heap.Fix(&p.queue, 0)
		case at+within > now:
			return
		default:
			delete(p.people, first.person)
			heap.Pop(&p.queue)
		}
	}
}

// count has a person count. mu is held.
func (p *Portfolio) count(person uint64, due int64) {
	one, known := p.people[person]
	p.people[person] = counted{max(one.latest, due), one.sends + 1}
	if !known {
		heap.Push(&p.queue, personDue{person, due})
	}
}

// take has the person of c count, and notes that in slot. Without a portfolio it does nothing.
func (p *Portfolio) take(slot *bookSlot, c *claim) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.room(c); until > c.due && !c.Regardless {
		return &OverBudget{time.UnixMilli(until).UTC()}
	}
	*slot = bookSlot{p, c.person, c.due}
	p.count(c.person, c.due)
	return nil
}

// A bookSlot is what one message took up of a portfolio.
type bookSlot struct {
	book   *Portfolio // nil: nothing
	person uint64
	due    int64
}

// back gives a slot back. Somebody to whom another message went goes on counting, by the later of the two.
func (l *bookSlot) back() {
	p := l.book
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one, known := p.people[l.person]
	if one.sends--; !known {
		return
	}
	if one.sends > 0 {
		p.people[l.person] = one
		return
	}
	delete(p.people, l.person)
	heap.Remove(&p.queue, slices.IndexFunc(p.queue, func(d personDue) bool { return d.person == l.person }))
}

// sweep drops who counts no longer.
func (b *portfolios) sweep(now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.books {
		p.mu.Lock()
		p.expire(now, p.within)
		p.mu.Unlock()
	}
}

// A personDue is a person in the queue of those who count, at a moment that is not later than their latest
// message.
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
