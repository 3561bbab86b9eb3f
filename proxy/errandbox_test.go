package proxy

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sendgate/sendgate/store/errands"
)

// An errandBox keeps errands as the store does, in memory and under the clock of a test.
type errandBox struct {
	mu     sync.Mutex
	all    []*errands.Errand // in the order they came
	lanes  map[string][]*errands.Errand
	added  chan struct{}
	broken error // what every change ends with
	writes int
}

func newErrandBox() *errandBox {
	return &errandBox{lanes: make(map[string][]*errands.Errand), added: make(chan struct{}, 1)}
}

func (b *errandBox) add(all ...errands.Errand) {
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

func (b *errandBox) sign() {
	select {
	case b.added <- struct{}{}:
	default:
	}
}

func (b *errandBox) Added() <-chan struct{} { return b.added }

func (b *errandBox) Due(now time.Time, kinds []errands.Kind, most int) (due []errands.Errand, next time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	count := map[errandPlace]int{}
	for _, e := range b.byDue() {
		p := placeOf(e)
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

func (b *errandBox) Change(_ context.Context, id string, change func(*errands.Errand) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes++
	if b.broken != nil {
		return b.broken
	}
	i := slices.IndexFunc(b.all, func(e *errands.Errand) bool { return e.ID == id })
	if i < 0 {
		return errands.ErrNone
	}
	return change(b.all[i])
}

func (b *errandBox) End(_ context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes++
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
func (b *errandBox) byDue() []*errands.Errand {
	all := slices.Clone(b.all)
	slices.SortStableFunc(all, func(x, y *errands.Errand) int { return x.Due.Compare(y.Due) })
	return all
}

// head reports whether nobody is before e in any of its lanes.
func (b *errandBox) head(e *errands.Errand) bool {
	for _, lane := range e.Lanes {
		first := slices.IndexFunc(b.lanes[lane], func(e *errands.Errand) bool { return e.State != errands.Dead })
		if b.lanes[lane][first] != e {
			return false
		}
	}
	return true
}

// In is how many errands of a lane are not dead.
func (b *errandBox) In(lane string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.lanes[lane] {
		if e.State != errands.Dead {
			n++
		}
	}
	return n
}

// left are copies of the errands there are.
func (b *errandBox) left() (all []errands.Errand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.all {
		all = append(all, *e)
	}
	return all
}
