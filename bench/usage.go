package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Usage is what the gate's process had used by a moment of the run.
type Usage struct {
	At     time.Duration `json:"at_ns"`        // from the start of the run
	CPU    time.Duration `json:"cpu_ns"`       // user and system time since the process began; after a restart, of both
	Memory int64         `json:"memory_bytes"` // resident, files that are mapped included
}

// maxUsages is how many are kept; when there are more, every second one is dropped.
const maxUsages = 240

// A Meter asks the gate's process for its CPU time and memory, time and again. It is safe for
// concurrent use.
type Meter struct {
	read  func(context.Context) (Usage, error)
	every time.Duration

	mu    sync.Mutex
	start time.Time
	all   []Usage
	ended time.Duration // CPU of processes that ended: the gate was restarted
	peak  int64         // most memory of all usages, also of those that are dropped
}

// NewMeter reads /metrics of the gate's console, whose base URL is given, once a second: that costs
// the gate a few milliseconds. It asks nothing yet.
func NewMeter(console string) *Meter {
	url := strings.TrimSuffix(console, "/") + "/metrics"
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Meter{every: time.Second, read: func(ctx context.Context) (Usage, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return Usage{}, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return Usage{}, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return Usage{}, fmt.Errorf("%s answers %s", url, resp.Status)
		}
		return readUsage(resp.Body)
	}}
}

// readUsage finds the two figures in Prometheus's text format,
// https://prometheus.io/docs/instrumenting/exposition_formats/.
func readUsage(text io.Reader) (u Usage, err error) {
	found := 0
	for lines := bufio.NewScanner(text); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		cpu := name == "process_cpu_seconds_total"
		if !cpu && name != "process_resident_memory_bytes" {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return Usage{}, fmt.Errorf("reading %s: %w", name, err)
		}
		if found++; cpu {
			u.CPU = time.Duration(v * float64(time.Second))
		} else {
			u.Memory = int64(v)
		}
	}
	if found != 2 {
		return Usage{}, errors.New("the metrics do not tell process_cpu_seconds_total and process_resident_memory_bytes")
	}
	return u, nil
}

// Start asks at once, and fails where it gets no answer; then it asks until the returned function is
// called, which asks a last time.
func (m *Meter) Start(ctx context.Context) (stop func(), err error) {
	m.start = time.Now()
	if err := m.ask(ctx); err != nil {
		return nil, fmt.Errorf("reading what the gate uses: %w", err)
	}
	loop, cancel := context.WithCancel(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for every := m.every; ; {
			select {
			case <-loop.Done():
				return
			case <-time.After(every):
				_ = m.ask(loop) // a moment without an answer has no usage
			}
			if m.thin() {
				every *= 2
			}
		}
	}()
	return func() {
		cancel()
		<-gone
		_ = m.ask(context.WithoutCancel(ctx)) // likewise
	}, nil
}

// ask asks once.
func (m *Meter) ask(ctx context.Context) error {
	u, err := m.read(ctx)
	if err != nil {
		return err
	}
	u.At = time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.all); n > 0 && m.ended+u.CPU < m.all[n-1].CPU {
		m.ended = m.all[n-1].CPU
	}
	u.CPU += m.ended
	m.peak = max(m.peak, u.Memory)
	m.all = append(m.all, u)
	return nil
}

// thin drops every second usage when there are too many.
func (m *Meter) thin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.all) < maxUsages {
		return false
	}
	half := m.all[:0]
	for i := 0; i < len(m.all); i += 2 {
		half = append(half, m.all[i])
	}
	m.all = half
	return true
}

// A GateUse is what the gate's process used in a run.
type GateUse struct {
	CPU     time.Duration `json:"cpu_ns"`          // user and system time
	PerSend float64       `json:"cpu_us_per_send"` // CPU in microseconds, by the sends that were answered
	Cores   float64       `json:"cores"`           // CPU by the time that passed
	Peak    int64         `json:"peak_memory_bytes"`
	Usage   []Usage       `json:"usage"` // over time; CPU counts from the start of the process
}

// String is g in a sentence.
func (g GateUse) String() string {
	return fmt.Sprintf("The gate used %s of CPU, which is %s a send and %.2f cores, and at most %.0f MB of memory.",
		g.CPU.Round(time.Millisecond), micros(int64(g.PerSend)), g.Cores, float64(g.Peak)/1e6)
}

// use adds up what was used while so many sends were answered; nil where nothing is known.
func (m *Meter) use(answered int64) *GateUse {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.all) < 2 {
		return nil
	}
	first, last := m.all[0], m.all[len(m.all)-1]
	g := &GateUse{CPU: last.CPU - first.CPU, Peak: m.peak, Usage: append([]Usage(nil), m.all...)}
	g.PerSend = float64(g.CPU.Microseconds()) / float64(max(answered, 1))
	g.Cores = g.CPU.Seconds() / max((last.At-first.At).Seconds(), 1e-3)
	return g
}
