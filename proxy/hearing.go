package proxy

import (
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/upstream"
	"go.uber.org/zap"
)

const (
	silentFor = 24 * time.Hour // how long no call may come before somebody should look; and how far apart the lines about it are
	// A provider calls about one send in so many at least, if only since somebody answers: so many calls that should have
	// come and did not, are no chance.
	sendsPerCall = 1000
	missedCalls  = 10
)

// A hearing is when the provider of a route last called. A number or an app has one webhook: who enters another there
// takes the opt-outs along, and nothing else tells.
type hearing struct {
	last  atomic.Int64  // in nanoseconds since 1970; 0: never yet
	since atomic.Int64  // from when on it is silent: then, or when the route first sent
	sends atomic.Uint64 // answered until then
	calls atomic.Uint64
	told  suspicion
}

// called notes that the provider calls, whatever it tells.
func (rt *route) called(now time.Time) {
	h := &rt.count.hearing
	h.calls.Add(1)
	h.sends.Store(rt.count.outcomes[upstream.Answered].Load())
	h.last.Store(now.UnixNano())
	h.since.Store(now.UnixNano())
}

// checkHearing tells when so much was sent since the last call that one should have come.
func (g *Gate) checkHearing(rt *route, now time.Time) {
	h := &rt.count.hearing
	if rt.webhook == nil || h.since.CompareAndSwap(0, now.UnixNano()) || !rt.silent(now) {
		return
	}
	h.told.tell(silentFor, func(int) {
		g.log.Error("the provider does not call any more, or never did: opt-outs may go elsewhere", zap.String("route", rt.name),
			zap.Time("since", time.Unix(0, h.since.Load())), zap.String("webhook", rt.webhook.address(rt.name)))
	})
}

// silent reports whether no call came for long, and so many should have that this is no chance.
func (rt *route) silent(now time.Time) bool {
	h := &rt.count.hearing
	since, before, sends := h.since.Load(), h.sends.Load(), rt.count.outcomes[upstream.Answered].Load()
	if rt.webhook == nil || since == 0 || now.Sub(time.Unix(0, since)) < silentFor || sends <= before {
		return false
	}
	sends -= before
	missed := sends / sendsPerCall
	if before > 0 {
		missed = max(missed, uint64(float64(sends)*float64(h.calls.Load())/float64(before)))
	}
	return missed >= missedCalls
}

// Contacts tells what shows of the provider of every route besides what is sent, sorted by route.
func (g *Gate) Contacts() []filter.Contact {
	t, now := g.table.Load(), g.clock()
	all := make([]filter.Contact, 0, len(t.routes))
	for _, name := range t.names() {
		rt := t.routes[name]
		c := filter.Contact{Route: name, Hears: rt.webhook != nil, Silent: rt.silent(now), Ahead: time.Duration(rt.count.clock.ahead.Load()).Seconds()}
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
