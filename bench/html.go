package bench

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

//go:embed report.html
var reportText string

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"micros": micros,
	"whole":  func(v float64) int64 { return int64(v) },
	"round":  func(d time.Duration) time.Duration { return d.Round(time.Millisecond) },
	"count":  grouped,
	"mega":   func(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) },
}).Parse(reportText))

// A page is what the template shows.
type page struct {
	Summary
	Why      string // it failed; empty: it did not
	Outcomes []outcomeRow
	Charts   []chart
	Pairs    [][]chart // of those after the first, as they stand beside each other
	Search   *chart
}

// An outcomeRow is what became of some of the messages.
type outcomeRow struct {
	Name, Class string
	Quantiles
	Share float64 // of the longest row, in hundredths
}

// WriteHTML writes s as one page that asks for nothing elsewhere: its plots are drawn here, as SVG,
// and it runs no script.
func (s Summary) WriteHTML(w io.Writer) error {
	p := page{Summary: s, Outcomes: s.outcomeRows(), Charts: []chart{s.waitChart(), s.percentileChart(), s.rateChart()}}
	if err := s.Failure(); err != nil {
		p.Why = err.Error()
	}
	if s.Gate != nil {
		p.Charts = append(p.Charts, s.cpuChart(), s.memoryChart())
	}
	p.Pairs = slices.Collect(slices.Chunk(p.Charts[1:], 2))
	if s.Limit != nil {
		c := s.Limit.chart()
		p.Search = &c
	}
	return reportPage.Execute(w, p)
}

func (s Summary) outcomeRows() (rows []outcomeRow) {
	var failed, longest int64
	for _, n := range s.Failures {
		failed += n
	}
	for _, name := range slices.Sorted(maps.Keys(s.Outcomes)) {
		class := "block"
		if name == forward || name == rewrite {
			class = name
		}
		rows = append(rows, outcomeRow{Name: name, Class: class, Quantiles: s.Outcomes[name]})
	}
	if failed > 0 {
		rows = append(rows, outcomeRow{Name: "failed", Class: "failed", Quantiles: Quantiles{Count: failed}})
	}
	for _, r := range rows {
		longest = max(longest, r.Count)
	}
	for i := range rows {
		rows[i].Share = 100 * float64(rows[i].Count) / float64(longest)
	}
	return rows
}

// span is how long the timeline reaches.
func (s Summary) span() time.Duration {
	span := s.Elapsed
	for _, t := range s.Timeline {
		span = max(span, t.At+t.For)
	}
	return span
}

// waitChart is the latency over time.
func (s Summary) waitChart() chart {
	c := chart{Width: wide, Title: "Latency over time", About: "From the moment a send was due to its answer. The scale is logarithmic."}
	low, high := math.Inf(1), 1.0
	for _, t := range s.Timeline {
		low, high = min(low, float64(t.P50)), max(high, float64(t.Max))
	}
	up := decades(min(low, high), high)
	c.Across = up.ticks(up.up, func(v float64) string { return micros(int64(v)) })
	across := c.slots(s)
	for _, l := range []struct {
		class, name string
		of          func(Quantiles) int64
	}{{"max", "longest", func(q Quantiles) int64 { return q.Max }}, {"p99", "p99", func(q Quantiles) int64 { return q.P99 }}, {"p50", "median", func(q Quantiles) int64 { return q.P50 }}} {
		c.Lines = append(c.Lines, chartLine{l.class, l.name, curve(len(s.Timeline), func(i int) (x, y float64) {
			return across(i), up.up(float64(l.of(s.Timeline[i].Quantiles)))
		})})
	}
	for i, t := range s.Timeline {
		c.Hover[i].Text += fmt.Sprintf("median %s, p99 %s, longest %s", micros(t.P50), micros(t.P99), micros(t.Max))
	}
	return c
}

// rateChart is the sends that were due, over time.
func (s Summary) rateChart() chart {
	c := chart{Width: half, Title: "Throughput", About: "Sends a second by when they were due, and how many of them failed.", Bars: true}
	most := 0.0
	perSecond := func(n int64, t Slot) float64 { return float64(n) / t.For.Seconds() }
	for _, t := range s.Timeline {
		most = max(most, perSecond(t.Count, t))
	}
	up := linear(most)
	c.Across = up.ticks(up.up, func(v float64) string { return grouped(int64(v)) + "/s" })
	across := c.slots(s)
	line := func(of func(Slot) int64) string {
		return curve(len(s.Timeline), func(i int) (x, y float64) { return across(i), up.up(perSecond(of(s.Timeline[i]), s.Timeline[i])) })
	}
	c.Lines = []chartLine{{"sends", "sends", line(func(t Slot) int64 { return t.Count })}}
	if s.Failed+s.Unsent > 0 {
		c.Lines = append(c.Lines, chartLine{"failed", "failed", line(func(t Slot) int64 { return t.Failed })})
	}
	for i, t := range s.Timeline {
		c.Hover[i].Text += fmt.Sprintf("%.0f sends a second, %d failed", perSecond(t.Count, t), t.Failed)
	}
	return c
}

// slots gives c the scale of time and a stretch to hover over for each slot of s. It returns where
// the middle of a slot is.
func (c *chart) slots(s Summary) func(i int) float64 {
	x := c.overTime(s.span())
	for _, t := range s.Timeline {
		c.Hover = append(c.Hover, chartHover{x(t.At), x(t.At+t.For) - x(t.At), fmt.Sprintf("%s: ", t.At.Round(time.Millisecond))})
	}
	return func(i int) float64 { return x(s.Timeline[i].At + s.Timeline[i].For/2) }
}

// percentileChart is how long the slowest took: each step to the right is a tenth of what is left.
func (s Summary) percentileChart() chart {
	c := chart{Width: half, Title: "Latency by percentile", About: "How long so many of a hundred sends took at most. Each line to the right leaves a tenth of the slowest."}
	if len(s.Percentiles) == 0 {
		return c
	}
	last := len(s.Percentiles) - 1
	up := decades(float64(s.Percentiles[0].Us), float64(s.Percentiles[last].Us))
	c.Across = up.ticks(up.up, func(v float64) string { return micros(int64(v)) })
	rest := func(p float64) float64 { return 100 / max(100-p, 1e-9) } // one send in so many is slower
	across := decades(1, rest(s.Percentiles[max(last-1, 0)].P))
	c.Down = scale{across.low, across.high, true}.ticks(func(v float64) float64 { return c.Width * across.place(v) }, func(v float64) string {
		return strconv.FormatFloat(100-100/v, 'g', 8, 64) + " %"
	})
	for len(c.Down) > 6 { // labels would touch
		for i := range c.Down[:(len(c.Down)+1)/2] {
			c.Down[i] = c.Down[2*i]
		}
		c.Down = c.Down[:(len(c.Down)+1)/2]
	}
	c.Lines = []chartLine{{"p50", "all sends", curve(len(s.Percentiles), func(i int) (x, y float64) {
		p := s.Percentiles[i]
		return c.Width * across.place(rest(p.P)), up.up(float64(p.Us))
	})}}
	return c
}

// grouped is n with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:] // a narrow space that does not break
	}
	return text
}
