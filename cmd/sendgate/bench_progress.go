package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sendgate/sendgate/bench"
)

// showLine keeps one line on the terminal up to date. Where the errors go to no terminal it shows
// nothing. The returned function takes the line away; it may be called twice.
func (r *benchRun) showLine(text func() string) (stop func()) {
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
				_, _ = io.WriteString(r.t.err, "\r"+text()+"\x1b[K")
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-gone })
}

// showProgress shows how many were sent, how fast, what went wrong, and how long it may still take.
func (r *benchRun) showProgress(report *bench.Report, plan bench.Plan) (stop func()) {
	return r.showLine(func() string {
		line := progressLine(report.Progress(), plan, r.part())
		if stage := r.stage.Load(); stage != nil {
			line = *stage + line
		}
		return line
	})
}

// part is how much of the recipients is done; 0 where they have no end.
func (r *benchRun) part() float64 {
	if r.done == nil {
		return 0
	}
	return r.done()
}

// progressLine is where a run is, of whose recipients a part is done.
func progressLine(p bench.Progress, plan bench.Plan, part float64) string {
	line := fmt.Sprintf("%d sent, %.0f/s, %d errors, %d wrong, %s", p.Sent, p.Rate, p.Errors, p.Wrong, p.Elapsed.Round(time.Second))
	left := time.Duration(-1)
	sooner := func(d time.Duration) {
		if d = max(d, 0); left < 0 || d < left {
			left = d
		}
	}
	if plan.For > 0 {
		sooner(plan.For - p.Elapsed)
	}
	if plan.Count > 0 && p.Rate > 0 {
		sooner(time.Duration(float64(plan.Count-p.Sent) / p.Rate * float64(time.Second)))
	}
	if part > 0 {
		sooner(time.Duration((1 - part) / part * float64(p.Elapsed)))
	}
	if left >= 0 {
		line += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return line
}
