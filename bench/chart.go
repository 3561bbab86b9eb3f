package bench

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The height of a chart's plot, and the widths of those that stand alone and beside each other, in
// the units of their SVG.
const plotHeight, wide, half = 200.0, 800.0, 440.0

// A chart is one plot of the page.
type chart struct {
	Title, About string
	Width        float64
	Lines        []chartLine
	Bars         bool // the area below the first line is filled
	Across       []chartTick
	Down         []chartTick
	Hover        []chartHover
	Dots         []chartDot
	Bound        *chartTick // a line across that should not be crossed
}

// Outer is the width of c with its labels.
func (c chart) Outer() float64 { return c.Width + 84 }

// Below is the area between the first line and the bottom, where that is to be filled.
func (c chart) Below() string {
	if !c.Bars || len(c.Lines) == 0 || c.Lines[0].Points == "" {
		return ""
	}
	points := strings.Fields(c.Lines[0].Points)
	first, _, _ := strings.Cut(points[0], ",")
	last, _, _ := strings.Cut(points[len(points)-1], ",")
	return fmt.Sprintf("%s,%g %s %s,%g", first, plotHeight, c.Lines[0].Points, last, plotHeight)
}

// A chartLine is a curve, by the name of its class in the page and of its legend.
type chartLine struct{ Class, Name, Points string }

// A chartTick is a line across or down a chart, and what it stands for.
type chartTick struct {
	At   float64
	Text string
}

// A chartHover is a stretch of a chart, and what is to be read there.
type chartHover struct {
	X, Width float64
	Text     string
}

// A chartDot is one measured point.
type chartDot struct {
	X, Y        float64
	Class, Text string
}

// A scale places values from low to high between 0 and 1, by their logarithm if that is set.
type scale struct {
	low, high float64
	log       bool
}

// place is where v lies, at most at either end.
func (s scale) place(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log10(max(v, s.low)), math.Log10(low), math.Log10(high)
	}
	return min(max((v-low)/(high-low), 0), 1)
}

// up is place as the height of a point in a plot, which counts from its top.
func (s scale) up(v float64) float64 { return plotHeight * (1 - s.place(v)) }

// linear is a scale from 0 to a round number that is not less than most.
func linear(most float64) scale {
	if !(most > 0) {
		most = 1
	}
	step := niceStep(most / 4)
	return scale{0, step * math.Ceil(most/step), false}
}

// decades is a logarithmic scale that holds low and high.
func decades(low, high float64) scale {
	low, high = max(low, 1), max(high, 1)
	from, to := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	return scale{math.Pow(10, from), math.Pow(10, max(to, from+1)), true}
}

// niceStep is the least of 1, 2, 2.5, 5 and their decimal multiples that is not less than v.
func niceStep(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*unit >= v {
			return m * unit
		}
	}
	return 10 * unit
}

// ticks are round values of s, placed by at.
func (s scale) ticks(at func(float64) float64, text func(float64) string) (all []chartTick) {
	if !s.log {
		step := niceStep((s.high - s.low) / 4)
		for i := 0; s.low+float64(i)*step <= s.high*1.0001; i++ {
			v := s.low + float64(i)*step
			all = append(all, chartTick{at(v), text(v)})
		}
		return all
	}
	steps := []float64{1}
	if s.high/s.low <= 1000 {
		steps = []float64{1, 2, 5}
	}
	for v := s.low; v <= s.high*1.0001; v *= 10 {
		for _, m := range steps {
			if m*v <= s.high*1.0001 {
				all = append(all, chartTick{at(m * v), text(m * v)})
			}
		}
	}
	return all
}

// curve is the points of a line.
func curve(n int, at func(i int) (x, y float64)) string {
	var points strings.Builder
	for i := range n {
		x, y := at(i)
		fmt.Fprintf(&points, "%.1f,%.1f ", x, y)
	}
	return strings.TrimSpace(points.String())
}

// overTime makes c span so much time. It returns where a moment lies.
func (c *chart) overTime(span time.Duration) (x func(time.Duration) float64) {
	s := scale{0, max(span.Seconds(), 1e-3), false}
	c.Down = s.ticks(func(v float64) float64 { return c.Width * s.place(v) }, func(v float64) string {
		return time.Duration(v * float64(time.Second)).Round(time.Millisecond).String()
	})
	width := c.Width
	return func(d time.Duration) float64 { return width * s.place(d.Seconds()) }
}
