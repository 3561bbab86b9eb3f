package bench

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// noisy is a gate that bears so many sends a second, on a machine that lies: its p99 grows as in a
// queue, every figure is off by some, and now and then something else stops everything.
type noisy struct {
	capacity float64
	random   *rand.Rand
	stalls   float64 // share of probes
}

func (n noisy) probe(_ context.Context, rate float64) (Summary, error) {
	sum := Summary{Sent: int64(5 * rate), Answered: int64(5 * rate)}
	if rate >= n.capacity {
		sum.Unsent, sum.Latency.P99 = 7, 5_000_000
		return sum, nil
	}
	p99 := 2000 / (1 - rate/n.capacity) * math.Exp(0.15*n.random.NormFloat64())
	if n.random.Float64() < n.stalls {
		p99 += 300_000
	}
	sum.Latency.P99 = int64(p99)
	return sum, nil
}

func TestSearch(t *testing.T) {
	const bound = 20 * time.Millisecond
	// 2 ms / (1 - rate/capacity) is 20 ms above its value at 100 a second when rate is this share.
	const knee = 0.909
	for _, c := range []struct {
		name     string
		capacity float64
		stalls   float64
		within   float64 // how far the knee may lie outside what is found, as a ratio
		atLeast  int     // of 200 searches
	}{
		{"a gate that is soon at its end", 450, 0, 1.05, 198},
		{"a fast one", 8000, 0, 1.05, 198},
		{"one on a machine where a probe in twenty meets a stall", 3000, 0.05, 1.1, 190},
	} {
		t.Run(c.name, func(t *testing.T) {
			held, most := 0, 0
			for seed := range uint64(200) {
				n := noisy{c.capacity, rand.New(rand.NewPCG(seed, 1)), c.stalls}
				l, err := Search{Bound: bound, Low: 100, Probe: n.probe}.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if truth := knee * c.capacity; l.Good <= truth*c.within && l.Bad >= truth/c.within && l.Bad <= l.Good*1.15 {
					held++
				}
				most = max(most, len(l.Probes))
			}
			if held < c.atLeast {
				t.Errorf("%d of 200 searches found the knee, want %d", held, c.atLeast)
			}
			if most > maxProbes+2 {
				t.Errorf("a search took %d probes", most)
			}
		})
	}

	quiet := noisy{3000, rand.New(rand.NewPCG(1, 1)), 0}
	t.Run("a gate that answers wrongly is not searched to the end", func(t *testing.T) {
		l, err := Search{Bound: bound, Low: 100, Probe: func(ctx context.Context, rate float64) (Summary, error) {
			s, err := quiet.probe(ctx, rate)
			if rate > 300 {
				s.Wrong = map[Wrong]int64{WrongForward: 1}
			}
			return s, err
		}}.Run(t.Context())
		if last := l.Probes[len(l.Probes)-1]; err != nil || len(l.Probes) != 5 || last.Good || !strings.Contains(last.Why, "wrong") {
			t.Errorf("%d probes, the last %+v, %v", len(l.Probes), last, err)
		}
	})
	t.Run("what fails at every rate does not end the search, what fails only under load does", func(t *testing.T) {
		for limit, want := range map[float64]float64{math.Inf(1): 2600, 1000: 900} {
			l, err := Search{Bound: bound, Low: 100, Probe: func(ctx context.Context, rate float64) (Summary, error) {
				s, err := quiet.probe(ctx, rate)
				s.Failed = s.Sent / 20
				if rate > limit {
					s.Failed = s.Sent / 10
				}
				return s, err
			}}.Run(t.Context())
			if err != nil || l.Good < want*0.9 || l.Good > want*1.15 {
				t.Errorf("found %.0f, %v; want about %.0f", l.Good, err, want)
			}
		}
	})
	t.Run("a search that is stopped tells what it knows", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		n := 0
		l, err := Search{Bound: bound, Low: 100, Probe: quiet.probe, Tell: func(Probe) {
			if n++; n == 5 {
				stop()
			}
		}}.Run(ctx)
		if err != nil || len(l.Probes) != 5 || l.Good != 400 || l.Bad != 0 {
			t.Errorf("found %+v, %v", l, err)
		}
	})
	t.Run("a search that is stopped at the low rate does not say that no rate is good", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		l, err := Search{Bound: bound, Low: 100, Probe: quiet.probe, Tell: func(Probe) { stop() }}.Run(ctx)
		if err != nil || len(l.Probes) != 1 || l.Good != 0 || l.Bad != 0 || l.Probes[0].Why == "" || strings.Contains(l.String(), "No rate kept") || !strings.Contains(l.String(), "stopped") {
			t.Errorf("found %+v, %v, told as %q", l, err, l)
		}
	})
	t.Run("where every send fails at the low rate, there is nothing to look for", func(t *testing.T) {
		l, err := Search{Bound: bound, Low: 100, Probe: func(context.Context, float64) (Summary, error) {
			return Summary{Sent: 500, Answered: 500, Failed: 500, Failures: map[string]int64{"status 404": 500}}, nil
		}}.Run(t.Context())
		if err != nil || len(l.Probes) != 3 || l.Good != 0 || l.Bad != 100 || !strings.Contains(l.Probes[0].Why, "status 404") {
			t.Errorf("found %+v, %v", l, err)
		}
	})
	t.Run("a rate about which two probes disagree is neither good nor too high", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		n := 0
		l, err := Search{Bound: bound, Low: 100, Probe: func(context.Context, float64) (Summary, error) {
			s := Summary{Sent: 100}
			switch n++; n {
			case 4: // the first at 200
				s.Latency.P99 = 90_000
			case 6: // the third
				stop()
			}
			return s, nil
		}}.Run(ctx)
		if err != nil || len(l.Probes) != 5 || l.Good != 100 || l.Bad != 0 || !strings.Contains(l.String(), "did not settle") || l.Steady {
			t.Errorf("found %+v, %v", l, err)
		}
	})
	t.Run("what ends a probe ends the search", func(t *testing.T) {
		broken := errors.New("broken")
		_, err := Search{Bound: bound, Low: 100, Probe: func(context.Context, float64) (Summary, error) { return Summary{}, broken }}.Run(t.Context())
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

// TestSearchHonest searches the limit of a server that takes 5 ms for each send, one after the other.
func TestSearchHonest(t *testing.T) {
	for _, c := range []struct {
		name   string
		stall  int // in which probe the server stops for a second, after two; 0: in none
		steady bool
	}{
		{"it bears 200 a second", 0, true},
		{"a stall of a second in one probe shows there, and does not change what is found", 5, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				s := Search{Bound: 50 * time.Millisecond, Low: 25, Probe: func(ctx context.Context, rate float64) (Summary, error) {
					n++
					return probeOnce(t, ctx, &script{answer: func(string) string { return said(201, 0, "forward", "allowed") }, wait: oneByOne(n == c.stall)}, rate), nil
				}}
				l, err := s.Run(t.Context())
				if err != nil || l.Good < 185 || l.Good > 201 || l.Bad < 200 || l.Bad > 225 {
					t.Errorf("found %.0f to %.0f, %v; want about 200", l.Good, l.Bad, err)
				}
				worst := int64(0)
				for _, p := range l.Probes {
					if p.Rate < 190 {
						worst = max(worst, p.Added)
					}
				}
				if l.Steady != c.steady || c.stall > 0 && (worst < 900_000 || worst > 1_100_000) || c.stall == 0 && worst > 50_000 {
					t.Errorf("steady: %t; the worst probe below the limit added %d µs", l.Steady, worst)
				}
			})
		})
	}
}

// oneByOne is a server that takes 5 ms for each send, and if it stalls does nothing from its second
// second to its third.
func oneByOne(stalls bool) func(time.Duration) time.Duration {
	const from, to = 2 * time.Second, 3 * time.Second
	var mu sync.Mutex
	var free time.Duration // when it has done what it was given
	return func(now time.Duration) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		free = max(free, now)
		if stalls && free >= from && free < to {
			free = to
		}
		free += 5 * time.Millisecond
		return free - now
	}
}

// probeOnce loads s for five seconds.
func probeOnce(t *testing.T, ctx context.Context, s *script, rate float64) Summary {
	t.Helper()
	return runAgainst(t, ctx, s, Attack{Workers: 1000, Pacer: NewSchedule([]Phase{{rate, rate, 5 * time.Second}}),
		Recipients: everybody(Want{"forward", "allowed"}).Walk(true)}, true)
}
