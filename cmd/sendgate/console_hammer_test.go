package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// BenchmarkSendsBesideConsole measures how long sends take, from the moment each was due, while nobody looks at the
// console, and while it is hammered: pages and filters over a long log asked for without a pause, and exports read by
// clients that hardly take them. All share the processors of one machine, of which those who hammer take their share
// wherever the console is; so it measures as well how long sends take while the console of another gate, a neighbour on
// the same machine, is hammered. Each gate, who sends, and who hammers are processes of their own. Windows of the three
// kinds follow each other by turns in one run, so that what the machine does besides falls on all alike:
//
//	go test ./cmd/sendgate -run '^$' -bench SendsBesideConsole -benchtime 8x
//
// An operation is one window of each kind, with a thousand sends in each.
func BenchmarkSendsBesideConsole(b *testing.B) {
	g, neighbour := newBusyGate(b), newBusyGate(b)
	kinds := []struct {
		name     string
		visitors *visitors
		took     []time.Duration
	}{{name: "quiet"}, {name: "neighbour", visitors: neighbour.visitors(b)}, {name: "hammered", visitors: g.visitors(b)}}
	g.window(b) // connections, pools
	for b.Loop() {
		for i := range kinds {
			k := &kinds[i]
			if k.visitors != nil {
				k.visitors.say(b, "come")
				g.window(b) // they are there for a while
			}
			k.took = append(k.took, g.window(b)...)
			if k.visitors != nil {
				k.visitors.say(b, "leave")
			}
		}
	}
	for _, k := range kinds {
		slices.Sort(k.took)
		for _, p := range []int{50, 99} {
			b.ReportMetric(float64(k.took[len(k.took)*p/100].Microseconds()), fmt.Sprintf("p%d-%s-µs", p, k.name))
		}
		if k.visitors != nil {
			b.ReportMetric(float64(k.visitors.end(b))/float64(b.N), "pages-"+k.name+"/op")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// A busyGate is one with a long decision log, in a process of its own, and who sends through it.
type busyGate struct {
	*childGate
	target *bench.Target
	crowd  bench.Crowd
}

func newBusyGate(b *testing.B) *busyGate {
	b.Helper()
	dir := b.TempDir()
	data := filepath.Join(dir, store.DefaultDir)
	fillLog(b, data)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM00000000000000000000000000000001","status":"queued"}`)
	}))
	b.Cleanup(upstream.Close)
	g, err := startGate(dir, map[string]any{
		"store":   map[string]any{"dir": data},
		"console": map[string]any{"listen": "127.0.0.1:0"},
		"proxy": map[string]any{"listen": "127.0.0.1:0", "routes": map[string]any{
			"twilio": map[string]any{"upstream": upstream.URL, "category": "utility", "policy": map[string]any{"require": map[string]any{"utility": "none"}}}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := g.stop(); err != nil {
			b.Error(err)
		}
	})
	dialect, err := bench.NewDialect("twilio")
	if err != nil {
		b.Fatal(err)
	}
	target, err := bench.NewTarget(bench.TargetConfig{URL: g.Sends + "/twilio", Dialect: dialect})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(target.Close)
	crowd := bench.Crowd{Size: 1_000_000, Seed: 1, Cases: dialect.Cases()}
	if err := crowd.Check(); err != nil {
		b.Fatal(err)
	}
	return &busyGate{g, target, crowd}
}

// fillLog makes a store whose log has half a day of ten decisions a second.
func fillLog(b *testing.B, dir string) {
	b.Helper()
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	const entries = 300_000
	now := time.Now()
	for i := range entries {
		at := now.Add(time.Duration(i-entries) * 100 * time.Millisecond)
		s.Decisions().Add(decisions.Entry{ID: ulid.New(at), Time: at, To: filter.Recipient{Brand: "shop", Channel: filter.SMS,
			Address: fmt.Sprintf("+1212555%04d", i%10_000)}, Route: "twilio", Provider: "twilio", Mode: "enforce", Campaign: fmt.Sprint("campaign-", i%50),
			Action: filter.Action(i % 3), Enforced: true, Reason: filter.Reason(i % filter.Reasons), Text: "Sale: 20 % off until Sunday"})
		if i%10_000 == 0 {
			time.Sleep(20 * time.Millisecond) // the log takes what its writer keeps up with
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// window sends a thousand messages, one every two milliseconds whether or not those before are answered, and tells how
// long after it was due each was.
func (g *busyGate) window(b *testing.B) (took []time.Duration) {
	b.Helper()
	pacer := bench.NewSchedule([]bench.Phase{{From: 500, To: 500}})
	attack := bench.Attack{Recipients: g.crowd.Walk(true), Sender: g.target, Pacer: pacer, Count: 1000}
	for r, err := range attack.Results(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		if r.Answer.Fault != "" || r.Answer.Status != http.StatusCreated {
			b.Fatalf("a send: %+v", r.Answer)
		}
		took = append(took, r.Latency())
	}
	return took
}

// visitors are those who hammer a console, in a process of their own.
type visitors struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func (g *busyGate) visitors(b *testing.B) *visitors {
	b.Helper()
	link, err := console.NewClient(g.Admin, g.token).LoginLink(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	v := &visitors{cmd: exec.Command("visitors", g.Admin, link.URL)}
	v.cmd.Stderr = os.Stderr
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	v.out = bufio.NewScanner(out)
	if err := v.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return v
}

// say waits until what was said is done.
func (v *visitors) say(b *testing.B, what string) string {
	b.Helper()
	if _, err := io.WriteString(v.in, what+"\n"); err != nil {
		b.Fatal(err)
	}
	if !v.out.Scan() {
		b.Fatalf("the visitors are gone: %v", v.out.Err())
	}
	return v.out.Text()
}

// end tells how many pages they got.
func (v *visitors) end(b *testing.B) (pages int) {
	b.Helper()
	if _, err := fmt.Sscan(v.say(b, "how many"), &pages); err != nil {
		b.Fatal(err)
	}
	v.in.Close()
	if err := v.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return pages
}
