package proxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"go.uber.org/zap"
)

// mark notes what is told of the decisions: what was done, and why, which in a report tells what
// would have been done. Of several messages the first blocked one says why, or the first rewritten.
func (w *work) mark(done filter.Action) {
	first, act := 0, filter.Forward
	for i := range w.batch.Decisions {
		if a := w.batch.Decisions[i].Action; a < act {
			first, act = i, a
		}
	}
	d := &w.batch.Decisions[first]
	w.marks = marks{decision: done.String(), reason: d.Reason.String(), id: w.ids[first], until: d.Until}
	if done == filter.Rewrite && act == filter.Block {
		w.marks.blocked = leftOut(w.batch.Decisions)
	}
}

// merge adds to the upstream's answer what became of the messages that were taken out, where the provider
// has room for that.
func (g *Gate) merge(rt *route, w *work) {
	m, ok := rt.provider.(providers.Merger)
	if !ok {
		return
	}
	if err := m.Merge(w.resp, &w.batch); err != nil {
		g.log.Info("an answer could not be told which recipients were taken out: Sendgate-Blocked has them alone",
			zap.String("route", rt.name), zap.String("id", w.ids[0]), zap.Error(err))
		return
	}
	w.answer.Measure(len(w.resp.Body()))
	if !w.framed {
		if err := w.answer.Fill(w.resp); err != nil {
			g.log.Error("the head of a merged answer could not be read", zap.String("route", rt.name), zap.Error(err))
		}
	}
	w.done = time.Now()
}

// giveUp gives back what messages of w took up that were blocked since.
func (g *Gate) giveUp(w *work) {
	left := 0
	for i, taker := range w.takers {
		if w.batch.Decisions[taker].Action == filter.Block {
			g.store.Tally().GiveBack(&w.slots[i])
			continue
		}
		w.slots[left], w.takers[left] = w.slots[i], taker
		left++
	}
	clear(w.slots[left:])
	w.slots, w.takers = w.slots[:left], w.takers[:left]
}

// maxBlocked is how long the header Sendgate-Blocked may become, in bytes, since clients take no more than
// a few thousand of all headers together.
const maxBlocked = 2 << 10

// leftOut is the value of Sendgate-Blocked, a dictionary (https://www.rfc-editor.org/rfc/rfc9651#section-3.2):
// to each reason the places of the recipients that were taken out of a request, counted from 0 in the order
// in which they stand there, as in opted-out=(0 2), cap-reached=(7). What has no room is counted by more.
func leftOut(ds []filter.Decision) string {
	var places [filter.Reasons]strings.Builder
	size, more := 0, 0
	for i := range ds {
		if ds[i].Action != filter.Block {
			continue
		}
		b := &places[ds[i].Reason]
		if size > maxBlocked {
			more++
			continue
		}
		n, _ := fmt.Fprintf(b, " %d", i)
		size += n
	}
	var out []string
	for reason := range places {
		if list := places[reason].String(); list != "" {
			out = append(out, filter.Reason(reason).String()+"=("+list[1:]+")")
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("more=%d", more))
	}
	return strings.Join(out, ", ")
}
