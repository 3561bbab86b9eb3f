package bench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Search looks for the highest rate at which the load adds at most Bound to the p99 of the latency,
// over what the p99 is at a low rate. What the network, the provider and the tester take anyway is in
// both, and so no part of what is added.
//
// A machine that does other things as well makes single probes lie, in both directions. So the low
// rate is probed three times, and the median counts; a rate that failed once is probed again, and the
// majority of three counts; and in the end both sides of the knee have been probed three times.
type Search struct {
	Bound time.Duration
	Low   float64 // the low rate, in sends a second, from which the search climbs
	// Probe loads the gate at an even rate for a while.
	Probe func(ctx context.Context, rate float64) (Summary, error)
	// Tell is called after every probe. Nil: nobody is told.
	Tell func(Probe)
}

const (
	lowProbes = 3    // at the low rate
	majority  = 2    // of three
	kneeWidth = 1.1  // how far apart the two sides of the knee are in the end, as a ratio
	maxProbes = 60   // in one search
	tolerated = 0.01 // share of sends that may fail beyond those that fail at the low rate
)

// A search is a Search under way.
type search struct {
	Search
	limit Limit
	fails float64 // share of sends that fail at the low rate
	wrong bool    // an answer was wrong: the run has failed, however fast it is
}

// Run searches. When ctx ends it returns what is known by then, without an error.
func (s Search) Run(ctx context.Context) (Limit, error) {
	r := &search{Search: s, limit: Limit{Bound: s.Bound.Microseconds(), BaseRate: s.Low}}
	err := r.base(ctx)
	if err == nil {
		err = r.climb(ctx)
	}
	if err == nil {
		err = r.narrow(ctx)
	}
	if ctx.Err() != nil {
		err = nil
	}
	if len(r.limit.Probes) >= lowProbes { // else it was stopped before anything could be judged
		r.limit.Good, r.limit.Bad = r.knee()
	}
	if good, bad := r.tally(r.limit.Bad); good == bad { // it was stopped before that was settled
		r.limit.Bad = 0
	}
	r.limit.Steady = r.steady()
	return r.limit, err
}

// base probes the low rate.
func (s *search) base(ctx context.Context) error {
	var waits []int64
	for range lowProbes {
		sum, err := s.probe(ctx, s.Low, "base")
		if err != nil {
			for i := range s.limit.Probes {
				p := &s.limit.Probes[i]
				p.Why = cmp.Or(p.Why, "not judged: the p99 at the low rate is not known")
			}
			return err
		}
		waits = append(waits, sum.Latency.P99)
		s.fails = max(s.fails, share(sum.Failed, sum.Sent))
	}
	slices.Sort(waits)
	s.limit.Base, s.limit.BaseFrom, s.limit.BaseTo = waits[1], waits[0], waits[2]
	for i := range s.limit.Probes {
		s.judge(&s.limit.Probes[i])
	}
	return nil
}

// climb doubles the rate until most probes of one are bad.
func (s *search) climb(ctx context.Context) error {
	if _, bad := s.tally(s.Low); bad >= majority {
		return nil
	}
	for rate := 2 * s.Low; rate <= maxRate && s.more(); rate *= 2 {
		for good, bad := 0, 0; good == 0 || bad > 0 && good < majority; {
			if _, err := s.probe(ctx, rate, "climb"); err != nil {
				return err
			}
			if good, bad = s.tally(rate); bad >= majority || s.wrong {
				return nil
			}
		}
	}
	return nil
}

// narrow halves the stretch between the two sides of the knee until it is small, and then probes
// both sides until three probes stand behind each. Where these change a verdict, the knee moves, and
// it goes on.
func (s *search) narrow(ctx context.Context) error {
	for s.more() {
		good, bad := s.knee()
		rate, stage := 0.0, "narrow"
		switch {
		case good == 0 || bad == 0:
			return nil // everything is bad, or nothing
		case bad/good > kneeWidth:
			rate = round(math.Sqrt(good * bad))
			if rate <= good || rate >= bad {
				return nil
			}
		case s.count(good) < 3:
			rate, stage = good, "confirm"
		case s.count(bad) < 3:
			rate, stage = bad, "confirm"
		default:
			return nil
		}
		for {
			if _, err := s.probe(ctx, rate, stage); err != nil {
				return err
			}
			if g, b := s.tally(rate); stage == "confirm" || g >= majority || b >= majority || s.wrong {
				break
			}
		}
	}
	return nil
}

// knee is the highest rate below which no rate has mostly bad probes, and the lowest that has.
func (s *search) knee() (good, bad float64) {
	rates := map[float64]bool{}
	for _, p := range s.limit.Probes {
		rates[p.Rate] = true
	}
	sorted := make([]float64, 0, len(rates))
	for rate := range rates {
		sorted = append(sorted, rate)
	}
	slices.Sort(sorted)
	for _, rate := range sorted {
		if g, b := s.tally(rate); b >= g {
			return good, rate
		}
		good = rate
	}
	return good, 0
}

// probe loads the gate once.
func (s *search) probe(ctx context.Context, rate float64, stage string) (Summary, error) {
	sum, err := s.Probe(ctx, rate)
	if err == nil {
		err = ctx.Err() // half a probe tells nothing
	}
	if err != nil {
		return sum, err
	}
	p := Probe{Rate: rate, Stage: stage, Sent: sum.Sent, Failed: sum.Failed, Unsent: sum.Unsent, P50: sum.Latency.P50, P99: sum.Latency.P99, Late: sum.Lag.P99}
	switch {
	case sum.WrongAnswers() > 0:
		s.wrong = true
		p.Why = fmt.Sprintf("%d answers were wrong", sum.WrongAnswers())
	case sum.Failed == sum.Sent:
		p.Why = fmt.Sprintf("all %d sends failed: %s", sum.Sent, cmp.Or(most(sum.Failures), "there were none"))
	}
	if stage != "base" {
		s.judge(&p)
	}
	s.limit.Probes = append(s.limit.Probes, p)
	if s.Tell != nil {
		s.Tell(p)
	}
	return sum, nil
}

// judge says whether p kept within the bound.
func (s *search) judge(p *Probe) {
	p.Added = p.P99 - s.limit.Base
	switch failed := share(p.Failed, p.Sent) - s.fails; {
	case p.Why != "":
	case p.Unsent > 0:
		p.Why = fmt.Sprintf("%d sends found no free worker", p.Unsent)
	case failed > tolerated:
		p.Why = fmt.Sprintf("%.1f %% of the sends failed, beyond those that fail at the low rate", 100*failed)
	case p.Added > s.limit.Bound:
		p.Why = fmt.Sprintf("it adds %s", micros(p.Added))
	}
	p.Good = p.Why == ""
}

// tally counts the verdicts on a rate.
func (s *search) tally(rate float64) (good, bad int) {
	for _, p := range s.limit.Probes {
		switch {
		case p.Rate != rate:
		case p.Good:
			good++
		default:
			bad++
		}
	}
	return good, bad
}

func (s *search) count(rate float64) int {
	good, bad := s.tally(rate)
	return good + bad
}

func (s *search) steady() bool {
	for _, p := range s.limit.Probes {
		if good, bad := s.tally(p.Rate); good > 0 && bad > 0 {
			return false
		}
	}
	return true
}

func (s *search) more() bool { return len(s.limit.Probes) < maxProbes && !s.wrong }

// round keeps three digits of a rate.
func round(rate float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rate))-2)
	return math.Round(rate/unit) * unit
}

// share is a part of a whole, which may be nothing.
func share(part, whole int64) float64 { return float64(part) / float64(max(whole, 1)) }
