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
	for _, f := range slices.Concat(loadFigures(a, b), gateFigures(a, b)) {
		change := "-"
		if f.a > 0 {
			change = fmt.Sprintf("×%.2f", f.b/f.a)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", f.name, f.show(f.a), f.show(f.b), change)
	}
	_ = tw.Flush() // into memory
	_, err := io.WriteString(w, out.String())
	return err
}

// A figure is a number of two runs.
type figure struct {
	name string
	a, b float64
	show func(float64) string
}

func plain(v float64) string { return fmt.Sprintf("%.0f", v) }
func cores(v float64) string { return fmt.Sprintf("%.2f", v) }
func wait(v float64) string  { return micros(int64(v)) }

// loadFigures are what the sends of two runs showed.
func loadFigures(a, b Summary) []figure {
	all := []figure{
		{"answers a second", a.Rate, b.Rate, plain},
		{"failed", float64(a.Failed), float64(b.Failed), plain},
		{"never sent", float64(a.Unsent), float64(b.Unsent), plain},
		{"wrong", float64(a.WrongAnswers()), float64(b.WrongAnswers()), plain},
	}
	latency := func(name string, of func(Quantiles) int64) {
		all = append(all, figure{"latency " + name, float64(of(a.Latency)), float64(of(b.Latency)), wait})
	}
	latency("p50", func(q Quantiles) int64 { return q.P50 })
	latency("p90", func(q Quantiles) int64 { return q.P90 })
	latency("p99", func(q Quantiles) int64 { return q.P99 })
	latency("p99.9", func(q Quantiles) int64 { return q.P999 })
	latency("max", func(q Quantiles) int64 { return q.Max })
	for _, name := range bothKeys(a.Outcomes, b.Outcomes) {
		x, y := a.Outcomes[name], b.Outcomes[name]
		all = append(all, figure{name, float64(x.Count), float64(y.Count), plain}, figure{name + " p99", float64(x.P99), float64(y.P99), wait})
	}
	return all
}

// gateFigures are what two runs tell of the gate, where both tell it.
func gateFigures(a, b Summary) (all []figure) {
	if x, y := a.Stops, b.Stops; x != nil && y != nil && x.Told+y.Told > 0 {
		all = append(all, figure{"opt-outs acknowledged", float64(x.Acknowledged), float64(y.Acknowledged), plain},
			figure{"sends begun after one", float64(x.After), float64(y.After), plain})
	}
	if x, y := a.Gate, b.Gate; x != nil && y != nil {
		all = append(all, figure{"gate's CPU a send", x.PerSend, y.PerSend, wait}, figure{"gate's CPU, cores", x.Cores, y.Cores, cores},
			figure{"gate's memory, MB", float64(x.Peak) / 1e6, float64(y.Peak) / 1e6, plain})
	}
	if x, y := a.Limit, b.Limit; x != nil && y != nil {
		all = append(all, figure{"highest rate", x.Good, y.Good, plain}, figure{"lowest that is too high", x.Bad, y.Bad, plain},
			figure{"p99 at the low rate", float64(x.Base), float64(y.Base), wait})
	}
	return all
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
		{"timeout", fmt.Sprint(a.Plan.Timeout), fmt.Sprint(b.Plan.Timeout)},
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
	switch {
	case s.Fault != "":
		return "by a fault"
	case s.Interrupted:
		return "stopped early"
	}
	return "as planned"
}

func bothKeys(a, b map[string]Quantiles) []string {
	all := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(all)
	return slices.Compact(all)
}
