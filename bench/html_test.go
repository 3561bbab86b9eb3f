package bench

import (
	"encoding/xml"
	"errors"
	"io"
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
	long := report(t, 1000)
	long.Add(Result{Due: 3 * time.Second, Lag: 20 * time.Second, Unsent: true})

	t.Run("all points lie within their plots, one a second", func(t *testing.T) {
		lines := regexp.MustCompile(`<polyline class="(\w+)" points="([^"]*)"`).FindAllStringSubmatch(page(t, long.Summary(false)), -1)
		if len(lines) != 4 {
			t.Fatalf("%d curves, want p50, p99, max and sends", len(lines))
		}
		for _, line := range lines {
			points := strings.Fields(line[2])
			if len(points) != 10 {
				t.Errorf("%s has %d points, want one for each of ten seconds", line[1], len(points))
			}
			for _, point := range points {
				x, y, _ := strings.Cut(point, ",")
				a, err := strconv.ParseFloat(x, 64)
				b, err2 := strconv.ParseFloat(y, 64)
				if err != nil || err2 != nil || a < 0 || a > plotWidth || b < 0 || b > plotHeight {
					t.Errorf("%s has the point %s", line[1], point)
				}
			}
		}
	})
	t.Run("it asks for nothing elsewhere, and shows words as words", func(t *testing.T) {
		s := long.Summary(false)
		s.Plan.Target, s.Examples = "<script>alert(1)</script>", []Example{{WrongForward, 3, "+1415•••••00", "want <b>"}}
		text := page(t, s)
		for _, bad := range []string{"<script", "src=", "href=", "url(", "@import", "want <b>"} {
			if strings.Contains(text, bad) {
				t.Errorf("the page has %q", bad)
			}
		}
	})
	t.Run("a run with nothing in it has a page too, and every page is well-formed", func(t *testing.T) {
		for _, s := range []Summary{{}, report(t, 0).Summary(true), report(t, 1).Summary(false), long.Summary(false)} {
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
