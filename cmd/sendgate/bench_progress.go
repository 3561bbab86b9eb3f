package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sendgate/sendgate/bench"
)

// showProgress keeps one line on the terminal up to date: how many were sent, how fast, what went
// wrong, how long it may still take. Where the errors go to no terminal it shows nothing. The
// returned function takes the line away; it may be called twice.
func (r *benchRun) showProgress(report *bench.Report, plan bench.Plan) (stop func()) {
	if !isTerminal(r.t.err) {
		return func() {}
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				_, _ = io.WriteString(r.t.err, "\r\x1b[K") // a line that cannot be drawn is no reason to stop
				return
			case <-tick.C:
				_, _ = io.WriteString(r.t.err, "\r"+progressLine(report.Progress(), plan)+"\x1b[K")
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-gone })
}

// progressLine is where a run is, in less than 80 columns.
func progressLine(p bench.Progress, plan bench.Plan) string {
	line := fmt.Sprintf("%d sent, %.0f/s, %d errors, %d wrong, %s", p.Sent, p.Rate, p.Errors, p.Wrong, p.Elapsed.Round(time.Second))
	left := time.Duration(-1)
	if plan.For > 0 {
		left = plan.For - p.Elapsed
	}
	if plan.Count > 0 && p.Rate > 0 {
		byCount := time.Duration(float64(plan.Count-p.Sent) / p.Rate * float64(time.Second))
		if left < 0 || byCount < left {
			left = byCount
		}
	}
	if left >= 0 {
		line += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return line
}
