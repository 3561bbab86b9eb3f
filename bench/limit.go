package bench

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// A Probe is a short run at one rate. Latencies are in microseconds.
type Probe struct {
	Rate   float64 `json:"rate"` // sends a second
	Stage  string  `json:"stage"`
	Sent   int64   `json:"sent"`
	Failed int64   `json:"failed"`
	Unsent int64   `json:"unsent"`
	P50    int64   `json:"p50_us"`
	P99    int64   `json:"p99_us"`
	Late   int64   `json:"late_us"`  // p99 of the wait to begin: see [Summary.Lag]
	Added  int64   `json:"added_us"` // to the p99 at the low rate; may be less than nothing
	Good   bool    `json:"good"`
	Why    string  `json:"why,omitempty"` // it is not good
}

// A Limit is what a search found: the knee lies between Good and Bad.
type Limit struct {
	Bound    int64   `json:"bound_us"`
	BaseRate float64 `json:"base_rate"`
	Base     int64   `json:"base_us"`      // p99 at the low rate, the median
	BaseFrom int64   `json:"base_from_us"` // the lowest of them, and the highest
	BaseTo   int64   `json:"base_to_us"`
	Good     float64 `json:"good"`          // the highest rate that kept within the bound; 0: none did
	Bad      float64 `json:"bad,omitempty"` // the lowest above it that did not; 0: none was found
	Probes   []Probe `json:"probes"`
	Steady   bool    `json:"steady"` // no probe contradicted another at the same rate
}

// String is l in a sentence.
func (l Limit) String() string {
	switch {
	case l.Good == 0 && l.Bad == 0:
		return "The search was stopped before it found a rate."
	case l.Good == 0:
		return fmt.Sprintf("No rate kept within %s added to the p99.", micros(l.Bound))
	case l.Bad == 0:
		return fmt.Sprintf("%.0f sends a second add at most %s to the p99; the search did not settle what is too much.", l.Good, micros(l.Bound))
	}
	return fmt.Sprintf("Highest rate that adds at most %s to the p99: %.0f sends a second; %.0f add more.", micros(l.Bound), l.Good, l.Bad)
}

// Compared tells what the p99 is compared with.
func (l Limit) Compared() string {
	if l.Base == 0 {
		return "The p99 at the low rate is not known."
	}
	text := fmt.Sprintf("Added to %s, the p99 at %.0f a second (three probes, %s to %s).", micros(l.Base), l.BaseRate, micros(l.BaseFrom), micros(l.BaseTo))
	if l.busy() {
		text += " The sends of bad probes began late: this machine was busy, or is too small for the gate and its load together. The gate may bear more."
	}
	if !l.Steady {
		text += " Probes at the same rate disagreed; the majority counts."
	}
	return text
}

// busy reports whether most bad probes are bad because their sends began late although workers were
// free: then the gate is not what was too slow.
func (l Limit) busy() bool {
	late, bad := 0, 0
	for _, p := range l.Probes {
		if !p.Good {
			bad++
			if p.Unsent == 0 && p.Late > p.P99/2 {
				late++
			}
		}
	}
	return 2*late > bad
}

// tell writes l for people.
func (l Limit) tell(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n%s\n\n", l, l.Compared())
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PROBE\tRATE\tSENT\tFAILED\tP50\tP99\tBEGAN LATE\tADDED\tVERDICT")
	for _, p := range l.Probes {
		verdict := "good"
		if !p.Good {
			verdict = p.Why
		}
		fmt.Fprintf(tw, "%s\t%.0f\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", p.Stage, p.Rate, p.Sent, p.Failed, micros(p.P50), micros(p.P99), micros(p.Late), micros(p.Added), verdict)
	}
	_ = tw.Flush() // into memory
}
