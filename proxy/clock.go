package proxy

import (
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

const (
	clockTold = time.Hour // how far apart the lines about it are
	// clockApart is how much the clocks may differ before somebody should look: less than any signature with a time in
	// it allows, and more than clocks drift that are set by the network.
	clockApart = 30 * time.Second
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
	date, err := fasthttp.ParseHTTPDate(value)
	if err != nil {
		return // RFC 9110 lets who has no clock leave it out
	}
	c, ahead := &rt.count.clock, aheadOf(date, w.start, w.answer.done)
	c.ahead.Store(int64(ahead))
	if ahead.Abs() < clockApart {
		return
	}
	c.told.tell(clockTold, func(int) {
		g.log.Error("this machine's clock is not the provider's: quiet hours, signatures, and what came first go by it",
			zap.String("route", rt.name), zap.Duration("ahead", ahead))
	})
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
