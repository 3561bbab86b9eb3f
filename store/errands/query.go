package errands

import (
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// A Query chooses errands. What is empty chooses all.
type Query struct {
	Kinds  []Kind
	States []State
	Route  string
	// Person is one of the people of the errand; with an empty Brand, at whatever brand and channel.
	Person filter.Recipient
	// After is the number behind which they begin.
	After uint64
}

// takes reports whether q chooses an errand, as far as its row says.
func (q *Query) takes(r *row) bool {
	return r.seq > q.After && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, r.kind)) && (len(q.States) == 0 || slices.Contains(q.States, r.state))
}

// wants reports whether q chooses e, which it takes, for the rest of what it says.
func (q *Query) wants(e *Errand) bool {
	if q.Route != "" && q.Route != e.Route {
		return false
	}
	return q.Person.Address == "" || slices.ContainsFunc(e.People, func(to filter.Recipient) bool {
		return to.Address == q.Person.Address && (q.Person.Brand == "" || to == q.Person)
	})
}

// All lists errands in the order in which they were added. Those that come or go while it is read may be
// there or not. One that is damaged on disk is dead and left out, and the log tells of it.
func (j *Journal) All(q Query) iter.Seq2[Errand, error] {
	return func(yield func(Errand, error) bool) {
		rows, err := j.chosen(&q)
		if err != nil {
			yield(Errand{}, err)
			return
		}
		for _, r := range rows {
			e, err := j.read(r)
			if errors.Is(err, wire.ErrDamaged) {
				j.park(r, err)
				continue
			}
			if errors.Is(err, ErrNone) || err == nil && !(q.wants(&e) && (len(q.States) == 0 || slices.Contains(q.States, e.State))) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// chosen is the rows that q takes, in the order of their numbers.
func (j *Journal) chosen(q *Query) ([]*row, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.shut {
		return nil, j.host.Closed
	}
	var all []*row
	for _, r := range j.rows {
		if r.flight == nil && q.takes(r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, bySeq)
	return all, nil
}

// Due is the errands of some kinds, of all where kinds is empty, that are due at now: those due for the
// longest first, of each lane only the first that is not dead, and up to most of each kind and route, so
// that those which cannot be done now hide none of another route. One that was begun is among them:
// whoever begins one and ends, or dies, finds it here again. next is when the next one is due that is not
// among them, and zero where there is none.
func (j *Journal) Due(now time.Time, kinds []Kind, most int) (due []Errand, next time.Time, err error) {
	if len(kinds) == 0 {
		for k := Kind(1); k < Kinds; k++ {
			kinds = append(kinds, k)
		}
	}
	j.mu.Lock()
	if j.shut {
		j.mu.Unlock()
		return nil, next, j.host.Closed
	}
	rows, behind := j.turns.first(now.UnixNano(), kinds, most)
	if behind != nil {
		next = time.Unix(0, behind.due).UTC()
	}
	j.mu.Unlock()
	for _, r := range rows {
		one, err := j.read(r)
		switch {
		case err == ErrNone:
		case err == j.host.Closed:
			return nil, next, err
		case err != nil:
			j.park(r, err)
		default:
			due = append(due, one)
		}
	}
	return due, next, nil
}
