package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestHTML(t *testing.T) {
	page := func(t *testing.T, s Summary) string {
		var b strings.Builder
		if err := s.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	// full is the summary of a run with everything in it.
	full := func(t *testing.T) Summary {
		r := report(t, 1000)
		r.Add(Result{Due: 3 * time.Second, Lag: 20 * time.Second, Unsent: true})
		s := r.Summary(false)
		s.Stops = &StopCounts{Told: 7, Acknowledged: 7, After: 11}
		s.Upstream = &Upstream{Accepted: 1000}
		s.Gate = &GateUse{CPU: time.Second, PerSend: 1000, Cores: 0.1, Peak: 50e6, Usage: []Usage{{0, time.Second, 40e6}, {time.Second, 1100 * time.Millisecond, 50e6}, {10 * time.Second, 2 * time.Second, 45e6}}}
		s.Limit = &Limit{Bound: 20_000, BaseRate: 100, Base: 1000, Good: 400, Bad: 440, Probes: []Probe{{Rate: 100, Stage: "base", P99: 1000, Good: true}, {Rate: 400, Stage: "climb", P99: 9000, Added: 8000, Good: true}, {Rate: 800, Stage: "climb", P99: 90_000, Added: 89_000, Why: "it adds 89.0ms"}}}
		return s
	}

	t.Run("all points lie within their plots, one a second", func(t *testing.T) {
		lines := regexp.MustCompile(`<polyline class="(\w+)" points="([^"]*)"><title>`).FindAllStringSubmatch(page(t, full(t)), -1)
		names := map[string]int{}
		for _, line := range lines {
			names[line[1]]++
		}
		if want := map[string]int{"max": 1, "p99": 1, "p50": 3, "sends": 2, "failed": 1}; !maps.Equal(names, want) {
			t.Fatalf("curves %v, want %v", names, want)
		}
		for _, line := range lines {
			points := strings.Fields(line[2])
			if n := strings.Count(line[2], " ") + 1; line[1] == "p99" && n != 10 {
				t.Errorf("%s has %d points, want one for each of ten seconds", line[1], n)
			}
			for _, point := range points {
				x, y, _ := strings.Cut(point, ",")
				a, err := strconv.ParseFloat(x, 64)
				b, err2 := strconv.ParseFloat(y, 64)
				if err != nil || err2 != nil || a < 0 || a > wide || b < 0 || b > plotHeight {
					t.Errorf("%s has the point %s", line[1], point)
				}
			}
		}
	})
	t.Run("it asks for nothing elsewhere, and shows words as words", func(t *testing.T) {
		s := full(t)
		s.Plan.Target, s.Examples = "<script>alert(1)</script>", []Example{{WrongForward, 3, "+1415•••••00", "want <b>"}}
		text := page(t, s)
		for _, bad := range []string{"<script", "src=", "href", "url(", "@import", "http:", "https:", "//", "want <b>"} {
			if strings.Contains(text, bad) {
				t.Errorf("the page has %q", bad)
			}
		}
	})
	t.Run("it says first whether the run passed, and shows each probe of a search", func(t *testing.T) {
		s := full(t)
		text := page(t, s)
		for _, want := range []string{"<strong>Passed.</strong> All 1\u202f000 answers were right.", `class="good" cx=`, `class="bad" cx=`, "400/s: p99 9.00ms, 8.00ms added", "it adds 89.0ms", "50 MB", "prefers-color-scheme: dark"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		s.Wrong, s.Examples = map[Wrong]int64{WrongForward: 1}, []Example{{WrongForward, 3, "+1415•••••00", "want opted-out"}}
		text = page(t, s)
		for _, want := range []string{`verdict fail"><strong>Failed.</strong>`, "recipient 3, &#43;1415•••••00", "want opted-out"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page of a failed run does not say %q", want)
			}
		}
	})
	t.Run("a run with nothing in it has a page too, and every page is well-formed", func(t *testing.T) {
		for _, s := range []Summary{{}, report(t, 0).Summary(true), report(t, 1).Summary(false), full(t)} {
			d := xml.NewDecoder(strings.NewReader(page(t, s)))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
