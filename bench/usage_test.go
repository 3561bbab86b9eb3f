package bench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const metricsText = `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.34
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 5.0331648e+07
process_virtual_memory_bytes 1.9e+09
`

func TestMeter(t *testing.T) {
	t.Run("it finds the two figures among the metrics of a gate", func(t *testing.T) {
		text, status := metricsText, http.StatusOK
		gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/metrics" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text) // the client may leave
		}))
		defer gate.Close()
		m := NewMeter(gate.URL + "/")
		u, err := m.read(t.Context())
		if err != nil || u.CPU != 12340*time.Millisecond || u.Memory != 48<<20 {
			t.Errorf("read %+v, %v", u, err)
		}
		if _, err := m.Start(t.Context()); err != nil {
			t.Error(err)
		}
		text = strings.ReplaceAll(metricsText, "process_cpu", "other")
		if _, err := NewMeter(gate.URL).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "process_cpu_seconds_total") {
			t.Errorf("metrics without them: %v", err)
		}
		text, status = metricsText, http.StatusForbidden
		if _, err := NewMeter(gate.URL).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("a gate that refuses: %v", err)
		}
	})

	t.Run("a long run has few usages, and all of its CPU", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			m := &Meter{every: time.Second, read: func(context.Context) (Usage, error) {
				past := time.Since(start)
				if past > time.Hour && past < time.Hour+10*time.Minute {
					return Usage{}, errors.New("restarting")
				}
				memory := int64(10e6)
				if past > 2*time.Hour {
					memory = 30e6
				}
				return Usage{CPU: time.Minute + past/4, Memory: memory}, nil
			}}
			stop, err := m.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Hour)
			stop()
			g := m.use(1_000_000)
			if g.CPU != 45*time.Minute || g.PerSend != 2700 || g.Cores != 0.25 || g.Peak != 30e6 {
				t.Errorf("%+v", g)
			}
			if n := len(g.Usage); n > maxUsages || n < maxUsages/4 {
				t.Errorf("%d usages, want at most %d, and no fewer than a quarter of that", n, maxUsages)
			}
		})
	})
	t.Run("a gate that was restarted has used what both processes did, and the most memory of any moment counts", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			m := &Meter{every: time.Second, read: func(context.Context) (Usage, error) {
				past := time.Since(start)
				u := Usage{CPU: time.Minute + past/4, Memory: 10e6}
				if past > 20*time.Minute {
					u.CPU = (past - 20*time.Minute) / 2
				}
				if past == 61*time.Second { // a usage that is dropped later
					u.Memory = 50e6
				}
				return u, nil
			}}
			stop, err := m.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Minute)
			stop()
			g := m.use(1000)
			if most := 15 * time.Minute; g.CPU > most || g.CPU < most-10*time.Second || g.Peak != 50e6 {
				t.Errorf("CPU %s, at most %d bytes", g.CPU, g.Peak)
			}
			for i := range g.Usage[1:] {
				if g.Usage[i+1].CPU < g.Usage[i].CPU {
					t.Fatalf("the CPU time falls: %+v", g.Usage[i:i+2])
				}
			}
		})
	})
	t.Run("a run that is over at once tells nothing", func(t *testing.T) {
		if g := new(Meter).use(1); g != nil {
			t.Errorf("%+v", g)
		}
	})
}
