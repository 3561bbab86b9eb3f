package bench

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// stall answers in a millisecond, but from the fourth to the fifth second not at all.
func stall(since time.Duration) time.Duration {
	const from, to, usual = 4 * time.Second, 5 * time.Second, time.Millisecond
	if since >= from && since < to {
		return to - since + usual
	}
	return usual
}

// TestPacerHonest loads a server that stalls for a second. 100 sends a second are due all the time,
// so a tenth of 1000 sends meet the stall, wherever in the program they have to wait for it.
func TestPacerHonest(t *testing.T) {
	forwards := func(string) string { return said(201, 0, "forward", "allowed") }
	between := func(t *testing.T, what string, micros int64, low, high time.Duration) {
		t.Helper()
		if d := time.Duration(micros) * time.Microsecond; d < low || d > high {
			t.Errorf("%s is %s, want %s to %s", what, d, low, high)
		}
	}
	for _, c := range []struct {
		name    string
		workers int
	}{
		{"the stall shows where every send has a worker of its own", 1000},
		{"the stall shows where all sends wait for a single worker", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := runAgainst(t, t.Context(), &script{answer: forwards, wait: stall}, Attack{Workers: c.workers,
					Pacer: NewSchedule(phases(t, "100:10s", 0)), Recipients: everybody(Want{"forward", "allowed"}).Walk(true)}, true)
				if s.Sent != 1000 || s.Answered != 1000 || s.Latency.Count != 1000 {
					t.Fatalf("sent %d, answered %d, counted %d; want 1000 each", s.Sent, s.Answered, s.Latency.Count)
				}
				between(t, "the median", s.Latency.P50, time.Millisecond, 2*time.Millisecond)
				between(t, "p99", s.Latency.P99, 900*time.Millisecond, 1100*time.Millisecond)
				between(t, "the longest", s.Latency.Max, time.Second, 1100*time.Millisecond)
				between(t, "the median of the stalled second", s.Timeline[4].P50, 400*time.Millisecond, 600*time.Millisecond)
				between(t, "the median of the second before", s.Timeline[3].P50, time.Millisecond, 2*time.Millisecond)
				if c.workers == 1 {
					// What would be said by a clock that starts when a send begins: one slow send in a thousand.
					between(t, "p99 from the beginning of a send", s.Took.P99, time.Millisecond, 2*time.Millisecond)
				}
			})
		})
	}

	t.Run("the stall shows within a ramp", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			// 20 a second more every second: 90 of the 1000 sends meet the stall.
			s := runAgainst(t, t.Context(), &script{answer: forwards, wait: stall}, Attack{Workers: 1000,
				Pacer: NewSchedule(phases(t, "0..200:10s", 0)), Recipients: everybody(Want{"forward", "allowed"}).Walk(true)}, true)
			if s.Sent != 1000 || s.Timeline[4].Count < 88 || s.Timeline[4].Count > 92 {
				t.Fatalf("sent %d, %d of them in the fifth second; want 1000 and 90", s.Sent, s.Timeline[4].Count)
			}
			between(t, "the median", s.Latency.P50, time.Millisecond, 2*time.Millisecond)
			between(t, "p99", s.Latency.P99, 800*time.Millisecond, 1000*time.Millisecond)
			between(t, "the longest", s.Latency.Max, 980*time.Millisecond, 1100*time.Millisecond)
			between(t, "the median of the stalled second", s.Timeline[4].P50, 400*time.Millisecond, 600*time.Millisecond)
			between(t, "the median of the second after", s.Timeline[5].P50, time.Millisecond, 2*time.Millisecond)
		})
	})

	t.Run("sends that never got a worker count with the time they waited", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			silent := func(time.Duration) time.Duration { return time.Hour }
			s := runAgainst(t, t.Context(), &script{answer: forwards, wait: silent}, Attack{Workers: 2, Timeout: 2 * time.Second,
				Pacer: NewSchedule(phases(t, "10:5s", 0)), Recipients: everybody(Want{"forward", "allowed"}).Walk(true)}, true)
			if s.Sent+s.Unsent != 50 || s.Answered != 0 || s.Unsent == 0 {
				t.Errorf("sent %d, unsent %d, answered %d of 50", s.Sent, s.Unsent, s.Answered)
			}
			between(t, "the median", s.Latency.P50, 2*time.Second, 4*time.Second)
			if s.Elapsed > 10*time.Second {
				t.Errorf("the run took %s, want its 5s and at most the timeout of a wait and of an answer", s.Elapsed)
			}
			if s.Failure() == nil {
				t.Error("a run without an answer does not fail")
			}
		})
	})

	t.Run("a run that is stopped reports what was, and what was due and waited", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 4500*time.Millisecond)
			defer stop()
			s := runAgainst(t, ctx, &script{answer: forwards, wait: stall}, Attack{Workers: 1,
				Pacer: NewSchedule(phases(t, "100:10s", 0)), Recipients: everybody(Want{"forward", "allowed"}).Walk(true)}, true)
			if !s.Interrupted || s.Sent != 401 || s.Sent+s.Unsent < 450 || s.Sent+s.Unsent > 451 {
				t.Errorf("interrupted %t, sent %d, unsent %d; want 401 sent of the 450 or 451 that were due", s.Interrupted, s.Sent, s.Unsent)
			}
		})
	})
}

