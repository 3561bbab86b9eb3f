package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// example is a result of four rounds, in which the machine was slower in each than in the one before,
// with figures that can be worked out by hand.
func example() result {
	r := result{Version: resultVersion, Started: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), Seconds: 61.2, Seed: 7, Listed: 10_000_000, Consented: 1_000_000, Rounds: 4,
		Machine:   machine{Cores: 2, Model: "Example CPU", Kernel: "6.1.0", Memory: 24 << 30, Files: 20_000, Arch: "amd64"},
		Steal:     0.31,
		Placement: placement{Load: []int{0}, Proxy: []int{1}, Upstream: []int{0}}.String(),
		Versions:  map[string]string{nginx: "nginx/1.22.1", sendgate: "0123abcd, go1.26.0"},
		Upstreams: map[string]string{"plain": "a loop over epoll in Go"},
		Missing:   map[string]string{"nginx-redis": "redis-server is not installed"},
		Flags:     map[string]string{"seconds": "2.5", "cases": "", "peers": ""},
		Starts: []start{
			{Peer: sendgate, Upstream: plainUpstream, Seconds: 0.214, Idle: memory{Anon: 150 << 20, PSS: 160 << 20}, Loaded: memory{Anon: 155 << 20, PSS: 200 << 20}},
			{Peer: sendgate, Upstream: slowUpstream, Seconds: 0.3, Idle: memory{Anon: 100 << 20}},
		}}
	cost := map[string]float64{nginx: 20, haproxyList: 40, sendgate: 15}
	for round := range 4 {
		for peer, base := range cost {
			cpu := base * float64(1+round)
			c := cell{Round: round, Case: "plain-c64", Peer: peer, Answers: 1000, Seconds: 2.5, Rate: 1e6 / cpu, User: cpu / 4, System: cpu * 3 / 4, Busy: 0.99, LoadBusy: 0.5, P50: 1000 + cpu, P99: 12_345, Flight: 64}
			r.Cells = append(r.Cells, c)
			c.Case, c.P50, c.Rate = "plain-6000", 100+base, 6000
			r.Cells = append(r.Cells, c)
		}
		r.Cells = append(r.Cells, cell{Round: round, Case: "plain-6000", Peer: direct, Rate: 6000, P50: 30, P99: 2_345, Flight: 64},
			cell{Round: round, Case: "express", Peer: sendgate, Rate: 1, User: 18 * float64(1+round), Flight: 64},
			cell{Round: round, Case: "slow-2000", Peer: sendgate, Rate: 1, User: 30, Flight: 2000, Held: memory{Anon: 100<<20 + 2000*50<<10}, Idle: memory{Anon: 100 << 20}})
	}
	r.Cells = append(r.Cells, cell{Round: 4, Case: "plain-c64", Peer: sendgate, User: 1, Void: "3 × opted out, and forwarded"})
	return r
}

func TestRender(t *testing.T) {
	var out bytes.Buffer
	if err := render(&out, example()); err != nil {
		t.Fatal(err)
	}
	golden(t, "example.md", out.String())
	for what, want := range map[string]string{
		"a ratio that no round's speed changes":  "| sendgate: checks and logs, deadlines on | 37.5 (15.0–60.0) | **0.75** (0.75–0.75; 0.75–0.75) | **0.38** (0.38–0.38; 0.38–0.38) |",
		"what is added to a latency":             "85 µs | 10.0 ms |",
		"a void cell in no figure, and named":    "- round 5, `plain-c64`, sendgate: 3 × opted out, and forwarded",
		"memory for each request in flight":      "| 50 KB |",
		"what a policy costs":                    "express consent needed | **1.20** (1.20–1.20; 1.20–1.20) |",
		"a peer that is not here":                "- Left out: nginx-redis: redis-server is not installed.",
		"start and memory of a peer that stayed": "| sendgate: checks and logs, deadlines on | plain | 0.21 s | 150 / 160 MB | 155 / 200 MB |",
		"how much the machine was disturbed":     "the hypervisor took 0.3 s",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: no %q in\n%s", what, want, out.String())
		}
	}
}

func TestCompare(t *testing.T) {
	slower := func(by float64) result {
		r := example()
		for i := range r.Cells {
			if r.Cells[i].Peer == sendgate && r.Cells[i].Case == "plain-c64" {
				r.Cells[i].User *= by
				r.Cells[i].System *= by
			}
		}
		return r
	}
	empty := example()
	empty.Cells = nil
	other := example()
	other.Listed, other.Versions = 1000, map[string]string{nginx: "nginx/1.30.0", sendgate: "0123abcd, go1.26.0"}
	quick := example()
	quick.Quick, quick.Flags = true, map[string]string{"seconds": "1"}
	short := example()
	short.Cells = slices.DeleteFunc(short.Cells, func(c cell) bool { return c.Round > 0 })
	for name, c := range map[string]struct {
		b     result
		says  string
		fails string
	}{
		"the same figures agree":                            {example(), "7 of 7 ratios agree", ""},
		"a gate that grew dearer in one case does not":      {slower(1.3), "NO, B is 1.30 of A", "3 of 7 ratios do not agree"},
		"one round shows no spread":                         {short, "unknown, 1 rounds show no spread", "nobody can say"},
		"results that have nothing in common are no proof":  {empty, "0 of 0", "no ratio in common"},
		"a quick run is told from one that is to be quoted": {quick, "not the same run: quick: false, and true\nnot the same run: seconds a cell: 2.5, and 1\n", ""},
		"what makes two runs hard to compare is told first": {other, "not the same run: list: 10000000, and 1000\nnot the same run: nginx: nginx/1.22.1, and nginx/1.30.0\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := compare(&out, example(), c.b)
			if !strings.Contains(out.String(), c.says) {
				t.Errorf("no %q in\n%s", c.says, out.String())
			}
			if (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got %v, want %q", err, c.fails)
			}
		})
	}
}

func TestReadResult(t *testing.T) {
	var text bytes.Buffer
	if err := example().write(&text); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"what was written is read":    {text.String(), ""},
		"another version is refused":  {strings.Replace(text.String(), `"version": 1,`, `"version": 99,`, 1), "no result of version 1"},
		"half of a file is refused":   {text.String()[:text.Len()/2], "unexpected end"},
		"a file of others is refused": {"{}", "no result of version 1"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "r.json")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := readResult(file)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			var again bytes.Buffer
			if err != nil || r.write(&again) != nil || again.String() != text.String() {
				t.Errorf("got %v:\n%s", err, again.String())
			}
		})
	}
}
