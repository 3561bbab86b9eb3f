package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// report adds up n results of a millisecond, a hundred a second.
func report(t *testing.T, n int) *Report {
	t.Helper()
	r := NewReport(Plan{Provider: "twilio", Loop: "open", Rate: "100"}, dialect(t, "twilio"), true)
	for i := range n {
		r.Add(Result{Recipient: Recipient{Want: Want{forward, "allowed"}}, Answer: Answer{Decision: forward, Reason: "allowed", Status: 201},
			Due: time.Duration(i) * 10 * time.Millisecond, Took: time.Millisecond})
	}
	return r
}

func TestSummary(t *testing.T) {
	t.Run("what is kept is read again as it was", func(t *testing.T) {
		s := report(t, 100).Summary(true)
		s.Upstream = &Upstream{Accepted: 100}
		var text bytes.Buffer
		if err := s.WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := ReadSummary(name)
		if err != nil {
			t.Fatal(err)
		}
		var second bytes.Buffer
		if err := again.WriteJSON(&second); err != nil || second.String() != text.String() {
			t.Errorf("%v\n%s\nbecame\n%s", err, text.String(), second.String())
		}
	})
	t.Run("what is no summary is refused by name", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "b.json")
		for _, text := range []string{"", "[]", "{}", `{"version": 99}`} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadSummary(name); err == nil || !strings.Contains(err.Error(), "b.json") {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
	t.Run("kinds without end are counted as other, and none is lost", func(t *testing.T) {
		r := report(t, 0)
		for i := range 1000 {
			r.Add(Result{Answer: Answer{Fault: fmt.Sprintf("fault %d", i)}})
			r.Add(Result{Answer: Answer{Decision: block, Reason: fmt.Sprintf("reason-%d", i), Status: 400}})
		}
		s := r.Summary(false)
		var failures, outcomes int64
		for _, n := range s.Failures {
			failures += n
		}
		for _, q := range s.Outcomes {
			outcomes += q.Count
		}
		if failures != 1000 || outcomes != 1000 || len(s.Failures) > maxKinds+1 || len(s.Outcomes) > maxKinds+1 {
			t.Errorf("%d failures of %d kinds, %d outcomes of %d kinds", failures, len(s.Failures), outcomes, len(s.Outcomes))
		}
	})
	t.Run("the table and the comparison tell what the gate used, who left, and what a search found", func(t *testing.T) {
		one := report(t, 100).Summary(false)
		one.Stops = &StopCounts{Told: 7, Acknowledged: 7, After: 11, Meanwhile: 2, Refused: 3}
		one.Gate = &GateUse{CPU: 1500 * time.Millisecond, PerSend: 15_000, Cores: 1.5, Peak: 50e6}
		one.Limit = &Limit{Bound: 20_000, BaseRate: 100, Base: 1000, BaseFrom: 900, BaseTo: 1200, Good: 400, Bad: 440, Steady: true, Probes: []Probe{{Rate: 800, Stage: "climb", P99: 90_000, Added: 89_000, Why: "it adds 89.0ms"}}}
		two := one
		two.Stops = &StopCounts{Told: 14, Acknowledged: 14, After: 22}
		two.Gate = &GateUse{CPU: time.Second, PerSend: 30_000, Cores: 3, Peak: 100e6}
		two.Limit = &Limit{Bound: 20_000, Base: 2000, Good: 200, Bad: 220}
		var table, compared strings.Builder
		if err := errors.Join(one.WriteTable(&table), Compare(&compared, one, two)); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"The gate used 1.5s of CPU, which is 15.0ms a send and 1.50 cores, and at most 50 MB of memory.",
			"7 people opted out in mid-broadcast: the gate acknowledged 7. 11 sends to them began after that, 2 were under way. 3 times the provider said",
			"Highest rate that adds at most 20.0ms to the p99: 400 sends a second; 440 add more.", "the p99 at 100 a second (three probes, 900µs to 1.20ms)", "it adds 89.0ms"} {
			if !strings.Contains(table.String(), want) {
				t.Errorf("the table does not say %q:\n%s", want, table.String())
			}
		}
		for _, want := range []string{`gate's CPU a send +15.0ms +30.0ms +×2.00`, `gate's CPU, cores +1.50 +3.00 +×2.00`, `gate's memory, MB +50 +100 +×2.00`,
			`opt-outs acknowledged +7 +14 +×2.00`, `sends begun after one +11 +22`, `highest rate +400 +200 +×0.50`, `lowest that is too high +440 +220`, `p99 at the low rate +1.00ms +2.00ms`} {
			if !regexp.MustCompile(want).MatchString(compared.String()) {
				t.Errorf("the comparison does not say %q:\n%s", want, compared.String())
			}
		}
	})
	t.Run("the table tells what went wrong, and a comparison what differs", func(t *testing.T) {
		a := report(t, 100)
		a.Add(Result{Recipient: Recipient{Row: 7, Want: Want{block, "opted-out"}}, Answer: Answer{Decision: forward, Reason: "allowed", Status: 201}, Took: 5 * time.Millisecond})
		a.Add(Result{Unsent: true, Lag: 2 * time.Second})
		one := a.Summary(true)
		two := report(t, 50).Summary(false)
		two.Plan.Rate, two.Plan.Timeout = "50", time.Second
		var table, compared strings.Builder
		if err := one.WriteTable(&table); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"101 sends", "1 never sent, 1 wrong", "recipient 7: wrong forward: want opted-out, got forward", "1 × never sent", "stopped before its end", "2.00s"} {
			if !strings.Contains(table.String(), want) {
				t.Errorf("the table does not say %q:\n%s", want, table.String())
			}
		}
		killed := one
		killed.Fault = "the gate ended with signal: killed"
		if err := errors.Join(Compare(&compared, one, two), Compare(&compared, two, killed)); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"not the same run: rate: 100, and 50", "not the same run: timeout: 0s, and 1s", "not the same run: end: stopped early, and as planned", "not the same run: end: as planned, and by a fault", "×0.50", "forward p99"} {
			if !strings.Contains(compared.String(), want) {
				t.Errorf("the comparison does not say %q:\n%s", want, compared.String())
			}
		}
	})
}

