package proxy

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/providers"
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
	h.sends.Store(rt.count.outcomes[answered].Load())
	h.last.Store(now.UnixNano())
	h.since.Store(now.UnixNano())
}

// checkHearing tells when so much was sent since the last call that one should have come.
func (g *Gate) checkHearing(rt *route, now time.Time) {
	h := &rt.count.hearing
	if rt.webhook == nil || h.since.CompareAndSwap(0, now.UnixNano()) {
		return
	}
	silent := now.Sub(time.Unix(0, h.since.Load()))
	before, sends := h.sends.Load(), rt.count.outcomes[answered].Load()
	if silent < silentFor || sends <= before {
		return
	}
	sends -= before
	due := sends / sendsPerCall
	if before > 0 {
		due = max(due, uint64(float64(sends)*float64(h.calls.Load())/float64(before)))
	}
	if due < missedCalls {
		return
	}
	h.told.tell(silentFor, func(int) {
		g.log.Error("the provider does not call any more, or never did: opt-outs may go elsewhere", zap.String("route", rt.name),
			zap.Duration("silent", silent), zap.Uint64("sends", sends), zap.String("webhook", rt.webhook.address(rt.name)))
	})
}

// Deaf lists the routes that judge what is sent, and do not hear what people answer: their provider could call, and
// nothing says how.
func (g *Gate) Deaf() (names []string) {
	for name, rt := range g.table.Load().routes {
		if _, calls := rt.provider.(providers.Caller); calls && rt.webhook == nil && rt.mode != Open {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
