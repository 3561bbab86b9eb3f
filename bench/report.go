package bench

import (
	"cmp"
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	maxKinds    = 40   // kinds of outcomes and of failures told apart; the rest is "other"
	maxExamples = 10   // wrong answers kept as examples
	maxHeld     = 1000 // blocks that are judged at the end
)

// Plan says what a run was to do, for its summary and for comparing it with others.
type Plan struct {
	Target     string        `json:"target"`
	Provider   string        `json:"provider"`
	Loop       string        `json:"loop"`           // open, poisson, closed
	Rate       string        `json:"rate,omitempty"` // as [ParseRate] reads it
	Count      int64         `json:"count,omitempty"`
	For        time.Duration `json:"for_ns,omitempty"`
	Workers    int           `json:"workers"`
	Timeout    time.Duration `json:"timeout_ns"`
	Recipients string        `json:"recipients"`         // in words: how many, from where, which shares
	Upstream   string        `json:"upstream,omitempty"` // in words: how the provider behaves, where that is known
	Seed       uint64        `json:"seed,omitempty"`
}

// A Report adds up results. Its exported fields are set before the first; otherwise it is safe for
// concurrent use.
type Report struct {
	Stops *Stops // opt-outs in mid-broadcast; nil: there are none
	Meter *Meter // what the gate uses; nil: nobody looks
	// Mask is an address as examples may show it. Nil: they show none.
	Mask func(address string) string

	whole *Report       // of which this is a part; nil: it is no part
	since time.Duration // how far the whole was when the part began

	plan    Plan
	dialect *Dialect
	strict  bool
	start   time.Time

	mu        sync.Mutex
	latency   *hdrhistogram.Histogram // everything, from when it was due
	took      *hdrhistogram.Histogram // what was answered, from when it began
	lag       *hdrhistogram.Histogram // from due to begun
	outcomes  map[string]*hdrhistogram.Histogram
	failures  map[string]int64
	wrong     map[Wrong]int64
	examples  []Example
	held      []Result // blocks of which Stops may know the reason only later
	timeline  timeline
	sent      int64 // began
	answered  int64
	failed    int64 // began, and did not end in a decision
	unsent    int64
	unchecked int64
}

// NewReport begins a report. Strict demands the gate's headers on every answer: without them, what
// became of a message is read from status and code alone.
func NewReport(plan Plan, dialect *Dialect, strict bool) *Report {
	return &Report{plan: plan, dialect: dialect, strict: strict, start: time.Now(),
		latency: histogram(3), took: histogram(3), lag: histogram(3), outcomes: map[string]*hdrhistogram.Histogram{},
		failures: map[string]int64{}, wrong: map[Wrong]int64{}, timeline: timeline{width: time.Second}}
}

// longest is the longest latency told apart from a longer one.
const longest = time.Hour

// histogram counts microseconds up to [longest], with so many significant digits.
func histogram(digits int) *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), digits)
}

// record counts d; what is shorter than a microsecond counts as one.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), 1), longest.Microseconds())) // only values out of range are errors
}

// Part begins a report of a part of the run: what is added to it is added to r as well, and judged
// there.
func (r *Report) Part() *Report {
	part := NewReport(r.plan, r.dialect, r.strict)
	part.whole, part.since = r, time.Since(r.start)
	return part
}

// Add counts one result.
func (r *Report) Add(s Result) { r.add(s) }

