package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxSlots is how many stretches of time a run is cut into at most. Each holds a histogram.
const maxSlots = 240

// A timeline counts results by when they were due. When it is full, its slots become twice as wide.
type timeline struct {
	width time.Duration
	all   []*slot // by number; nil where nothing was due
}

type slot struct {
	latency *hdrhistogram.Histogram
	failed  int64
}

// A Slot is a stretch of a run: the sends that were due in it.
type Slot struct {
	At     time.Duration `json:"at_ns"` // its beginning, from the start of the run
	For    time.Duration `json:"for_ns"`
	Failed int64         `json:"failed,omitempty"`
	Quantiles
}

func (t *timeline) add(r Result, failed bool) {
	n := int(r.Due / t.width)
	for ; n >= maxSlots; n = int(r.Due / t.width) {
		t.fold()
	}
	for len(t.all) <= n {
		t.all = append(t.all, nil)
	}
	if t.all[n] == nil {
		t.all[n] = &slot{latency: histogram(2)}
	}
	record(t.all[n].latency, r.Latency())
	if failed {
		t.all[n].failed++
	}
}

// fold makes one slot of every two.
func (t *timeline) fold() {
	t.width *= 2
	half := t.all[:0]
	for i := 0; i < len(t.all); i += 2 {
		s := t.all[i]
		if i+1 < len(t.all) {
			s = s.merge(t.all[i+1])
		}
		half = append(half, s)
	}
	clear(t.all[len(half):])
	t.all = half
}

// merge adds o to s; either may be nil.
func (s *slot) merge(o *slot) *slot {
	if s == nil || o == nil {
		if s == nil {
			return o
		}
		return s
	}
	s.latency.Merge(o.latency)
	s.failed += o.failed
	return s
}

// recent is the rate, in results a second, of the last slots that are over.
func (t *timeline) recent() float64 {
	last := len(t.all) - 1 // it still fills
	if last <= 0 {
		return 0
	}
	sum, n := int64(0), 0
	for i := last - 1; i >= 0 && n < 3; i-- {
		n++
		if t.all[i] != nil {
			sum += t.all[i].latency.TotalCount()
		}
	}
	return float64(sum) / (time.Duration(n) * t.width).Seconds()
}

func (t *timeline) slots() []Slot {
	var out []Slot
	for i, s := range t.all {
		if s != nil {
			out = append(out, Slot{At: time.Duration(i) * t.width, For: t.width, Failed: s.failed, Quantiles: quantiles(s.latency)})
		}
	}
	return out
}
