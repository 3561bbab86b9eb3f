package mock

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDrawnLatency(t *testing.T) {
	for _, c := range []struct {
		name, text    string
		p1, p50, p99  time.Duration // as drawn, to a tenth
		least, longer time.Duration // no answer is earlier than least, or later than longer; 0: no bound
	}{
		{"always the same", "80ms", 80 * time.Millisecond, 80 * time.Millisecond, 80 * time.Millisecond, 80 * time.Millisecond, 80 * time.Millisecond},
		{"evenly between two", "50ms..150ms", 51 * time.Millisecond, 100 * time.Millisecond, 149 * time.Millisecond, 50 * time.Millisecond, 150 * time.Millisecond},
		{"through two percentiles", "p50=80ms,p99=400ms", 16 * time.Millisecond, 80 * time.Millisecond, 400 * time.Millisecond, 0, 0},
		{"no time at all", "0s", 0, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := ParseLatency(c.text)
			if err != nil {
				t.Fatal(err)
			}
			drawn := make([]time.Duration, 50_000)
			for i := range drawn {
				drawn[i] = l.Draw()
			}
			slices.Sort(drawn)
			for share, want := range map[float64]time.Duration{0.01: c.p1, 0.50: c.p50, 0.99: c.p99} {
				got := drawn[int(share*float64(len(drawn)))]
				if math.Abs(float64(got-want)) > 0.1*float64(want) {
					t.Errorf("%g of the answers take %s, want about %s", share, got, want)
				}
			}
			if c.longer > 0 && (drawn[0] < c.least || drawn[len(drawn)-1] > c.longer) {
				t.Errorf("answers take from %s to %s", drawn[0], drawn[len(drawn)-1])
			}
		})
	}
	for _, bad := range []string{"", "80", "-1s", "2h", "120ms..50ms", "p50=80ms", "p50=80ms,p99=40ms", "p99=1s,p50=80ms", "p0=1s,p99=2s", "p50=0s,p99=1s", "pfast=1s,p99=2s"} {
		if _, err := ParseLatency(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestFailures(t *testing.T) {
	graph := "/v23.0/106540352242922/messages"
	for _, c := range []struct {
		failure          string
		twilio, whatsapp int // codes
		status           int // at both
	}{
		{"429", 20429, 130429, 429}, {"500", 20500, 131000, 500}, {"503", 20503, 131016, 503}, {"opted-out", 21610, 131050, 400},
	} {
		t.Run("every message meets "+c.failure, func(t *testing.T) {
			f, err := ParseFailures(c.failure + ":100%")
			if err != nil {
				t.Fatal(err)
			}
			m := New(Config{Now: still, Failures: f})
			if w, s := serve(t, m, post(messages, hello)); w.Code != c.status || s.Code != c.twilio || s.Accepted {
				t.Errorf("Twilio answers %d with code %d", w.Code, s.Code)
			}
			r := post(graph, `{"messaging_product":"whatsapp","to":"+14155550100","type":"text","text":{"body":"Hi"}}`)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer x")
			if w, s := serve(t, m, r); w.Code != c.status || s.Code != c.whatsapp || s.Accepted {
				t.Errorf("the Graph API answers %d with code %d", w.Code, s.Code)
			}
			if w, s := serve(t, m, post(messages, "To=anna&From=%2B15005550006&Body=Hi")); w.Code != 400 || s.Code != 21211 {
				t.Errorf("what is refused anyway is answered %d with code %d", w.Code, s.Code)
			}
		})
	}

	t.Run("connections that end take the message, and a stall ends with Hold", func(t *testing.T) {
		for _, name := range []string{"close", "cut", "reset", "stall"} {
			f, err := ParseFailures(name + ":1")
			if err != nil {
				t.Fatal(err)
			}
			hold := make(chan struct{})
			m, base := start(t, Config{Failures: f, Hold: hold})
			if name == "stall" {
				close(hold)
			}
			got, _ := raw(t, base, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", messages, len(hello), hello))
			if whole := strings.Contains(got, `"uri"`); whole != (name == "stall") {
				t.Errorf("%s: answered %q", name, got)
			}
			if n := m.Counts().Accepted; n != 1 {
				t.Errorf("%s: %d messages taken, want 1", name, n)
			}
		}
	})

	t.Run("each failure has its share", func(t *testing.T) {
		f, err := ParseFailures("429:10%, 500:0.05,stall:1%")
		if err != nil {
			t.Fatal(err)
		}
		counts := map[int]float64{}
		stalls := 0.0
		const n = 100_000
		for range n {
			r := f.draw()
			counts[r.Twilio]++
			if r.fate == silent {
				stalls++
			}
		}
		for what, c := range map[string][2]float64{"429": {counts[20429], 0.10}, "500": {counts[20500], 0.05}, "stall": {stalls, 0.01}, "none": {counts[0] - stalls, 0.84}} {
			if got := c[0] / n; math.Abs(got-c[1]) > 0.005 {
				t.Errorf("%s meets a share of %.3f, want %.2f", what, got, c[1])
			}
		}
	})

	for bad, want := range map[string]string{"418:1%": "there is no failure", "429": "no share", "429:101%": "no share", "429:-1%": "no share", "429:NaN": "no share", "429:60%,500:60%": "more than 100%"} {
		if _, err := ParseFailures(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", bad, err, want)
		}
	}
}
