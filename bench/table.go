package bench

import (
	"cmp"
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

// Compare writes two runs beside each other, with what changed from a to b.
func Compare(w io.Writer, a, b Summary) error {
	var out strings.Builder
	for _, d := range differences(a, b) {
		fmt.Fprintf(&out, "not the same run: %s\n", d)
	}
	if out.Len() > 0 {
		fmt.Fprintln(&out)
	}
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\tA\tB\tB TO A")
	number := func(name string, x, y float64, show func(float64) string) {
		change := "-"
		if x > 0 {
			change = fmt.Sprintf("×%.2f", y/x)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", name, show(x), show(y), change)
	}
	plain := func(v float64) string { return fmt.Sprintf("%.0f", v) }
	wait := func(v float64) string { return micros(int64(v)) }
	number("answers a second", a.Rate, b.Rate, plain)
	number("failed", float64(a.Failed), float64(b.Failed), plain)
	number("never sent", float64(a.Unsent), float64(b.Unsent), plain)
	number("wrong", float64(a.WrongAnswers()), float64(b.WrongAnswers()), plain)
	number("latency p50", float64(a.Latency.P50), float64(b.Latency.P50), wait)
	number("latency p90", float64(a.Latency.P90), float64(b.Latency.P90), wait)
	number("latency p99", float64(a.Latency.P99), float64(b.Latency.P99), wait)
	number("latency p99.9", float64(a.Latency.P999), float64(b.Latency.P999), wait)
	number("latency max", float64(a.Latency.Max), float64(b.Latency.Max), wait)
	for _, name := range bothKeys(a.Outcomes, b.Outcomes) {
		number(name, float64(a.Outcomes[name].Count), float64(b.Outcomes[name].Count), plain)
		number(name+" p99", float64(a.Outcomes[name].P99), float64(b.Outcomes[name].P99), wait)
	}
	_ = tw.Flush() // into memory
	_, err := io.WriteString(w, out.String())
	return err
}

// differences are what makes the figures of two runs hard to compare.
func differences(a, b Summary) (all []string) {
	for _, d := range []struct{ what, a, b string }{
		{"provider", a.Plan.Provider, b.Plan.Provider},
		{"loop", a.Plan.Loop, b.Plan.Loop},
		{"rate", a.Plan.Rate, b.Plan.Rate},
		{"recipients", a.Plan.Recipients, b.Plan.Recipients},
		{"workers", fmt.Sprint(a.Plan.Workers), fmt.Sprint(b.Plan.Workers)},
		{"machine", fmt.Sprint(a.Machine), fmt.Sprint(b.Machine)},
		{"end", end(a), end(b)},
	} {
		if d.a != d.b {
			all = append(all, fmt.Sprintf("%s: %s, and %s", d.what, cmp.Or(d.a, "none"), cmp.Or(d.b, "none")))
		}
	}
	return all
}

func end(s Summary) string {
	if s.Interrupted {
		return "stopped early"
	}
	return "as planned"
}

func bothKeys(a, b map[string]Quantiles) []string {
	all := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(all)
	return slices.Compact(all)
}