// TestNothingToJudge are runs without a wrong answer that show nothing good.
func TestNothingToJudge(t *testing.T) {
	lost := Answer{Status: 404} // by whatever is no gate, or has no such route
	for _, c := range []struct {
		name    string
		sends   []Answer
		stopped bool
		want    string // in the failure; empty: none
	}{
		{"nobody to write to", nil, false, "nothing was sent"},
		{"stopped before the first send", nil, true, ""},
		{"every send was answered by something that is no gate", []Answer{lost, lost}, false, "all 2 sends failed, most of them so: status 404"},
		{"nothing answers", []Answer{{Fault: "connection refused"}}, false, "connection refused"},
		{"one of two failed", []Answer{lost, {Decision: forward, Reason: "allowed", Status: 201}}, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReport(Plan{}, dialect(t, "twilio"), false)
			for _, a := range c.sends {
				r.Add(Result{Recipient: Recipient{Want: Want{Action: forward}}, Answer: a})
			}
			s := r.Summary(c.stopped)
			err := s.Failure()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			var page strings.Builder
			if err := s.WriteHTML(&page); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(page.String(), "answers were right") {
				t.Error("the page says that all answers were right")
			}
		})
	}
}

func TestTimeline(t *testing.T) {
	r := report(t, 0)
	const seconds = 10_000 // folds six times
	for i := range seconds {
		r.Add(Result{Due: time.Duration(i) * time.Second, Took: time.Millisecond, Answer: Answer{Status: 201, Decision: forward}})
	}
	r.Add(Result{Due: 5000 * time.Second, Took: time.Minute, Answer: Answer{Fault: "timeout"}})
	slots := r.Summary(false).Timeline
	if len(slots) > maxSlots || len(slots) < maxSlots/2 {
		t.Fatalf("%d slots, want at most %d, and more than half of that", len(slots), maxSlots)
	}
	var count, failed int64
	for i, s := range slots {
		count, failed = count+s.Count, failed+s.Failed
		if want := time.Duration(i) * s.For; s.At != want {
			t.Errorf("slot %d begins at %s, want %s", i, s.At, want)
		}
		holds := s.At <= 5000*time.Second && 5000*time.Second < s.At+s.For
		if late := s.Max > time.Second.Microseconds(); late != holds || (s.Failed > 0) != holds {
			t.Errorf("slot %d at %s has its longest at %d µs and %d failed", i, s.At, s.Max, s.Failed)
		}
	}
	if count != seconds+1 || failed != 1 {
		t.Errorf("%d results in all slots, %d failed; want %d and 1", count, failed, seconds+1)
	}

	t.Run("a stretch in which nothing was due has no slot", func(t *testing.T) {
		r := report(t, 0)
		r.Add(Result{Due: 0, Answer: Answer{Status: 201, Decision: forward}})
		r.Add(Result{Due: 300 * time.Second, Answer: Answer{Status: 201, Decision: forward}})
		if got := r.Summary(false).Timeline; len(got) != 2 || got[1].At != 300*time.Second || got[1].For != 2*time.Second {
			t.Errorf("got %+v", got)
		}
	})
}

func TestWords(t *testing.T) {
	for us, want := range map[int64]string{0: "0µs", 999: "999µs", 1000: "1.00ms", 9_990: "9.99ms", 10_000: "10.0ms", 1_000_000: "1.00s", 12_345_678: "12.3s"} {
		if got := micros(us); got != want {
			t.Errorf("%d µs is written %s, want %s", us, got, want)
		}
	}
	for text, want := range map[string]Want{"": {}, "Forward ": {Action: forward}, "block": {Action: block}, "window-closed": {block, "window-closed"}, "consent-expired": {block, "consent-expired"}} {
		got, err := ParseWant(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
		if again, _ := ParseWant(got.String()); again != got {
			t.Errorf("%+v is written %q", got, got.String())
		}
	}
}
