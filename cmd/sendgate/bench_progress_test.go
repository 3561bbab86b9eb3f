package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/sendgate/sendgate/bench"
)

func TestProgressLine(t *testing.T) {
	now := bench.Progress{Elapsed: 10 * time.Second, Sent: 2000, Rate: 200}
	for _, c := range []struct {
		name string
		p    bench.Progress
		plan bench.Plan
		part float64
		want string
	}{
		{"a run without an end", now, bench.Plan{}, 0, "2000 sent, 200/s, 0 errors, 0 wrong, 10s"},
		{"what is left of its time", now, bench.Plan{For: time.Minute}, 0, "2000 sent, 200/s, 0 errors, 0 wrong, 10s, 50s left"},
		{"what is left of its sends", now, bench.Plan{Count: 4000}, 0, "2000 sent, 200/s, 0 errors, 0 wrong, 10s, 10s left"},
		{"what is left of its file", now, bench.Plan{}, 0.25, "2000 sent, 200/s, 0 errors, 0 wrong, 10s, 30s left"},
		{"whichever ends first", now, bench.Plan{For: time.Minute, Count: 3000}, 0.5, "2000 sent, 200/s, 0 errors, 0 wrong, 10s, 5s left"},
		{"a run that is late has nothing left", bench.Progress{Elapsed: 70 * time.Second, Sent: 9, Errors: 3, Wrong: 1}, bench.Plan{For: time.Minute}, 0, "9 sent, 0/s, 3 errors, 1 wrong, 1m10s, 0s left"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := progressLine(c.p, c.plan, c.part); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("where there is no terminal, nothing is written", func(t *testing.T) {
		var out bytes.Buffer
		r := &benchRun{t: terminal{err: &out}}
		stop := r.showLine(func() string { return "never seen" })
		stop()
		if out.Len() > 0 {
			t.Errorf("wrote %q", out.String())
		}
	})
}