// add counts s, and says what was wrong with its answer.
func (r *Report) add(s Result) (wrong Wrong) {
	if r.whole != nil {
		shifted := s
		shifted.Due += r.since
		wrong = r.whole.add(shifted)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.whole == nil && !s.Unsent {
		wrong = r.judge(s)
	}
	if wrong != "" {
		r.wrong[wrong]++
	}
	record(r.latency, s.Latency())
	record(r.lag, s.Lag)
	failed := r.count(s)
	r.timeline.add(s, failed)
	return wrong
}

// count counts what became of s, and reports whether it failed.
func (r *Report) count(s Result) bool {
	if s.Unsent {
		r.unsent++
		r.fail("never sent: no worker was free before the timeout, or before the run was stopped")
		return true
	}
	r.sent++
	if s.Answer.Status == 0 {
		r.failed++
		r.fail(s.Answer.Fault)
		return true
	}
	r.answered++
	record(r.took, s.Took)
	if s.Recipient.Want.Action == "" {
		r.unchecked++
	}
	became := r.dialect.became(s.Answer)
	// What the gate let through and the service did not take is a failure, and nobody's mistake.
	if ok := became.Action == block || became.Action != "" && s.Answer.Status/100 == 2 && !s.Answer.Declined; !ok {
		r.failed++
		r.fail(s.Answer.status())
		return true
	}
	r.outcome(became, s.Latency())
	return false
}

// judge compares the answer of s with what it must be. A block that should not be is held until the
// end: what a provider says of its recipient in another answer may be on its way.
func (r *Report) judge(s Result) Wrong {
	wants := []Want{s.Recipient.Want}
	if r.Stops != nil {
		wants = r.Stops.wants(s, true)
	}
	wrong, sentence := r.dialect.compareAny(wants, s.Answer, r.strict)
	if wrong == WrongBlock && r.Stops != nil && len(r.held) < maxHeld {
		r.held = append(r.held, s)
		return ""
	}
	r.example(s, wrong, sentence)
	return wrong
}

// settle judges what was held.
func (r *Report) settle() {
	for _, s := range r.held {
		if wrong, sentence := r.dialect.compareAny(r.Stops.wants(s, false), s.Answer, r.strict); wrong != "" {
			r.wrong[wrong]++
			r.example(s, wrong, sentence)
		}
	}
	r.held = nil
}

// example keeps what was wrong with s, if something was.
func (r *Report) example(s Result, wrong Wrong, sentence string) {
	if wrong == "" || len(r.examples) == maxExamples {
		return
	}
	e := Example{Kind: wrong, Recipient: s.Recipient.Row, What: sentence}
	if r.Mask != nil {
		e.To = r.Mask(s.Recipient.Address)
	}
	r.examples = append(r.examples, e)
}

func (r *Report) outcome(w Want, latency time.Duration) {
	name := w.Action
	if w.Action == block && w.Reason != "" {
		name += " " + w.Reason
	}
	if r.outcomes[name] == nil && len(r.outcomes) >= maxKinds {
		name = "other"
	}
	if r.outcomes[name] == nil {
		r.outcomes[name] = histogram(2)
	}
	record(r.outcomes[name], latency)
}

func (r *Report) fail(why string) {
	why = cmp.Or(why, "no answer")
	if r.failures[why] == 0 && len(r.failures) >= maxKinds {
		why = "other"
	}
	r.failures[why]++
}

// Progress is where a run is.
type Progress struct {
	Elapsed time.Duration
	Sent    int64
	Errors  int64
	Wrong   int64
	Rate    float64 // answers a second, over the last few seconds
}

// Progress is where the run is now.
func (r *Report) Progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{Elapsed: time.Since(r.start), Sent: r.sent, Errors: r.failed + r.unsent, Rate: r.timeline.recent()}
	for _, n := range r.wrong {
		p.Wrong += n
	}
	return p
}

// Summary adds up what there is. Interrupted says that the run was stopped before its end.
func (r *Report) Summary(interrupted bool) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	elapsed := time.Since(r.start)
	s := Summary{Version: summaryVersion, Plan: r.plan, Percentiles: percentiles(r.latency), Started: r.start.UTC().Round(time.Millisecond), Elapsed: elapsed,
		Interrupted: interrupted, Sent: r.sent, Answered: r.answered, Failed: r.failed, Unsent: r.unsent, Unchecked: r.unchecked,
		Latency: quantiles(r.latency), Took: quantiles(r.took), Lag: quantiles(r.lag), Outcomes: map[string]Quantiles{},
		Failures: map[string]int64{}, Wrong: map[Wrong]int64{}, Examples: append([]Example(nil), r.examples...),
		Timeline: r.timeline.slots(), Machine: Machine{runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()}}
	s.Rate = float64(r.answered) / max(elapsed.Seconds(), 1e-3)
	if r.Stops != nil {
		counts := r.Stops.Counts()
		s.Stops = &counts
	}
	if r.Meter != nil {
		s.Gate = r.Meter.use(r.answered)
	}
	for name, h := range r.outcomes {
		s.Outcomes[name] = quantiles(h)
	}
	for why, n := range r.failures {
		s.Failures[why] = n
	}
	for kind, n := range r.wrong {
		s.Wrong[kind] = n
	}
	return s
}
