package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A loadJob is one load on one address. The generator is a process of its own: it reads a job from
// its standard input, writes measured when its window is over, goes on until its input ends, and
// then writes its tally.
type loadJob struct {
	Address string
	Prefix  string // of the path
	Flight  int    // connections; in a closed loop, requests in flight
	Rate    float64
	Poisson bool
	Start   float64       // connections to begin with a second; 0: all at once
	Warm    time.Duration // before the window
	Window  time.Duration
	Drain   time.Duration // how long answers are waited for in the end
	Seed    uint64

	Listed, Consented uint64
	Share             float64 // of the sends that go to people who opted out
	Agreed            bool    // whether the others have agreed; if not, nothing is known of them
	Refused           int     // status that a send to somebody who opted out is answered with

	Watch     []int // processes under test
	Cores     []int // theirs, to tell how busy they are; none: all together
	LoadCores []int // the generator's own
}

// measured is the line that says that the window is over.
const measured = "measured"

// A tally is what a generator counted in its window; of wrong answers and failures, all there were.
type tally struct {
	Answers  int64
	Seconds  float64
	P50      float64 // µs, in an open loop from when the send was due
	P90      float64
	P99      float64
	Lag      float64          // µs: the 99th percentile of what the generator was late by
	Statuses map[string]int64 // answers by status
	Wrong    map[string]int64 // answers that were not what they must be, by what they were
	Failed   map[string]int64 // sends without an answer, by why
	Used     usage            // of processor time by the processes under test, from the window's start to its end
	Load     float64          // share of the generator's cores that was busy
}

// void says why a tally is worth nothing; empty: it is good.
func (t tally) void() string {
	var why []string
	for _, counts := range []map[string]int64{t.Wrong, t.Failed} {
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			why = append(why, fmt.Sprintf("%d × %s", counts[what], what))
		}
	}
	if t.Answers == 0 {
		why = append(why, "no answers")
	}
	return strings.Join(why, ", ")
}

// wrong says what is wrong with an answer; empty: nothing.
func (j loadJob) wrong(optedOut bool, status int) string {
	want := created201
	if optedOut {
		want = j.Refused
	}
	switch {
	case status == want:
		return ""
	case optedOut && status/100 == 2:
		return "opted out, and forwarded"
	case !optedOut && status == refusedStatus:
		return "not opted out, and refused"
	default:
		return fmt.Sprintf("status %d", status)
	}
}

const created201 = 201
