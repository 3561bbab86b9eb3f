package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

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
	if x, y := a.Stops, b.Stops; x != nil && y != nil && x.Told+y.Told > 0 {
		number("opt-outs acknowledged", float64(x.Acknowledged), float64(y.Acknowledged), plain)
		number("sends begun after one", float64(x.After), float64(y.After), plain)
	}
	if x, y := a.Gate, b.Gate; x != nil && y != nil {
		number("gate's CPU a send", x.PerSend, y.PerSend, wait)
		number("gate's CPU, cores", x.Cores, y.Cores, func(v float64) string { return fmt.Sprintf("%.2f", v) })
		number("gate's memory, MB", float64(x.Peak)/1e6, float64(y.Peak)/1e6, plain)
	}
	if x, y := a.Limit, b.Limit; x != nil && y != nil {
		number("highest rate", x.Good, y.Good, plain)
		number("lowest that is too high", x.Bad, y.Bad, plain)
		number("p99 at the low rate", float64(x.Base), float64(y.Base), wait)
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
		{"duration", fmt.Sprint(a.Plan.For), fmt.Sprint(b.Plan.For)},
		{"sends", fmt.Sprint(a.Plan.Count), fmt.Sprint(b.Plan.Count)},
		{"the provider", a.Plan.Upstream, b.Plan.Upstream},
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
