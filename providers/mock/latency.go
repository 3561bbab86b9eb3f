package mock

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// maxLatency bounds what a Latency draws.
const maxLatency = time.Hour

// A Latency is how long answers take. The zero Latency is no time at all. It is safe for concurrent
// use.
type Latency struct {
	text string // as it was read

	low, high time.Duration // evenly between these
	mu, sigma float64       // sigma > 0: log-normal, in seconds, instead
}

// ParseLatency reads "80ms"; "50ms..120ms", evenly distributed; or two percentiles such as
// "p50=80ms,p99=400ms", through which the log-normal distribution goes that answers of services
// resemble: most take a little, a few take long.
func ParseLatency(text string) (Latency, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "p") {
		return parsePercentiles(text)
	}
	from, to, ranged := strings.Cut(text, "..")
	low, err := parseWait(from)
	high := low
	if err == nil && ranged {
		high, err = parseWait(to)
	}
	switch {
	case err != nil:
		return Latency{}, fmt.Errorf("latency %q: %w: want 80ms, 50ms..120ms or p50=80ms,p99=400ms", text, err)
	case high < low:
		return Latency{}, fmt.Errorf("latency %q: it ends before it begins", text)
	}
	return Latency{text: text, low: low, high: high}, nil
}

func parseWait(text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < 0 || d > maxLatency {
		return 0, fmt.Errorf("%q is no duration from 0s to %s", text, maxLatency)
	}
	return d, nil
}

// parsePercentiles reads "p50=80ms,p99=400ms".
func parsePercentiles(text string) (Latency, error) {
	var z, log [2]float64
	parts := strings.Split(text, ",")
	if len(parts) != 2 {
		return Latency{}, fmt.Errorf("latency %q: want two percentiles, as in p50=80ms,p99=400ms", text)
	}
	for i, part := range parts {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		p, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
		if err != nil || !strings.HasPrefix(name, "p") || !(p > 0 && p < 100) {
			return Latency{}, fmt.Errorf("latency %q: %q is no percentile such as p99", text, name)
		}
		d, err := parseWait(value)
		if err != nil {
			return Latency{}, fmt.Errorf("latency %q: %w", text, err)
		}
		if d == 0 {
			return Latency{}, fmt.Errorf("latency %q: a percentile is longer than no time", text)
		}
		z[i], log[i] = math.Sqrt2*math.Erfinv(2*p/100-1), math.Log(d.Seconds())
	}
	if z[0] >= z[1] || log[0] >= log[1] {
		return Latency{}, fmt.Errorf("latency %q: the second percentile is higher than the first, and takes longer", text)
	}
	sigma := (log[1] - log[0]) / (z[1] - z[0])
	return Latency{text: text, mu: log[0] - sigma*z[0], sigma: sigma}, nil
}

// UnmarshalText reads what [ParseLatency] reads.
func (l *Latency) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLatency(string(text))
	return err
}

// String is l as [ParseLatency] reads it.
func (l Latency) String() string { return cmp.Or(l.text, "0s") }

// Draw is how long the next answer takes.
func (l Latency) Draw() time.Duration {
	if l.sigma > 0 {
		seconds := min(math.Exp(l.mu+l.sigma*rand.NormFloat64()), maxLatency.Seconds())
		return time.Duration(seconds * float64(time.Second))
	}
	if l.high == l.low {
		return l.low
	}
	return l.low + rand.N(l.high-l.low)
}
