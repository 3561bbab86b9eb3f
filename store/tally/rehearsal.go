package tally

import "time"

// A Rehearsal is what a list would leave of budgets if it were sent: what is left when the rehearsal begins, less
// what is taken of it, while the tally keeps counting what is really sent. It belongs to one goroutine, which asks
// about no earlier moment than it did before. It holds a copy of what is counted, and up to some hundred bytes for
// each message that it takes.
type Rehearsal struct {
	book       *Book
	portfolios map[*Portfolio]*Portfolio // copies, by what they are of
	pairs      pairs
}

// Rehearse begins a rehearsal.
func (b *Book) Rehearse() *Rehearsal {
	r := &Rehearsal{book: b, portfolios: map[*Portfolio]*Portfolio{}}
	b.pairs.copyTo(&r.pairs)
	return r
}

// portfolio is p as the list leaves it.
func (r *Rehearsal) portfolio(p *Portfolio) *Portfolio {
	if p == nil {
		return nil
	}
	if r.portfolios[p] == nil {
		r.portfolios[p] = p.copy()
	}
	return r.portfolios[p]
}

// Take takes what c asks of budgets for a message of the list to an address, all or nothing. An error is an
// [*OverBudget].
func (r *Rehearsal) Take(c *Claims, address string, due, now time.Time) error {
	own := *c
	own.Rehearsal = r
	one := r.book.claim(&own, address, due.UnixMilli(), now.UnixMilli())
	var slot Slot
	return one.take(&slot)
}
