package bench

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		name, text string
		total      time.Duration
		want       []Phase
		err        string
	}{
		{"an even rate without an end", "200", 0, []Phase{{200, 200, 0}}, ""},
		{"an even rate for the whole run", "200", time.Minute, []Phase{{200, 200, time.Minute}}, ""},
		{"less than one a second", "0.5", 0, []Phase{{0.5, 0.5, 0}}, ""},
		{"a ramp over the whole run", "100..1000", time.Minute, []Phase{{100, 1000, time.Minute}}, ""},
		{"steps, a pause, and the rest of the run", "100:10s, 0:5s, 500", time.Minute, []Phase{{100, 100, 10 * time.Second}, {0, 0, 5 * time.Second}, {500, 500, 45 * time.Second}}, ""},
		{"steps that share the run", "100,500,1000", 30 * time.Second, []Phase{{100, 100, 10 * time.Second}, {500, 500, 10 * time.Second}, {1000, 1000, 10 * time.Second}}, ""},
		{"steps that share what a ramp leaves", "0..100:10s,100,50", 30 * time.Second, []Phase{{0, 100, 10 * time.Second}, {100, 100, 10 * time.Second}, {50, 50, 10 * time.Second}}, ""},
		{"a ramp without an end", "1..2", 0, nil, "a ramp needs a duration"},
		{"a step without an end before another", "100,200:10s", 0, nil, "only the last phase"},
		{"phases longer than the run", "100:2m,200", time.Minute, nil, "last 2m0s already"},
		{"nothing", "", 0, nil, "no rate"},
		{"words", "fast", 0, nil, `"fast" is no rate`},
		{"a negative rate", "-1", 0, nil, "no rate"},
		{"no number", "NaN", 0, nil, "no rate"},
		{"more than can be", "1e9", 0, nil, "no rate from 0 to 1e+06"},
		{"a duration without a unit", "100:10", 0, nil, "no duration"},
		{"a negative duration", "100:-1s", 0, nil, "no duration"},
		{"nothing at all, for ever", "0", 0, nil, "sends nothing, ever"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseRate(c.text, c.total)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("got %v, %v; want an error with %q", got, err, c.err)
				}
				return
			}
			if err != nil || len(got) != len(c.want) {
				t.Fatalf("got %v, %v; want %v", got, err, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("phase %d is %v, want %v", i, got[i], c.want[i])
				}
			}
		})
	}
}

// all are the moments of p, at most ten million.
func all(t *testing.T, p Pacer) (due []time.Duration) {
	t.Helper()
	for range 10_000_000 {
		d, more := p.Next()
		if !more {
			return due
		}
		if len(due) > 0 && d < due[len(due)-1] {
			t.Fatalf("send %d is due at %s, before the one before it at %s", len(due), d, due[len(due)-1])
		}
		due = append(due, d)
	}
	t.Fatal("the pacer has no end")
	return nil
}

func TestSchedule(t *testing.T) {
	within := func(due []time.Duration, from, to time.Duration) (n int) {
		for _, d := range due {
			if d >= from && d < to {
				n++
			}
		}
		return n
	}
	second := time.Second

	t.Run("an even rate is evenly spaced, from the first moment on", func(t *testing.T) {
		due := all(t, NewSchedule(phases(t, "4:2s", 0)))
		if len(due) != 8 {
			t.Fatalf("%d sends, want 8", len(due))
		}
		for i, d := range due {
			if want := time.Duration(i) * 250 * time.Millisecond; d != want {
				t.Errorf("send %d is due at %s, want %s", i, d, want)
			}
		}
	})
	t.Run("steps have each its rate, and a pause has none", func(t *testing.T) {
		due := all(t, NewSchedule(phases(t, "100:1s,0:1s,300:1s", 0)))
		if a, b, c := within(due, 0, second), within(due, second, 2*second), within(due, 2*second, 3*second); a != 100 || b != 0 || c != 300 {
			t.Errorf("%d, %d and %d sends a second, want 100, 0 and 300", a, b, c)
		}
	})
	t.Run("a ramp from nothing to 1000 sends a quarter in its first half", func(t *testing.T) {
		due := all(t, NewSchedule(phases(t, "0..1000:10s", 0)))
		if len(due) != 5000 || math.Abs(float64(within(due, 0, 5*second)-1250)) > 1 {
			t.Errorf("%d sends, %d of them in the first half; want 5000 and 1250", len(due), within(due, 0, 5*second))
		}
		// n = k·t²/2 with k = 100/s²: the send with number 200 is due at t = 2 s.
		if d := due[200]; d != 2*second {
			t.Errorf("send 200 is due at %s, want 2s", d)
		}
	})
	t.Run("a ramp down to nothing ends, and is the mirror of one up", func(t *testing.T) {
		due := all(t, NewSchedule(phases(t, "1000..0:10s", 0)))
		if len(due) != 5000 || math.Abs(float64(within(due, 5*second, 10*second)-1250)) > 1 {
			t.Errorf("%d sends, %d of them in the second half; want 5000 and 1250", len(due), within(due, 5*second, 10*second))
		}
	})
	t.Run("random sends keep the rate, and their gaps are exponential", func(t *testing.T) {
		due := all(t, NewPoisson(phases(t, "1000:100s", 0), 7))
		// 100,000 are expected with a deviation of 316; the mean gap is 1 ms and so is its deviation.
		if n := len(due); n < 98_500 || n > 101_500 {
			t.Errorf("%d sends in 100 s, want about 100,000", n)
		}
		var sum, squares float64
		for i := 1; i < len(due); i++ {
			gap := (due[i] - due[i-1]).Seconds() * 1000
			sum, squares = sum+gap, squares+gap*gap
		}
		n := float64(len(due) - 1)
		if deviation := math.Sqrt(squares/n - sum/n*sum/n); deviation < 0.97 || deviation > 1.03 {
			t.Errorf("the gaps deviate by %.3f ms, want 1 ms", deviation)
		}
	})
	t.Run("the same seed gives the same moments, another one others", func(t *testing.T) {
		same := all(t, NewPoisson(phases(t, "100:1s", 0), 7))
		again := all(t, NewPoisson(phases(t, "100:1s", 0), 7))
		other := all(t, NewPoisson(phases(t, "100:1s", 0), 8))
		if same[0] != again[0] || same[50] != again[50] || same[0] == other[0] {
			t.Errorf("first moments %s, %s and %s", same[0], again[0], other[0])
		}
	})
}
