package errands_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap"
)

// noon is the moment at which most tests happen.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

var (
	errClosed   = errors.New("the journal is closed")
	errDiskFull = errors.New("the disk is full")
)

// open opens a journal that the test closes, if the test did not.
func open(t testing.TB, on errands.Host) *errands.Journal {
	t.Helper()
	return openWith(t, errands.Config{}, on)
}

func openWith(t testing.TB, cfg errands.Config, on errands.Host) *errands.Journal {
	t.Helper()
	j, err := errands.Open(cfg, withDefaults(on))
	storetest.Must(t, err)
	t.Cleanup(j.Close)
	return j
}

// withDefaults has on say what a test did not: it is noon, and the disk has room.
func withDefaults(on errands.Host) errands.Host {
	if on.Now == nil {
		on.Now = func() time.Time { return noon }
	}
	if on.Room == nil {
		on.Room = func(int64) error { return nil }
	}
	if on.Sync == nil {
		on.Sync = (*os.File).Sync
	}
	if on.Logger == nil {
		on.Logger = zap.NewNop()
	}
	on.Hash = func(id string) [16]byte {
		sum := sha256.Sum256([]byte(id))
		return [16]byte(sum[:16])
	}
	on.Closed = errClosed
	return on
}

// roomIn is the room on a disk with so many bytes free.
func roomIn(free *atomic.Int64) func(int64) error {
	return func(want int64) error {
		if free.Load() < want {
			return errDiskFull
		}
		return nil
	}
}

// gauge is the value of a metric with one label value, or none.
func gauge(t testing.TB, r *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := r.Gather()
	storetest.Must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if labels := m.GetLabel(); f.GetName() == name && (label == "" || len(labels) > 0 && labels[0].GetValue() == label) {
				return m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}

// errand is an errand about a person, in their lane.
func errand(id string, to filter.Recipient) errands.Errand {
	return errands.Errand{ID: id, Kind: errands.Relay, Route: "twilio", People: []filter.Recipient{to}, Lanes: []string{to.Address},
		Body: []byte("From=" + to.Address), Remember: time.Hour}
}

func add(t testing.TB, j *errands.Journal, all ...errands.Errand) []bool {
	t.Helper()
	added, err := j.Add(context.Background(), all...)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// ids lists the errands that q chooses.
func ids(t testing.TB, j *errands.Journal, q errands.Query) (all []string) {
	t.Helper()
	for e, err := range j.All(q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.ID)
	}
	return all
}

// due is the IDs of what is due at a moment.
func due(t testing.TB, j *errands.Journal, now time.Time, most int, kinds ...errands.Kind) (all []string, next time.Time) {
	t.Helper()
	some, next, err := j.Due(now, kinds, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range some {
		all = append(all, e.ID)
	}
	return all, next
}

// files is how many files a journal has.
func files(t testing.TB, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	storetest.Must(t, err)
	return len(entries)
}

// file is the path of the n-th file of a journal.
func file(dir string, n int) string {
	return filepath.Join(dir, fmt.Sprintf("%08d.errands", n))
}
