package proxy

import (
	"time"

	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
)

// glanceEvery is how often it is looked, while a route sends, for what no single send shows.
const glanceEvery = 10 * time.Second

// endTold is how far apart the lines of the log are about a certificate that ends.
const endTold = 24 * time.Hour

// glance looks whether the provider, which just answered w, has another time, and whether it still calls, and how long
// senders can come.
func (g *Gate) glance(rt *route, w *work) {
	if rt.webhook != nil && w.answer.Code/100 == 2 {
		rt.count.hearing.taken.Add(1)
	}
	now := g.time(w)
	last := rt.count.glance.Load()
	if now.Sub(time.Unix(0, last)).Abs() < glanceEvery || !rt.count.glance.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	g.checkClock(rt, w)
	g.checkHearing(rt, now)
	g.checkEnd(rt, now)
}

// checkEnd tells of a certificate that ends before long: from then on senders that come by the provider's host do not.
func (g *Gate) checkEnd(rt *route, now time.Time) {
	if rt.ends.IsZero() || rt.ends.Sub(now) >= filter.EndsSoon {
		return
	}
	rt.count.ending.tell(endTold, func(int) {
		g.log.Warn("a certificate by which senders come ends soon: `sendgate ca renew`, or another in clients.certificates.ca_file", zap.String("route", rt.name), zap.Time("ends", rt.ends))
	})
}
