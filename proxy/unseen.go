package proxy

import (
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
)

// unseen forwards a send to people who cannot be seen, which the route lets pass. Nobody's consent is asked for, but a
// pause holds it as any other: by the route and its brand, and by what the sender claims of it.
func (g *Gate) unseen(rt *route, w *work) {
	b, now := &w.batch, g.time(w)
	var m filter.Message
	rt.classify(&m, &w.head)
	held := g.store.Switches().InForce().Holding(rt.name, &m, now)
	if held == nil || rt.mode != Enforce {
		g.pass(rt, w)
		return
	}
	b.Fault = filter.Suspended.Text()
	b.Messages, b.Decisions = append(b.Messages[:0], m), append(b.Decisions[:0], held.Decision())
	w.ids = append(w.ids, w.names.next(now))
	w.mark(filter.Block)
	rt.refuse(w)
	g.keep(rt, w, decisions.Entry{Time: now, Enforced: true, Outcome: refused, Fault: providers.ErrUnseen.Error(), Known: g.store.Seq()})
}

// passUnknown forwards a call that the route would refuse if it did more than report. No decision log has it, so this
// log does.
func (g *Gate) passUnknown(rt *route, w *work) {
	rt.count.unknown.tell(suspectEvery, func(times int) {
		g.log.Warn("a call was passed that belongs to no send the gate can read: in mode enforce it is refused, unless the route says unknown_paths: pass",
			zap.String("route", rt.name), zap.ByteString("method", w.req.Header.Method()), zap.Int("since_last_told", times))
	})
	g.pass(rt, w)
}
