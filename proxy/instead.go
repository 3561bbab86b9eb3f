package proxy

import (
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// ahead is the message of w in the stead of which message i goes, if that one goes; nil if not.
func (w *work) ahead(i int) *filter.Message {
	of := w.batch.Messages[i].Instead - 1
	if of < 0 || of >= len(w.batch.Decisions) || w.batch.Decisions[of].Action == filter.Block {
		return nil
	}
	return &w.batch.Messages[of]
}

// passedAhead is the pass that let past what message i of w goes in the stead of, where the two are the same.
func (w *work) passedAhead(i int, print decisions.Print) (p store.Pass, ok bool) {
	if w.ahead(i) == nil {
		return p, false
	}
	of := w.batch.Messages[i].Instead - 1
	held, was := w.heldAt(of)
	passed, did := w.passedAt(of)
	if !was || !did || w.held[held].print != print {
		return p, false
	}
	return w.passes[passed].pass, true
}

// placed is the number of the message of w in the stead of which message i goes, if that one has taken its place in what
// is counted; -1 if not.
func (w *work) placed(i int) int {
	of := w.batch.Messages[i].Instead - 1
	if _, taken := slices.BinarySearch(w.takers, of); of < 0 || !taken {
		return -1
	}
	return of
}

// instead decides about message i of w, whose record was read, by what message of was judged by: at most one of the two
// arrives, and the place of that one is good for both. Counts says that what the recipient got counts for it.
func (g *Gate) instead(rt *route, w *work, i, of int, now time.Time, counts bool) filter.Decision {
	m := &w.batch.Messages[i]
	if w.record.Tally = w.tally(of); counts {
		w.remember(i)
	}
	d := rt.judge(nil, g.store.Switches().InForce(), m, &w.record, now)
	switch {
	case d.Action == filter.Block:
		return g.pastBlock(rt, w, i, now, d)
	case !g.admits(rt, m, w.ahead(i), now):
		return onTrial
	}
	return d
}
