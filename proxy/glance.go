package proxy

import "time"

// glanceEvery is how often it is looked, while a route sends, for what no single send shows.
const glanceEvery = 10 * time.Second

// glance looks whether the provider, which just answered w, has another time, and whether it still calls.
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
}
