package store_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

func TestLogOnFullDisk(t *testing.T) {
	registry := prometheus.NewRegistry()
	var free atomic.Int64
	free.Store(1 << 40)
	cfg := store.Config{Dir: t.TempDir(), Metrics: registry, Now: newClock(noon).now}
	s, err := store.Free(cfg, free.Load)
	must(t, err)
	free.Store(1 << 20)
	entry := decision(1)
	entry.Text = strings.Repeat("x", 8<<10)
	for range 3000 { // 24 MB
		s.Decisions().Add(entry)
	}
	forwards := metric(t, registry, "sendgate_log_dropped_total", "forward")
	entry.Action, entry.Reason = filter.Block, filter.HasOptedOut
	for range 1000 {
		s.Decisions().Add(entry)
	}
	if forwards == 0 || metric(t, registry, "sendgate_log_dropped_total", "block") != 0 {
		t.Errorf("%v forwards were dropped, and %v blocks: forwards go first",
			forwards, metric(t, registry, "sendgate_log_dropped_total", "block"))
	}
	for range 4000 {
		s.Decisions().Add(entry)
	}
	if metric(t, registry, "sendgate_log_dropped_total", "block") == 0 {
		t.Error("the log holds any number of blocks in memory")
	}
	store.FlushLog(s)
	if pending := metric(t, registry, "sendgate_log_pending_bytes", ""); pending > 40<<20 {
		t.Errorf("the log holds %v bytes in memory", pending)
	}

	free.Store(1 << 40)
	taken := len(ids(t, s, store.Query{}))
	closeStore(t, s)
	s = open(t, store.Config{Dir: cfg.Dir})
	if got := len(ids(t, s, store.Query{})); got != taken || got < 4000 {
		t.Errorf("%d entries were taken and %d are on disk", taken, got)
	}
}
