// Package runnertest is what the tests of package runner and of those who use it share.
package runnertest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sendgate/sendgate/store/errands"
)

// A Box keeps errands as the store does, in memory and under the clock of a test.
type Box struct {
	mu     sync.Mutex
	all    []*errands.Errand // in the order they came
	lanes  map[string][]*errands.Errand
	added  chan struct{}
	broken error // what every change ends with
	tried  int   // how many changes
}

// NewBox is a Box without errands.
func NewBox() *Box {
	return &Box{lanes: make(map[string][]*errands.Errand), added: make(chan struct{}, 1)}
}

// Add puts errands behind those there are.
func (b *Box) Add(all ...errands.Errand) {
	b.mu.Lock()
	for _, e := range all {
		b.all = append(b.all, &e)
		for _, lane := range e.Lanes {
			b.lanes[lane] = append(b.lanes[lane], &e)
		}
	}
	b.mu.Unlock()
	b.sign()
}

func (b *Box) sign() {
	select {
	case b.added <- struct{}{}:
	default:
	}
}

// Added says that there are more errands.
func (b *Box) Added() <-chan struct{} { return b.added }

// Due are the errands of these kinds that are due, so many of a kind and route at most, and when the next will be.
func (b *Box) Due(now time.Time, kinds []errands.Kind, most int) (due []errands.Errand, next time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	type place struct {
		kind  errands.Kind
		route string
	}
	count := map[place]int{}
	for _, e := range b.byDue() {
		p := place{e.Kind, e.Route}
		if e.State == errands.Dead || !slices.Contains(kinds, e.Kind) || !b.head(e) {
			continue
		}
		if !e.Due.After(now) && count[p] < most {
			count[p]++
			due = append(due, *e)
		} else if next.IsZero() || e.Due.Before(next) {
			next = e.Due
		}
	}
	return due, next, nil
}

// Change changes an errand.
func (b *Box) Change(_ context.Context, id string, change func(*errands.Errand) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tried++
	if b.broken != nil {
		return b.broken
	}
	i := slices.IndexFunc(b.all, func(e *errands.Errand) bool { return e.ID == id })
	if i < 0 {
		return errands.ErrNone
	}
	return change(b.all[i])
}

// End takes an errand out.
func (b *Box) End(_ context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tried++
	if b.broken != nil {
		return b.broken
	}
	is := func(e *errands.Errand) bool { return e.ID == id }
	i := slices.IndexFunc(b.all, is)
	if i < 0 {
		return errands.ErrNone
	}
	for _, lane := range b.all[i].Lanes {
		b.lanes[lane] = slices.DeleteFunc(b.lanes[lane], is)
	}
	b.all = slices.Delete(b.all, i, i+1)
	return nil
}

// byDue is all errands, those that are due first before the others.
func (b *Box) byDue() []*errands.Errand {
	all := slices.Clone(b.all)
	slices.SortStableFunc(all, func(x, y *errands.Errand) int { return x.Due.Compare(y.Due) })
	return all
}

// head reports whether nobody is before e in any of its lanes.
func (b *Box) head(e *errands.Errand) bool {
	for _, lane := range e.Lanes {
		first := slices.IndexFunc(b.lanes[lane], func(e *errands.Errand) bool { return e.State != errands.Dead })
		if b.lanes[lane][first] != e {
			return false
		}
	}
	return true
}

// In is how many errands of a lane are not dead.
func (b *Box) In(lane string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.lanes[lane] {
		if e.State != errands.Dead {
			n++
		}
	}
	return n
}

// Left are copies of the errands there are.
func (b *Box) Left() (all []errands.Errand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.all {
		all = append(all, *e)
	}
	return all
}

// Break has every change end with err, and returns how many were tried since the box was made.
func (b *Box) Break(err error) (tried int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
	return b.tried
}
