package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// summaryVersion is the version of the JSON form of a Summary.
const summaryVersion = 2

// A Summary is what a run showed. Its JSON form is kept, and compared with others.
type Summary struct {
	Version     int           `json:"version"`
	Plan        Plan          `json:"plan"`
	Started     time.Time     `json:"started"`
	Elapsed     time.Duration `json:"elapsed_ns"`
	Interrupted bool          `json:"interrupted,omitempty"`
	Fault       string        `json:"fault,omitempty"` // what ended the run, or the gate, before its time; empty: nothing did

	Sent      int64   `json:"sent"`                // sends that began
	Answered  int64   `json:"answered"`            // with any HTTP status
	Failed    int64   `json:"failed"`              // began, and ended in no decision that was carried out
	Unsent    int64   `json:"unsent"`              // were due, and never began
	Unchecked int64   `json:"unchecked,omitempty"` // were answered, and nothing said what the answer must be
	Rate      float64 `json:"rate"`                // answers a second

	Latency  Quantiles            `json:"latency"`  // of all sends, from when they were due
	Took     Quantiles            `json:"took"`     // of answered sends, from when they began
	Lag      Quantiles            `json:"lag"`      // from due to begun: what this tester, or its bound of workers, added
	Outcomes map[string]Quantiles `json:"outcomes"` // by decision and reason
	Failures map[string]int64     `json:"failures,omitempty"`

	Wrong    map[Wrong]int64 `json:"wrong,omitempty"`
	Examples []Example       `json:"examples,omitempty"`
	Upstream *Upstream       `json:"upstream,omitempty"` // what the provider's side saw; nil: nobody looked
	Stops    *StopCounts     `json:"stops,omitempty"`    // opt-outs in mid-broadcast; nil: there were none

	Limit *Limit `json:"find_max,omitempty"` // nil: it was not looked for

	Percentiles []Percentile `json:"percentiles"` // of Latency, to the last that so many sends tell
	Timeline    []Slot       `json:"timeline"`
	Gate        *GateUse     `json:"gate,omitempty"` // nil: nobody looked
	Machine     Machine      `json:"machine"`
}

// An Example is one wrong answer.
type Example struct {
	Kind      Wrong  `json:"kind"`
	Recipient int64  `json:"recipient"`    // its row in the file, or its number in the crowd, from 1
	To        string `json:"to,omitempty"` // its address, masked
	What      string `json:"what"`
}

// Upstream is what the provider's side saw of a run, where it can be asked.
type Upstream struct {
	Accepted int64 `json:"accepted"` // messages taken
	Leaked   int64 `json:"leaked"`   // of these, to people who must get none
	Unedited int64 `json:"unedited"` // of these, with a text that is not what it must be
}

// Machine is where a run was made.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

// Quantiles are latencies, in microseconds, good to three digits in the whole of a run and two in
// its parts.
type Quantiles struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_us"`
	P50   int64   `json:"p50_us"`
	P90   int64   `json:"p90_us"`
	P99   int64   `json:"p99_us"`
	P999  int64   `json:"p999_us"`
	Max   int64   `json:"max_us"`
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	return Quantiles{h.TotalCount(), h.Mean(), h.ValueAtQuantile(50), h.ValueAtQuantile(90), h.ValueAtQuantile(99), h.ValueAtQuantile(99.9), h.Max()}
}

// A Percentile is how long so many of a hundred sends took at most.
type Percentile struct {
	P  float64 `json:"p"`
	Us int64   `json:"us"`
}

// percentiles are those that tell the tail: each step halves what is left, in three parts, as long as
// that is at least one send.
func percentiles(h *hdrhistogram.Histogram) (all []Percentile) {
	count := h.TotalCount()
	if count == 0 {
		return nil
	}
	for step := 0; ; step++ {
		rest := math.Pow(2, -float64(step)/3)
		if rest*float64(count) < 1 {
			break
		}
		p := 100 * (1 - rest)
		all = append(all, Percentile{p, h.ValueAtQuantile(p)})
	}
	return append(all, Percentile{100, h.Max()})
}

// WrongAnswers is how many answers were wrong.
func (s Summary) WrongAnswers() (n int64) {
	for _, of := range s.Wrong {
		n += of
	}
	return n
}

// Failure says why the run counts as failed: a fault that ended it, a wrong answer, a message that
// reached the provider and must not have, or that there was nothing to judge: nothing was sent, or
// every send failed. Slowness and single errors are figures and no failure.
func (s Summary) Failure() error {
	var why []error
	if s.Fault != "" {
		why = append(why, errors.New(s.Fault))
	}
	if n := s.WrongAnswers(); n > 0 {
		why = append(why, fmt.Errorf("%d of %d answers are wrong, %d of them forwards that must not have been", n, s.Answered, s.Wrong[WrongForward]))
	}
	switch {
	case s.Sent == 0 && !s.Interrupted:
		why = append(why, errors.New("nothing was sent: there were no recipients, or the rate was too low for the time"))
	case s.Sent > 0 && s.Failed == s.Sent:
		why = append(why, fmt.Errorf("all %d sends failed, most of them so: %s", s.Sent, most(s.Failures)))
	}
	if st := s.Stops; st != nil {
		if st.Late > 0 {
			why = append(why, fmt.Errorf("%d messages reached the provider that began after their recipient's opt-out was acknowledged", st.Late))
		}
		if n := st.Told - st.Acknowledged; n > 0 {
			why = append(why, fmt.Errorf("%d of %d opt-outs were not acknowledged: %s", n, st.Told, st.Why))
		}
	}
	if u := s.Upstream; u != nil {
		if u.Leaked > 0 {
			why = append(why, fmt.Errorf("%d messages reached the provider for people who must get none", u.Leaked))
		}
		if u.Unedited > 0 {
			why = append(why, fmt.Errorf("%d messages reached the provider with a text that is not what it must be", u.Unedited))
		}
		went := s.Outcomes[forward].Count + s.Outcomes[rewrite].Count
		if u.Accepted < went || u.Accepted > went+s.Failed {
			why = append(why, fmt.Errorf("the provider took %d messages, but the gate's answers tell of %d, and %d sends failed", u.Accepted, went, s.Failed))
		}
	}
	return errors.Join(why...)
}

// most is the commonest of counts.
func most(counts map[string]int64) (name string) {
	for k, n := range counts {
		if name == "" || n > counts[name] || n == counts[name] && k < name {
			name = k
		}
	}
	return name
}

// WriteJSON writes s for [ReadSummary].
func (s Summary) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// ReadSummary reads what WriteJSON wrote into a file.
func ReadSummary(name string) (Summary, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return Summary{}, fmt.Errorf("reading a summary: %w", err)
	}
	var s Summary
	if err := json.Unmarshal(text, &s); err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	if s.Version != summaryVersion {
		return Summary{}, fmt.Errorf("%s: it is no summary of version %d of a load test", name, summaryVersion)
	}
	return s, nil
}
