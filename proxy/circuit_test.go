package proxy

import (
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

var sternly = filter.Breaker{Refusals: 4, Share: 20, Window: time.Hour, Pause: 30 * time.Minute, Trials: 5, Categories: []filter.Category{filter.Marketing}}

// TestCircuit plays what a provider answers, a line a minute or so, to one circuit.
func TestCircuit(t *testing.T) {
	type answers struct {
		after              time.Duration // since the line before
		messages, refusals int
		want               turnout
	}
	for name, lines := range map[string][]answers{
		"the share alone is not enough":                              {{0, 3, 3, stay}},
		"the number alone is not enough":                             {{0, 100, 0, stay}, {0, 4, 4, stay}},
		"number and share together open it":                          {{0, 16, 0, stay}, {0, 3, 3, stay}, {0, 1, 1, open}},
		"a success never opens it":                                   {{0, 4, 3, stay}, {0, 1, 0, stay}, {0, 1, 1, open}},
		"refusals that are told later count without a message":       {{0, 10, 0, stay}, {time.Minute, 0, 3, stay}, {0, 0, 1, open}},
		"what is older than the window counts no more":               {{0, 3, 3, stay}, {61 * time.Minute, 3, 3, stay}},
		"what is younger counts":                                     {{0, 3, 3, stay}, {54 * time.Minute, 1, 1, open}},
		"old successes make way for new refusals":                    {{0, 100, 0, stay}, {50 * time.Minute, 3, 3, stay}, {15 * time.Minute, 1, 1, open}},
		"a clock that goes back a little changes nothing":            {{0, 3, 3, stay}, {-10 * time.Minute, 1, 1, open}},
		"a clock that goes back further than the window begins anew": {{0, 3, 3, stay}, {-2 * time.Hour, 1, 1, stay}, {0, 3, 3, open}},
		"a clock that leaps ahead begins anew":                       {{0, 3, 3, stay}, {24 * 365 * time.Hour, 1, 1, stay}},
	} {
		t.Run(name, func(t *testing.T) {
			c, now := new(circuit), time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
			for i, a := range lines {
				now = now.Add(a.after)
				if got := c.count(&sternly, a.messages, a.refusals, now); got != a.want {
					t.Fatalf("line %d: turnout %d, want %d", i, got, a.want)
				}
			}
		})
	}
}

func TestCircuitOnTrial(t *testing.T) {
	noon := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for name, lines := range map[string][]struct {
		minute             int
		messages, refusals int
		want               turnout
	}{
		"answers to what was sent before the pause count for nothing": {{1, 20, 20, stay}, {29, 20, 20, stay}},
		"enough good answers end the pause":                           {{30, 4, 0, stay}, {31, 1, 0, shut}},
		"enough bad ones begin it again":                              {{30, 1, 1, reopen}},
		"what is told later counts on trial, too":                     {{30, 4, 0, stay}, {40, 0, 1, reopen}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &circuit{id: "x", until: noon.Add(30 * time.Minute)}
			for i, a := range lines {
				if got := c.count(&sternly, a.messages, a.refusals, noon.Add(time.Duration(a.minute)*time.Minute)); got != a.want {
					t.Fatalf("line %d: turnout %d, want %d", i, got, a.want)
				}
			}
		})
	}
	c := new(circuit)
	for i, want := range []bool{true, false, true, true} {
		at := noon.Add([]time.Duration{0, 999 * time.Millisecond, time.Second, -time.Hour}[i])
		if got := c.admit(at); got != want {
			t.Errorf("message %d at %s: admitted %v", i, at, got)
		}
	}
}
