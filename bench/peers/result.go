package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"
)

// resultVersion is the version of the JSON form of a result.
const resultVersion = 1

// A result is one whole run. Its JSON form is kept.
type result struct {
	Version     int               `json:"version"`
	Started     time.Time         `json:"started"`
	Seconds     float64           `json:"seconds"`
	Interrupted bool              `json:"interrupted,omitempty"`
	Quick       bool              `json:"quick,omitempty"`
	Flags       map[string]string `json:"flags"`
	Seed        uint64            `json:"seed"`
	Listed      uint64            `json:"listed"`
	Consented   uint64            `json:"consented"`
	Rounds      int               `json:"rounds"`
	Machine     machine           `json:"machine"`
	Steal       float64           `json:"steal_seconds"` // of all cores, during the run
	Placement   string            `json:"placement"`
	Versions    map[string]string `json:"versions"`
	Upstreams   map[string]string `json:"upstreams"` // what stood behind the peers, by kind
	Missing     map[string]string `json:"missing,omitempty"`
	Starts      []start           `json:"starts"`
	Cells       []cell            `json:"cells"`
}

// A start is one start of a peer, and what it held then.
type start struct {
	Peer     string       `json:"peer"`
	Upstream upstreamKind `json:"upstream"`
	Seconds  float64      `json:"seconds"` // from its start until it accepted connections
	Idle     memory       `json:"idle"`    // before the first request
	Loaded   memory       `json:"loaded"`  // after the last; zero for a peer started for one cell
}

// A cell is one peer in one situation in one round.
type cell struct {
	Round    int              `json:"round"`
	Case     string           `json:"case"`
	Peer     string           `json:"peer"`
	Void     string           `json:"void,omitempty"` // why it counts for nothing
	Answers  int64            `json:"answers"`
	Seconds  float64          `json:"seconds"`
	Rate     float64          `json:"rate"`      // answers a second
	User     float64          `json:"user_us"`   // CPU a request in user mode, of the peer's processes
	System   float64          `json:"system_us"` // and in the kernel
	Busy     float64          `json:"busy"`      // share of the peer's core that was busy, with whatever
	LoadBusy float64          `json:"load_busy"` // the same of the cores of generator and upstream
	Steal    float64          `json:"steal_seconds"`
	P50      float64          `json:"p50_us"`
	P90      float64          `json:"p90_us"`
	P99      float64          `json:"p99_us"`
	Lag      float64          `json:"lag_us,omitempty"` // 99th percentile of what the generator was late by
	Statuses map[string]int64 `json:"statuses"`
	Held     memory           `json:"held"`          // under this load
	Idle     memory           `json:"idle,omitzero"` // before it, of a peer that was started for this cell
	Flight   int              `json:"flight"`        // connections; in a closed loop, requests in flight
	Failed   map[string]int64 `json:"failed,omitempty"`
	Wrong    map[string]int64 `json:"wrong,omitempty"`
}

// cpu is microseconds of processor time a request.
func (c cell) cpu() float64 { return c.User + c.System }

// newCell is what t says of peer in s.
func newCell(round int, s situation, peer string, t tally) cell {
	c := cell{Round: round, Case: s.Name, Peer: peer, Void: t.void(), Answers: t.Answers, Seconds: t.Seconds, P50: t.P50, P90: t.P90, P99: t.P99, Lag: t.Lag,
		Steal: t.Used.Steal, Busy: t.Used.share(), Statuses: t.Statuses, Flight: s.flight, Failed: t.Failed, Wrong: t.Wrong}
	if t.Answers > 0 {
		c.Rate = float64(t.Answers) / t.Seconds
		c.User = t.Used.User * 1e6 / float64(t.Answers)
		c.System = t.Used.System * 1e6 / float64(t.Answers)
	}
	return c
}

// values is what the cells of one peer in one case say, by round, without the void ones.
func (r result) values(name, peer string, of func(cell) float64) map[int]float64 {
	v := make(map[int]float64)
	for _, c := range r.Cells {
		if c.Case == name && c.Peer == peer && c.Void == "" {
			v[c.Round] = of(c)
		}
	}
	return v
}

// spread is the spread of what values says.
func (r result) spread(name, peer string, of func(cell) float64) spread {
	return spreadOf(slices.Collect(maps.Values(r.values(name, peer, of))))
}

// ratio is how the CPU a request of peer in a case compares with that of another in the same or
// another case, round by round.
func (r result) ratio(name, peer, otherCase, otherPeer string) spread {
	return spreadOf(paired(r.values(name, peer, cell.cpu), r.values(otherCase, otherPeer, cell.cpu), ratio))
}

// write writes r for readResult.
func (r result) write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// readResult reads what write wrote into a file.
func readResult(name string) (result, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return result{}, fmt.Errorf("reading a result: %w", err)
	}
	var r result
	if err := json.Unmarshal(text, &r); err != nil {
		return result{}, fmt.Errorf("%s: %w", name, err)
	}
	if r.Version != resultVersion {
		return result{}, fmt.Errorf("%s: it is no result of version %d of bench/peers", name, resultVersion)
	}
	return r, nil
}
