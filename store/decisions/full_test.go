package decisions_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

func TestFullDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	cfg := decisions.Config{Dir: t.TempDir(), Room: func(bytes int64) error {
		if bytes > free.Load() {
			return errors.New("the disk is full")
		}
		return nil
	}}
	l := open(t, cfg)
	free.Store(1 << 20)
	entry := decision(1)
	entry.Text = strings.Repeat("x", 8<<10)
	for range 3000 { // 24 MB
		l.Add(entry)
	}
	forwards := metric(t, l, "sendgate_log_dropped_total", "forward")
	entry.Action, entry.Reason = filter.Block, filter.HasOptedOut
	for range 1000 {
		l.Add(entry)
	}
	if forwards == 0 || metric(t, l, "sendgate_log_dropped_total", "block") != 0 {
		t.Errorf("%v forwards were dropped, and %v blocks: forwards go first",
			forwards, metric(t, l, "sendgate_log_dropped_total", "block"))
	}
	for range 4000 {
		l.Add(entry)
	}
	if metric(t, l, "sendgate_log_dropped_total", "block") == 0 {
		t.Error("the log holds any number of blocks in memory")
	}
	decisions.Flush(l)
	if pending := metric(t, l, "sendgate_log_pending_bytes", ""); pending > 40<<20 {
		t.Errorf("the log holds %v bytes in memory", pending)
	}

	free.Store(1 << 40)
	taken := len(ids(t, l, decisions.Query{}))
	closeLog(t, l)
	l = open(t, decisions.Config{Dir: cfg.Dir})
	if got := len(ids(t, l, decisions.Query{})); got != taken || got < 4000 {
		t.Errorf("%d entries were taken and %d are on disk", taken, got)
	}
}
