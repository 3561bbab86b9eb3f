package bench

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A leaverGate is a gate, its provider and the people behind it: it forwards until it knows of an
// opt-out, which it acknowledges after some time.
type leaverGate struct {
	stops    *Stops
	deaf     bool          // it acknowledges opt-outs, and forwards all the same
	slow     time.Duration // from being told to knowing; as long again to acknowledging
	refuses  int           // the provider refuses whose number this one is: they have left there; 0: nobody
	unlearnt bool          // the gate does not learn from that

	mu    sync.Mutex
	gone  map[string]bool
	sends int
}

func (g *leaverGate) optOut(_ context.Context, r Recipient) error {
	time.Sleep(g.slow)
	g.mu.Lock()
	g.gone[r.Address] = true
	g.mu.Unlock()
	time.Sleep(g.slow)
	return nil
}

// Send answers within a few milliseconds, later ones not always later.
func (g *leaverGate) Send(r *Recipient) (Answer, error) {
	g.mu.Lock()
	g.sends++
	gone, n := g.gone[r.Address] && !g.deaf, g.sends
	refused := !gone && g.refuses > 0 && int(r.Row) == g.refuses
	if refused && !g.unlearnt {
		g.gone[r.Address] = true
	}
	g.mu.Unlock()
	time.Sleep(time.Duration(1+n%7) * time.Millisecond)
	switch {
	case gone:
		return Answer{Decision: block, Reason: "opted-out", Status: 400, Code: "21610"}, nil
	case refused:
		return Answer{Decision: forward, Reason: "allowed", Status: 400, Code: "21610"}, nil
	}
	if r.Row%10 == 0 { // every tenth answers STOP
		g.stops.Hear(*r)
	}
	return Answer{Decision: forward, Reason: "allowed", Status: 201}, nil
}

// attackLeavers sends to a hundred people for ten seconds.
func attackLeavers(t *testing.T, g *leaverGate) Summary {
	t.Helper()
	d := dialect(t, "twilio")
	g.gone = map[string]bool{}
	g.stops = &Stops{OptOut: g.optOut, Delay: func() time.Duration { return 30 * time.Millisecond }, Learns: true}
	crowd := Crowd{Size: 100, Seed: 1, Cases: []Case{{Want: Want{forward, "allowed"}}}}
	report := NewReport(Plan{}, d, true)
	report.Stops = g.stops
	a := Attack{Sender: g.stops.Sender(d, g), Recipients: g.stops.Again(crowd.Walk(true)), Pacer: NewSchedule(phases(t, "500:10s", 0)), Pause: time.Sleep}
	for result, err := range a.Results(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		report.Add(result)
	}
	g.stops.Finish()
	return report.Summary(false)
}

// TestStops has people leave in mid-broadcast: what was acknowledged binds every send that begins
// later, and what was under way by then may go either way.
func TestStops(t *testing.T) {
	for _, c := range []struct {
		name  string
		gate  *leaverGate
		wrong Wrong // empty: all is well
		late  bool
		check func(*testing.T, StopCounts)
	}{
		{"a gate that knows when it acknowledges is right", &leaverGate{slow: 20 * time.Millisecond}, "", false, func(t *testing.T, s StopCounts) {
			if s.Told != 10 || s.Acknowledged != 10 || s.After < 400 || s.Meanwhile < 10 {
				t.Errorf("%+v: want 10 told and acknowledged, hundreds of sends after, and one at least during each", s)
			}
		}},
		{"a gate that forwards after its acknowledgement is wrong, and it shows at the provider as well", &leaverGate{deaf: true, slow: time.Millisecond}, WrongForward, true, func(*testing.T, StopCounts) {}},
		{"a gate that learns from a refusal before it passes it on is right", &leaverGate{refuses: 7}, "", false, func(t *testing.T, s StopCounts) {
			if s.Refused != 1 || s.After < 400 {
				t.Errorf("%+v: want 1 refusal, and hundreds of sends after an opt-out", s)
			}
		}},
		{"a gate that does not learn from it forwards wrongly", &leaverGate{refuses: 7, unlearnt: true}, WrongForward, false, func(*testing.T, StopCounts) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := attackLeavers(t, c.gate)
				if n := s.WrongAnswers(); (n > 0) != (c.wrong != "") || n != s.Wrong[c.wrong] {
					t.Errorf("wrong answers %v, want only %q; %+v", s.Wrong, c.wrong, s.Examples)
				}
				if (s.Failure() != nil) != (c.wrong != "") || (s.Stops.Late > 0) != c.late {
					t.Errorf("the run ends with %v, %d too late", s.Failure(), s.Stops.Late)
				}
				c.check(t, *s.Stops)
			})
		})
	}

	t.Run("people who get two messages at once are told apart from a gate that blocks for nothing", func(t *testing.T) {
		d := dialect(t, "twilio")
		start := time.Now()
		at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
		to := Recipient{Address: "+14155550100", Want: Want{forward, "allowed"}}
		blocked := Result{Recipient: to, Began: at(5), Took: 4 * time.Millisecond, Answer: Answer{Decision: block, Reason: "opted-out", Status: 400, Code: "21610"}}
		for name, c := range map[string]struct {
			learnt func(*Stops)
			wrong  int64
		}{
			"its provider refused another one":          {func(s *Stops) { s.refused(to.Address, at(0), at(8)) }, 0},
			"the answer to another one never came here": {func(s *Stops) { s.missed(to.Address, at(0)) }, 0},
			"neither":                   {func(*Stops) {}, 1},
			"a refusal that came later": {func(s *Stops) { s.refused(to.Address, at(20), at(28)) }, 1},
		} {
			r := NewReport(Plan{}, d, true)
			r.Stops = &Stops{Learns: true}
			r.Stops.Sender(d, nil)
			r.Add(blocked) // overtakes the answer from which the gate learnt
			c.learnt(r.Stops)
			if s := r.Summary(false); s.WrongAnswers() != c.wrong || s.Wrong[WrongBlock] != c.wrong {
				t.Errorf("%s: wrong answers %v, want %d", name, s.Wrong, c.wrong)
			}
			r.Stops.Finish()
		}
	})

	t.Run("an opt-out that is not acknowledged fails the run, and binds nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &Stops{OptOut: func(context.Context, Recipient) error { return errors.New("disk full") }}
			s.Hear(Recipient{Address: "+14155550100"})
			synctest.Wait()
			s.Finish()
			s.Hear(Recipient{Address: "+14155550101"}) // too late, and harmless
			counts := s.Counts()
			err := Summary{Stops: &counts}.Failure()
			if counts.Told != 1 || counts.Acknowledged != 0 || err == nil || !strings.Contains(err.Error(), "1 of 1 opt-outs were not acknowledged: disk full") {
				t.Errorf("%+v, %v", counts, err)
			}
		})
	})
}
