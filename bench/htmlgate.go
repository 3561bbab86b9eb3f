package bench

import (
	"fmt"
	"time"
)

// cpuChart is how busy the gate was, in cores, between two looks at it.
func (s Summary) cpuChart() chart {
	c := chart{Width: half, Title: "CPU of the gate", About: "User and system time of its process, in cores.", Bars: true}
	u := s.Gate.Usage
	if len(u) < 2 {
		return c
	}
	cores := make([]float64, len(u)-1)
	most := 0.0
	for i := range cores {
		cores[i] = (u[i+1].CPU - u[i].CPU).Seconds() / max((u[i+1].At-u[i].At).Seconds(), 1e-3)
		most = max(most, cores[i])
	}
	up := linear(most)
	c.Across = up.ticks(up.up, func(v float64) string { return fmt.Sprintf("%.2f", v) })
	x := c.overTime(s.usageSpan())
	c.Lines = []chartLine{{"sends", "CPU", curve(len(cores), func(i int) (float64, float64) { return x((u[i].At + u[i+1].At) / 2), up.up(cores[i]) })}}
	for i := range cores {
		c.Hover = append(c.Hover, chartHover{x(u[i].At), x(u[i+1].At) - x(u[i].At), fmt.Sprintf("%s: %.2f cores", u[i].At.Round(time.Millisecond), cores[i])})
	}
	return c
}

// memoryChart is how much memory the gate held.
func (s Summary) memoryChart() chart {
	c := chart{Width: half, Title: "Memory of the gate", About: "Resident, the files that it maps included."}
	u := s.Gate.Usage
	if len(u) < 2 {
		return c
	}
	up := linear(float64(s.Gate.Peak) / 1e6)
	c.Across = up.ticks(up.up, func(v float64) string { return fmt.Sprintf("%g MB", v) })
	x := c.overTime(s.usageSpan())
	c.Lines = []chartLine{{"p50", "memory", curve(len(u), func(i int) (float64, float64) { return x(u[i].At), up.up(float64(u[i].Memory) / 1e6) })}}
	for i := range len(u) - 1 {
		c.Hover = append(c.Hover, chartHover{x(u[i].At), x(u[i+1].At) - x(u[i].At), fmt.Sprintf("%s: %.1f MB", u[i].At.Round(time.Millisecond), float64(u[i].Memory)/1e6)})
	}
	return c
}

// usageSpan is how long the usages reach, or the run.
func (s Summary) usageSpan() time.Duration {
	return max(s.span(), s.Gate.Usage[len(s.Gate.Usage)-1].At)
}

// chart is the probes of a search: the p99 by rate.
func (l Limit) chart() chart {
	c := chart{Width: wide, Title: "The search", About: "The p99 of every probe, by its rate. The line is the bound: the p99 at the low rate, and what may be added to it. Both scales are logarithmic."}
	if len(l.Probes) == 0 {
		return c
	}
	bound := float64(l.Base + l.Bound)
	low, high := bound, bound
	from, to := l.Probes[0].Rate, l.Probes[0].Rate
	for _, p := range l.Probes {
		low, high = min(low, float64(p.P99)), max(high, float64(p.P99))
		from, to = min(from, p.Rate), max(to, p.Rate)
	}
	up, across := decades(low, high), scale{from / 1.2, to * 1.2, true}
	c.Across = up.ticks(up.up, func(v float64) string { return micros(int64(v)) })
	c.Bound = &chartTick{up.up(bound), micros(int64(bound))}
	last := -1.0
	for _, p := range l.Probes {
		x := c.Width * across.place(p.Rate)
		d := chartDot{x, up.up(float64(p.P99)), "good", fmt.Sprintf("%.0f/s: p99 %s, %s added", p.Rate, micros(p.P99), micros(p.Added))}
		if !p.Good {
			d.Class, d.Text = "bad", d.Text+"; "+p.Why
		}
		c.Dots = append(c.Dots, d)
		if p.Stage == "base" && last < 0 || p.Stage == "climb" && x-last > 45 {
			c.Down, last = append(c.Down, chartTick{x, grouped(int64(p.Rate)) + "/s"}), x
		}
	}
	return c
}
