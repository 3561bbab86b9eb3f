package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxRate is the highest rate that can be asked for, in sends a second.
const maxRate = 1e6

// A Phase is a stretch of a run in which the rate goes evenly from one value to another.
type Phase struct {
	From, To float64       // sends a second
	For      time.Duration // 0: without end, which only the last phase may be, and only at an even rate
}

// ParseRate reads phases: "200" is an even rate, "100..1000" a ramp, "100:10s,500:10s" steps, and
// all can be mixed. Phases without a duration share evenly what the others leave of total. Where
// total is 0, only the last may lack a duration; it has no end then.
func ParseRate(text string, total time.Duration) ([]Phase, error) {
	var phases []Phase
	var timed time.Duration
	parts := strings.Split(text, ",")
	open := time.Duration(0) // phases without a duration
	for _, part := range parts {
		p, err := parsePhase(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("rate %q: %w", part, err)
		}
		if phases = append(phases, p); p.For == 0 {
			open++
		}
		timed += p.For
	}
	for i := range phases {
		p, part := &phases[i], parts[i]
		switch {
		case p.For > 0:
			continue
		case total > 0 && total <= timed:
			return nil, fmt.Errorf("rate %q: the phases with a duration last %s already, and the run %s", part, timed, total)
		case total > 0:
			p.For = (total - timed) / open
		case i < len(phases)-1:
			return nil, fmt.Errorf("rate %q: without a duration for the run, only the last phase may lack its own, as in %s:10s", part, part)
		case p.From != p.To:
			return nil, fmt.Errorf("rate %q: a ramp needs a duration", part)
		case p.From == 0:
			return nil, fmt.Errorf("rate %q: a rate of zero sends nothing, ever", part)
		}
	}
	return phases, nil
}

func parsePhase(text string) (p Phase, err error) {
	rates, length, timed := strings.Cut(text, ":")
	if timed {
		if p.For, err = time.ParseDuration(length); err != nil || p.For <= 0 {
			return Phase{}, fmt.Errorf("%q is no duration such as 30s", length)
		}
	}
	from, to, ramp := strings.Cut(rates, "..")
	if p.From, err = parseSpeed(from); err != nil {
		return Phase{}, err
	}
	p.To = p.From
	if ramp {
		p.To, err = parseSpeed(to)
	}
	return p, err
}

func parseSpeed(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > maxRate {
		return 0, fmt.Errorf("%q is no rate from 0 to %g sends a second", text, float64(maxRate))
	}
	return v, nil
}

// area is how many sends fall into p; without end it is infinite.
func (p Phase) area() float64 {
	if p.For == 0 {
		return math.Inf(1)
	}
	return (p.From + p.To) / 2 * p.For.Seconds()
}

// when is the time, in seconds from the start of p, by which n sends were due.
//
// The rate is From + k·t with k = (To-From)/For, so n = From·t + k·t²/2; this is its root in the
// form that neither divides by k nor takes the difference of two near numbers.
func (p Phase) when(n float64) float64 {
	if n <= 0 {
		return 0
	}
	k := 0.0
	if p.For > 0 {
		k = (p.To - p.From) / p.For.Seconds()
	}
	return 2 * n / (p.From + math.Sqrt(max(0, p.From*p.From+2*k*n)))
}
