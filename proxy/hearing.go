package proxy

import (
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"go.uber.org/zap"
)

const (
	silentFor = 24 * time.Hour // how long calls may be missed before somebody should look; and how far apart the lines about it are
	// A provider calls about one send in so many at least, if only since somebody answers: so many calls that should have
	// come and did not, are no chance.
	sendsPerCall = 1000
	missedCalls  = 10
)

// A hearing is when the provider of a route last called. A number or an app has one webhook: who enters another there
// takes the opt-outs along, and nothing else tells.
type hearing struct {
	last  atomic.Int64  // in nanoseconds since 1970; 0: never yet
	calls atomic.Uint64 // but for those that others are told of
	taken atomic.Uint64 // sends, by the provider, while the route takes webhooks
	until atomic.Uint64 // of them, until the last call
	due   atomic.Int64  // since when calls are missed, in nanoseconds since 1970; 0: none is
	told  suspicion
}

// called notes that the provider calls, whatever it tells. own says that it tells rt, and no other route that is heard at
// the same webhook.
func (rt *route) called(now time.Time, own bool) {
	h := &rt.count.hearing
	if own {
		h.calls.Add(1)
	}
	h.until.Store(h.taken.Load())
	h.due.Store(0)
	h.last.Store(now.UnixNano())
}

// missed reports whether so much was sent since the last call that it is no chance that none came. What is sent at once is
// answered later: see due.
func (h *hearing) missed() bool {
	until, taken := h.until.Load(), h.taken.Load()
	if taken <= until {
		return false
	}
	sends := taken - until
	calls := sends / sendsPerCall
	if until > 0 { // who writes without being written to says nothing about sends
		calls = max(calls, uint64(float64(sends)*float64(min(h.calls.Load(), until))/float64(until)))
	}
	return calls >= missedCalls
}

// checkHearing tells when calls have been missed for long.
func (g *Gate) checkHearing(rt *route, now time.Time) {
	h := &rt.count.hearing
	if !h.missed() {
		h.due.Store(0)
		return
	}
	if due := h.due.Load(); due == 0 || due > now.UnixNano() { // the clock was set back
		h.due.Store(now.UnixNano())
	}
	if !rt.silent(now) {
		return
	}
	h.told.tell(silentFor, func(int) {
		g.log.Error("the provider does not call any more, or never did: opt-outs may go elsewhere", zap.String("route", rt.name),
			zap.Time("since", time.Unix(0, h.due.Load())), zap.String("webhook", rt.webhook.address(rt.name)))
	})
}

// silent reports whether calls have been missed for long.
func (rt *route) silent(now time.Time) bool {
	h := &rt.count.hearing
	due := h.due.Load()
	return rt.webhook != nil && due != 0 && now.Sub(time.Unix(0, due)) >= silentFor && h.missed()
}

// Contacts tells what shows of every route besides what is sent, sorted by route.
func (g *Gate) Contacts() []filter.Contact {
	t, now := g.table.Load(), g.clock()
	all := make([]filter.Contact, 0, len(t.routes))
	for _, name := range t.names() {
		rt := t.routes[name]
		c := filter.Contact{Route: name, Hears: rt.webhook != nil, Silent: rt.silent(now), Ahead: rt.ahead(now).Seconds(), Ends: rt.ends}
		if last := rt.count.hearing.last.Load(); last != 0 {
			c.Called = time.Unix(0, last).UTC()
		}
		all = append(all, c)
	}
	return all
}

// Deaf names the routes, sorted, that judge what is sent, and do not hear what people answer: their provider could call, and
// nothing says how.
func (g *Gate) Deaf() (names []string) {
	t := g.table.Load()
	for _, name := range t.names() {
		rt := t.routes[name]
		if _, calls := rt.provider.(providers.Caller); calls && rt.webhook == nil && rt.mode != Open {
			names = append(names, name)
		}
	}
	return names
}
