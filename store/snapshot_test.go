package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// reopened opens the store in dir and says whether the snapshot of the index was used.
func reopened(t *testing.T, dir string, index int64) (s *store.Store, used bool) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	s = open(t, store.Config{Dir: dir, Index: index, Logger: zap.New(core)})
	storetest.Must(t, store.CompareIndex(s))
	return s, logs.FilterMessage("the index was read").Len() > 0
}

// snapshotted is a folder of a store that was closed, with random histories.
func snapshotted(t *testing.T, index int64) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir, Index: index})
	random := rand.New(rand.NewPCG(3, 3))
	var events []filter.Event
	for range 6000 {
		events = append(events, anyEvent(random, 3000))
	}
	keep(t, s, events...)
	closeStore(t, s)
	return dir
}

func TestSnapshot(t *testing.T) {
	for name, c := range map[string]struct {
		index int64 // when it is written
		later int64 // when it is read
		spoil func(t *testing.T, dir string)
		used  bool
	}{
		"as it was written":                        {0, 0, func(*testing.T, string) {}, true},
		"of the Bloom filter alone":                {1, 1, func(*testing.T, string) {}, true},
		"without an index, when there is room now": {1, 0, func(*testing.T, string) {}, false},
		"with an index, when there is none now":    {0, 1, func(*testing.T, string) {}, true},
		"missing":                                  {0, 0, func(t *testing.T, dir string) { storetest.Must(t, os.Remove(filepath.Join(dir, "index"))) }, false},
		"empty": {0, 0, func(t *testing.T, dir string) {
			storetest.Must(t, os.WriteFile(filepath.Join(dir, "index"), nil, 0o600))
		}, false},
		"of another store": {0, 0, func(t *testing.T, dir string) {
			storetest.Must(t, os.Rename(filepath.Join(snapshotted(t, 0), "index"), filepath.Join(dir, "index")))
		}, false},
		"older than what was appended since": {0, 0, func(t *testing.T, dir string) {
			old, err := os.ReadFile(filepath.Join(dir, "index"))
			storetest.Must(t, err)
			s := open(t, store.Config{Dir: dir})
			random := rand.New(rand.NewPCG(4, 4))
			for range 300 {
				keep(t, s, anyEvent(random, 4000))
			}
			erase(t, s, storetest.Person("acme", 7))
			closeStore(t, s)
			storetest.Must(t, os.WriteFile(filepath.Join(dir, "index"), old, 0o600))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := snapshotted(t, c.index)
			c.spoil(t, dir)
			s, used := reopened(t, dir, c.later)
			if used != c.used {
				t.Errorf("it was used: %v, want %v", used, c.used)
			}
			sound(t, s)
		})
	}
}

// However a snapshot is damaged, it is not used, and the store opens with all it knows.
func TestDamagedSnapshot(t *testing.T) {
	dir := snapshotted(t, 0)
	path := filepath.Join(dir, "index")
	whole, err := os.ReadFile(path)
	storetest.Must(t, err)
	for i := range 13 {
		at := i * (len(whole) - 1) / 12
		for what, spoilt := range map[string][]byte{
			"flipped": append(append(append([]byte(nil), whole[:at]...), whole[at]^4), whole[at+1:]...),
			"cut off": whole[:at],
		} {
			storetest.Must(t, os.WriteFile(path, spoilt, 0o600))
			s, used := reopened(t, dir, 0)
			if used {
				t.Errorf("byte %d of %d %s: it was used", at, len(whole), what)
			}
			storetest.Must(t, s.Close())
		}
	}
}

// Somebody who is forgotten is in no file any more, and no snapshot from before brings them back.
func TestSnapshotForgets(t *testing.T) {
	dir := t.TempDir()
	now := storetest.NewClock(noon)
	cfg := store.Config{Dir: dir, Now: now.Now, KeepErased: 1}
	s := open(t, cfg)
	for i := range 20 {
		keep(t, s, optIn(storetest.Person("acme", i), fmt.Sprint(i)))
	}
	erase(t, s, storetest.Person("acme", 3))
	closeStore(t, s)
	path := filepath.Join(dir, "index")
	old, err := os.ReadFile(path)
	storetest.Must(t, err)
	now.Set(noon.AddDate(0, 0, 1))
	s = open(t, cfg)
	storetest.Must(t, store.Sweep(s))
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the snapshot that has them is still there: %v", err)
	}
	closeStore(t, s)
	storetest.Must(t, os.WriteFile(path, old, 0o600))
	s, used := reopened(t, dir, 0)
	if r := read(t, s, storetest.Person("acme", 3), filter.NeedRecord); used || r.EverOptedOut() {
		t.Error("a snapshot from before brought somebody back who was forgotten")
	}
}