func TestAttackEnds(t *testing.T) {
	forwards := func(string) string { return said(201, 0, "forward", "allowed") }
	people := everybody(Want{"forward", "allowed"})
	slow := func(time.Duration) time.Duration { return 100 * time.Millisecond }
	for _, c := range []struct {
		name   string
		attack Attack
		want   int64
		takes  time.Duration
	}{
		{"after the last phase", Attack{Pacer: NewSchedule(phases(t, "10:1s,20:1s", 0)), Recipients: people.Walk(true)}, 30, 2050 * time.Millisecond},
		{"after so many sends", Attack{Pacer: NewSchedule(phases(t, "10", 0)), Count: 15, Recipients: people.Walk(true)}, 15, 1500 * time.Millisecond},
		{"after some time", Attack{Pacer: NewSchedule(phases(t, "10", 0)), For: time.Second, Recipients: people.Walk(true)}, 10, time.Second},
		{"after the last recipient", Attack{Pacer: NewSchedule(phases(t, "1000", 0)), Recipients: people.Walk(false)}, 1000, 1099 * time.Millisecond},
		{"a closed loop after so many sends, ten at once", Attack{Count: 100, Workers: 10, Recipients: people.Walk(true)}, 100, time.Second},
		{"a closed loop after some time", Attack{For: time.Second, Workers: 10, Recipients: people.Walk(true)}, 100, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := runAgainst(t, t.Context(), &script{answer: forwards, wait: slow}, c.attack, true)
				if s.Sent < c.want || s.Sent > c.want+int64(c.attack.Workers) || s.Failed > 0 || s.Failure() != nil {
					t.Errorf("sent %d, failed %d, %v; want %d sent", s.Sent, s.Failed, s.Failure(), c.want)
				}
				if s.Elapsed < c.takes-50*time.Millisecond || s.Elapsed > c.takes+150*time.Millisecond {
					t.Errorf("took %s, want about %s", s.Elapsed, c.takes)
				}
			})
		})
	}
}

// TestAttackStopsInItsBacklog stops attacks that fall ever further behind their pacer.
func TestAttackStopsInItsBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		a := Attack{Sender: echo{}, Recipients: slowList{}, Pacer: NewSchedule(phases(t, "1000:1m", 0)), Pause: time.Sleep}
		began, last := time.Now(), time.Duration(0)
		for r := range a.Results(ctx) {
			last = r.Due
		}
		// A thousand were due each second, of which half were read.
		if took := time.Since(began); took > 7*time.Second || last < 2990*time.Millisecond || last > 3010*time.Millisecond {
			t.Errorf("it ended after %s, and the last that it counted was due at %s; want what was due in the first three seconds", took, last)
		}
	})
}

// slowList takes two milliseconds for each recipient.
type slowList struct{}

func (slowList) Next() (Recipient, error) {
	time.Sleep(2 * time.Millisecond)
	return Recipient{}, nil
}

func TestAttackStopsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := Attack{Sender: echo{}, Recipients: everybody(Want{}).Walk(true), Workers: 3, Pause: time.Sleep}
		seen := 0
		for range a.Results(t.Context()) {
			if seen++; seen == 10 {
				break
			}
		}
		if seen != 10 {
			t.Errorf("saw %d results", seen)
		}
	}) // which fails where a goroutine is left
}

// echo answers at once.
type echo struct{}

func (echo) Send(*Recipient) (Answer, error) { return Answer{Status: 201}, nil }
