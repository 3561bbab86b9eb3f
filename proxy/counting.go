package proxy

import (
	"errors"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/tally"
	"go.uber.org/zap"
)

// count decides about message i of w, whose record was read, while no other to the same recipient is
// decided, and takes its place in what is counted before it is sent. What cannot be counted cannot be
// decided. Where decisions are only reported, everything is sent, and all of it counts.
func (g *Gate) count(rt *route, w *work, i int, now time.Time) filter.Decision {
	m := &w.batch.Messages[i]
	turn, err := g.store.Tally().Turn(m, &w.record, now)
	if err != nil {
		return g.undecidable(rt, w, i, now, err)
	}
	defer turn.End()
	if rt.policy.Counts(m, &w.record) {
		w.remember(i)
	}
	d := g.judgeSend(rt, w, i, &w.record, now)
	if d.Action == filter.Block {
		d = g.pastBlock(rt, w, i, now, d)
	}
	if d.Action == filter.Block && rt.mode != Report {
		return d
	}
	claims, due := rt.takesAs(m, &w.record, &d, now)
	turn.Move(due)
	slot, err := turn.Take(&claims)
	if err != nil {
		return g.uncounted(rt, w, i, d, now, err)
	}
	w.slots, w.takers = append(w.slots, slot), append(w.takers, i)
	return d
}

// uncounted is the decision about message i of w, which was d until err said that it cannot be counted.
func (g *Gate) uncounted(rt *route, w *work, i int, d filter.Decision, now time.Time, err error) filter.Decision {
	if over, full := errors.AsType[*tally.OverBudget](err); full {
		return overBudget(over.Until)
	}
	undecided := g.undecidable(rt, w, i, now, err)
	if rt.mode == Report {
		return d
	}
	return undecided
}

// undecidable is the decision about message i of w while its recipient cannot be asked about, or counted, for err.
func (g *Gate) undecidable(rt *route, w *work, i int, now time.Time, err error) filter.Decision {
	rt.count.doubts.tell(tellEvery, func(times int) {
		g.log.Error("the store could not be asked about a recipient",
			zap.String("route", rt.name), zap.String("to", filter.Mask(w.batch.Messages[i].To.Address)), zap.Int("since_last_told", times), zap.Error(err))
	})
	return g.judgeSend(rt, w, i, nil, now)
}

// uncount gives back what the messages of w took up: surely none of them was sent.
func (g *Gate) uncount(w *work) {
	for i := range w.slots {
		g.store.Tally().GiveBack(&w.slots[i])
	}
	w.slots, w.takers = w.slots[:0], w.takers[:0]
}

// remember keeps what message i of w was judged by, for the decision log.
func (w *work) remember(i int) {
	for len(w.tallies) <= i {
		w.tallies = append(w.tallies, nil)
	}
	from := len(w.sent)
	w.sent = append(w.sent, w.record.Tally...)
	if w.tallies[i] = w.sent[from:]; from == len(w.sent) {
		w.tallies[i] = filter.Tally{}
	}
}

// tally is what message i of w was judged by; nil where nothing was counted.
func (w *work) tally(i int) filter.Tally {
	if i < len(w.tallies) {
		return w.tallies[i]
	}
	return nil
}
