package bench

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

//go:embed report.html
var reportText string

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"micros": micros,
	"whole":  func(v float64) int64 { return int64(v) },
	"round":  func(d time.Duration) time.Duration { return d.Round(time.Millisecond) },
}).Parse(reportText))

// WriteHTML writes s as one page that asks for nothing elsewhere: its plots are drawn here, as SVG.
func (s Summary) WriteHTML(w io.Writer) error {
	page := struct {
		Summary
		Why   string // it failed; empty: it did not
		Names []string
		Waits []plotLine
		Rates plotLine
		Grid  []gridLine
		Top   string
	}{Summary: s, Names: slices.Sorted(maps.Keys(s.Outcomes))}
	if err := s.Failure(); err != nil {
		page.Why = err.Error()
	}
	span, longest, most := 1.0, 1.0, 1.0
	for _, t := range s.Timeline {
		span = max(span, (t.At + t.For).Seconds())
		longest = max(longest, float64(t.Max))
		most = max(most, float64(t.Count)/t.For.Seconds())
	}
	decades := math.Ceil(math.Log10(max(longest, 10)))
	for i := range int(decades) + 1 {
		page.Grid = append(page.Grid, gridLine{plotHeight - plotHeight*float64(i)/decades, micros(int64(math.Pow10(i)))})
	}
	wait := func(name string, of func(Quantiles) int64) plotLine {
		return plot(name, s.Timeline, span, func(t Slot) float64 { return math.Log10(float64(max(of(t.Quantiles), 1))) / decades })
	}
	page.Waits = []plotLine{
		wait("p50", func(q Quantiles) int64 { return q.P50 }),
		wait("p99", func(q Quantiles) int64 { return q.P99 }),
		wait("max", func(q Quantiles) int64 { return q.Max }),
	}
	page.Rates = plot("sends", s.Timeline, span, func(t Slot) float64 { return float64(t.Count) / t.For.Seconds() / most })
	page.Top = fmt.Sprintf("%.0f", most)
	return reportPage.Execute(w, page)
}

// The size of a plot, in the units of its SVG.
const plotWidth, plotHeight = 800.0, 200.0

// A plotLine is a curve, by the name of its class in the page.
type plotLine struct {
	Name   string
	Points string
}

// A gridLine is a line across a plot and what it stands for.
type gridLine struct {
	Y    float64
	Text string
}

// plot draws a value from 0 to 1 for the middle of each slot.
func plot(name string, slots []Slot, span float64, value func(Slot) float64) plotLine {
	var points strings.Builder
	for _, t := range slots {
		x := (t.At + t.For/2).Seconds() / span * plotWidth
		fmt.Fprintf(&points, "%.1f,%.1f ", x, plotHeight-plotHeight*value(t))
	}
	return plotLine{name, strings.TrimSpace(points.String())}
}
