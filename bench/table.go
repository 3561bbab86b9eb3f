package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteTable writes s for people.
func (s Summary) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s loop", s.Plan.Target, s.Plan.Provider, s.Plan.Loop)
	if s.Plan.Rate != "" {
		fmt.Fprintf(&b, ", %s sends a second", s.Plan.Rate)
	}
	fmt.Fprintf(&b, "\nto %s\n\n", s.Plan.Recipients)
	fmt.Fprintf(&b, "%d sends in %s, %.0f answers a second; %d failed, %d never sent, %d wrong\n\n",
		s.Sent, s.Elapsed.Round(time.Millisecond), s.Rate, s.Failed, s.Unsent, s.WrongAnswers())
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "LATENCY\tCOUNT\tMEAN\tP50\tP90\tP99\tP99.9\tMAX")
	row := func(name string, q Quantiles) {
		fmt.Fprintf(tw, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", name, q.Count, micros(int64(q.Mean)), micros(q.P50), micros(q.P90), micros(q.P99), micros(q.P999), micros(q.Max))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Outcomes)) {
		row(name, s.Outcomes[name])
	}
	row("all, from when due", s.Latency)
	row("answered, from begun", s.Took)
	row("waiting to begin", s.Lag)
	_ = tw.Flush() // into memory
	if s.Limit != nil {
		s.Limit.tell(&b)
	}
	s.tell(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// tell writes what is to be known besides figures.
func (s Summary) tell(b *strings.Builder) {
	for i, why := range slices.Sorted(maps.Keys(s.Failures)) {
		if i == 0 {
			fmt.Fprintln(b, "\nfailed:")
		}
		fmt.Fprintf(b, "  %d × %s\n", s.Failures[why], why)
	}
	for i, kind := range slices.Sorted(maps.Keys(s.Wrong)) {
		if i == 0 {
			fmt.Fprintln(b, "\nWRONG ANSWERS:")
		}
		fmt.Fprintf(b, "  %d × %s\n", s.Wrong[kind], kind)
	}
	for _, e := range s.Examples {
		fmt.Fprintf(b, "  recipient %d%s: %s: %s\n", e.Recipient, prefixed(", ", e.To), e.Kind, e.What)
	}
	fmt.Fprintln(b)
	if u := s.Upstream; u != nil {
		fmt.Fprintf(b, "The provider's side took %d messages: %d to people who must get none, %d with a wrong text.\n", u.Accepted, u.Leaked, u.Unedited)
	}
	if st := s.Stops; st != nil && st.Told+st.Refused > 0 {
		fmt.Fprintf(b, "%s\n", st)
	}
	if g := s.Gate; g != nil {
		fmt.Fprintf(b, "%s\n", g)
	}
	if s.Unchecked > 0 {
		fmt.Fprintf(b, "%d answers were compared with nothing: no expectation was given for them.\n", s.Unchecked)
	}
	if s.Plan.Loop == "closed" {
		fmt.Fprintln(b, "A closed loop waits for the gate: its latencies are those of a sender who never sends faster than it is answered.")
	} else if s.Lag.P99 > slowStart && s.Unsent == 0 && s.Lag.P99 > s.Took.P50 {
		fmt.Fprintln(b, "Sends began late: the gate held all workers, or this machine is too small for both. Latency counts that wait.")
	}
	if s.Interrupted {
		fmt.Fprintln(b, "The run was stopped before its end.")
	}
}

// prefixed is text behind a prefix, if there is any.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// slowStart is the wait before a send, in microseconds, that is worth a sentence.
const slowStart = 10_000

// micros writes microseconds with three digits.
func micros(us int64) string {
	switch d := time.Duration(us) * time.Microsecond; {
	case us < 0:
		return "-" + micros(-us)
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(us)/1000)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2fms", float64(us)/1000)
	default:
		return fmt.Sprintf("%dµs", us)
	}
}
