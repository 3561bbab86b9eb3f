package proxy

import (
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
)

// A barred message was held back for a reason that a person may let it past.
type barred struct {
	message int
	print   decisions.Print
}

// A passage is a message that was let through, and the pass that was used up for it.
type passage struct {
	message int
	pass    store.Pass
	back    bool // it was given back, or is not this one's to give
}

// pastBlock is d, which blocks message i of w by its record, or what is decided where a reviewer let the message past
// the reason: it is judged again as if that one did not count, and the pass is used up, on disk, before the
// message may leave. What cannot be kept lets nothing through.
func (g *Gate) pastBlock(rt *route, w *work, i int, now time.Time, d filter.Decision) filter.Decision {
	m, rec := &w.batch.Messages[i], &w.record
	if rt.mode != Enforce || !w.sends || d.WhyNoPass(m.Category) != "" {
		return d
	}
	if !w.whole(rt) {
		return d
	}
	print := g.store.Print(rt.name, m)
	w.held = append(w.held, barred{i, print})
	p, shared := w.passedAhead(i, print)
	if !shared {
		if !g.store.AnyPass() {
			return d
		}
		var ok bool
		if p, ok = g.store.PassFor(print, now); !ok {
			return d
		}
	}
	if p.Past != d.Reason {
		return d
	}
	past := rt.held(g.store.Tally(), m, rec, now, rt.policy.DecidePast(p.Past, m, rec, now))
	switch {
	case past.Action == filter.Block: // for something else
		return past
	case !dueAs(m, &past, now).Before(p.Expires):
		return d
	}
	if !g.admits(rt, m, w.ahead(i), now) {
		return onTrial
	}
	if shared { // it is used up, and given back with the other
		w.passes = append(w.passes, passage{message: i, pass: p, back: true})
		return past
	}
	used, err := g.store.UsePass(&p, w.ids[i], now)
	if err != nil {
		g.log.Error("a pass could not be used", zap.String("route", rt.name), zap.String("id", w.ids[i]), zap.String("pass", p.ID), zap.Error(err))
	}
	if !used {
		return d
	}
	w.passes = append(w.passes, passage{message: i, pass: p})
	return past
}

// whole reports whether the messages of w say all that their recipients would see. A route that counts nothing does not
// read that of every request: it is read here, once, for those of which a message was held back.
func (w *work) whole(rt *route) bool {
	if w.batch.Extras {
		return true
	}
	w.full.Reset()
	w.full.Head, w.full.Extras = w.batch.Head, true
	if err := rt.provider.Parse(w.req, &w.full); err != nil || len(w.full.Messages) != len(w.batch.Messages) {
		return false
	}
	for i := range w.batch.Messages {
		w.batch.Messages[i].Extra = w.full.Messages[i].Extra
	}
	w.batch.Extras = true
	return true
}

// unpass gives back the passes of messages of w that surely were not sent: all, or those that are blocked.
func (g *Gate) unpass(w *work, all bool) {
	for i := range w.passes {
		one := &w.passes[i]
		if one.back || !all && w.batch.Decisions[one.message].Action != filter.Block {
			continue
		}
		one.back = true
		if err := g.store.GiveBackPass(&one.pass, w.ids[one.message]); err != nil {
			g.log.Error("a pass is used up, and its message was not sent", zap.String("id", w.ids[one.message]), zap.String("pass", one.pass.ID), zap.Error(err))
		}
	}
}

// heldAt is where message i of w stands in held, if it does.
func (w *work) heldAt(i int) (int, bool) {
	return slices.BinarySearchFunc(w.held, i, func(one barred, i int) int { return one.message - i })
}

// passedAt is where message i of w stands in passes, if it does.
func (w *work) passedAt(i int) (int, bool) {
	return slices.BinarySearchFunc(w.passes, i, func(one passage, i int) int { return one.message - i })
}

// print stands for message i of w, where it is blocked and a person may let it through.
func (w *work) print(i int) decisions.Print {
	n, found := w.heldAt(i)
	if !found || w.batch.Decisions[i].Action != filter.Block {
		return decisions.Print{}
	}
	return w.held[n].print
}

// pass is what let message i of w through, if anything did.
func (w *work) pass(i int) string {
	n, found := w.passedAt(i)
	if !found || w.batch.Decisions[i].Action == filter.Block {
		return ""
	}
	return w.passes[n].pass.ID
}
