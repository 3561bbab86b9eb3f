package proxy

import (
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

const (
	clockTold  = time.Hour // how far apart the lines of the log are about a clock that is wrong
	clockKnown = time.Hour // how long what was measured counts: the clock may have been set since
)

// A clock tells this machine's clock from a provider's, which each answer to a send has in its Date
// (https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1), to the second.
type clock struct {
	ahead atomic.Int64 // this machine's before the provider's, in nanoseconds; 0 also before the provider said
	told  suspicion
}

// checkClock reads the Date of the answer that came to w.
func (g *Gate) checkClock(rt *route, w *work) {
	value, _ := head.ValueOf(w.answer.Head, "date")
	if value == nil {
		return // RFC 9110 lets who has no clock leave it out
	}
	date, err := fasthttp.ParseHTTPDate(value)
	if err != nil {
		return
	}
	c, ahead := &rt.count.clock, aheadOf(date, w.start, w.answer.Done)
	c.ahead.Store(int64(ahead))
	if ahead.Abs() < filter.ClockApart {
		return
	}
	c.told.tell(clockTold, func(int) {
		g.log.Error("this machine's clock is not the provider's: quiet hours, signatures, and what came first go by it",
			zap.String("route", rt.name), zap.Duration("ahead", ahead))
	})
}

// ahead is by how much this machine's clock is ahead of the provider's, as far as is known.
func (rt *route) ahead(now time.Time) time.Duration {
	if since := now.Sub(time.Unix(0, rt.count.glance.Load())); since < 0 || since > clockKnown {
		return 0
	}
	return time.Duration(rt.count.clock.ahead.Load())
}

// aheadOf is by how much, at least, a clock that showed sent and then received is ahead of one that showed date in between,
// cut to its second; negative where it is behind, and zero where both may be right.
func aheadOf(date, sent, received time.Time) time.Duration {
	switch least, most := sent.Sub(date)-time.Second, received.Sub(date); {
	case least > 0:
		return least
	case most < 0:
		return most
	}
	return 0
}
