package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestFullDisk(t *testing.T) {
	var free atomic.Int64
	cfg := store.Config{Dir: t.TempDir(), Now: storetest.NewClock(noon).Now}
	if _, err := store.Free(cfg, free.Load); err == nil {
		t.Fatal("a store opened on a full disk")
	}
	free.Store(1 << 40)
	s, err := store.Free(cfg, free.Load)
	storetest.Must(t, err)
	keep(t, s, optOut(storetest.Person("acme", 1), "stop"))

	free.Store(1 << 20)
	err = s.Append(context.Background(), optOut(storetest.Person("acme", 2), "stop"))
	if err == nil || !strings.Contains(err.Error(), "is full: 1 MB left") || !strings.Contains(err.Error(), cfg.Dir) {
		t.Fatalf("an append to a full disk returns %v", err)
	}
	if s.Healthy() == nil {
		t.Error("the store calls itself healthy on a full disk")
	}
	if len(history(t, s, storetest.Person("acme", 2))) > 0 {
		t.Error("the refused event is in the history")
	}
	if !barred(t, s, storetest.Person("acme", 1)) {
		t.Error("on a full disk what is known must still be read")
	}

	free.Store(1 << 40)
	keep(t, s, optOut(storetest.Person("acme", 2), "stop"))
	if err := s.Healthy(); err != nil {
		t.Errorf("with room again the store says %v", err)
	}
	closeStore(t, s)
	s = open(t, store.Config{Dir: cfg.Dir})
	if !barred(t, s, storetest.Person("acme", 2)) {
		t.Error("the repeated opt-out is missing")
	}
}

func TestOpenOnFullDisk(t *testing.T) {
	_, err := store.Free(store.Config{Dir: t.TempDir()}, func() int64 { return 5 << 20 })
	if err == nil || !strings.Contains(err.Error(), "is full: 5 MB left") {
		t.Errorf("opening on a full disk returns %v", err)
	}
}

// A commit that fails is never acknowledged, whatever it left behind: nothing, or everything.
func TestFailedCommit(t *testing.T) {
	for name, reached := range map[string]bool{"before it reached the disk": false, "after it reached the memory": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Config{Dir: dir})
			keep(t, s, optOut(storetest.Person("acme", 1), "stop"))
			var broken atomic.Bool
			broken.Store(true)
			store.FailCommits(s, func(real func() error) error {
				if !broken.Load() {
					return real()
				}
				if reached {
					_ = real()
				}
				return errors.New("input/output error")
			})
			stop := optOut(storetest.Person("acme", 2), "stop")
			err := s.Append(context.Background(), stop)
			if err == nil || !strings.Contains(err.Error(), "input/output error") {
				t.Fatalf("the append returns %v", err)
			}
			if err := s.Healthy(); err == nil || !strings.Contains(err.Error(), "input/output error") {
				t.Errorf("the store says it is well: %v", err)
			}
			broken.Store(false)
			eventually(t, "appends work again", func() bool { return s.Append(context.Background(), stop) == nil })
			eventually(t, "the store is well", func() bool { return s.Healthy() == nil })
			for n := 1; n <= 2; n++ {
				if !barred(t, s, storetest.Person("acme", n)) {
					t.Errorf("the opt-out of recipient %d is missing", n)
				}
			}
			closeStore(t, s)
			s = open(t, store.Config{Dir: dir})
			if n := len(history(t, s, stop.To)); n != 1 || !barred(t, s, stop.To) {
				t.Errorf("after opening again there are %d events, want one", n)
			}
		})
	}
}

// A store that nobody writes to finds out by itself that writes work again.
func TestHealthyTriesAgain(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	var broken atomic.Bool
	broken.Store(true)
	store.FailCommits(s, func(real func() error) error {
		if broken.Load() {
			return errors.New("input/output error")
		}
		return real()
	})
	if s.Append(context.Background(), optOut(storetest.Person("acme", 1), "stop")) == nil {
		t.Fatal("the append was acknowledged")
	}
	broken.Store(false)
	eventually(t, "the store is well again", func() bool { return s.Healthy() == nil })
	if barred(t, s, storetest.Person("acme", 1)) {
		t.Error("an opt-out that was not acknowledged and not kept is claimed")
	}
}

func TestDamagedRecordIsAnError(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ana, bob := storetest.Person("acme", 1), storetest.Person("acme", 2)
	keep(t, s, optOut(ana, "stop"), optOut(bob, "stop"))
	good := store.RecordValue(s, ana, read(t, s, ana, filter.NeedRecord))
	for at := range good {
		bad := append([]byte(nil), good...)
		bad[at] ^= 0x10
		storetest.Must(t, store.Overwrite(s, ana, bad))
		if r, err := s.Read(ana, filter.NeedOptOut); err == nil {
			t.Fatalf("byte %d flipped: read as %+v", at, r)
		}
	}
	storetest.Must(t, store.Overwrite(s, ana, good[:len(good)-1]))
	if _, err := s.Read(ana, filter.NeedRecord); err == nil {
		t.Error("a record that was cut short was read")
	}
	storetest.Must(t, store.Overwrite(s, bob, good))
	if _, err := s.Read(bob, filter.NeedRecord); err == nil {
		t.Error("another's record was read")
	}
	if s.Append(context.Background(), optIn(bob, "start")) == nil {
		t.Error("an event was folded into another's record")
	}
}

// Should a crash of the disk have left an event without its record, repeating the event makes
// them agree before it is acknowledged.
func TestRepeatedEventMendsItsRecord(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ana := storetest.Person("acme", 1)
	keep(t, s, optIn(ana, "start"))
	before := store.RecordValue(s, ana, read(t, s, ana, filter.NeedRecord))
	keep(t, s, optOut(ana, "stop"))
	storetest.Must(t, store.Overwrite(s, ana, before))
	if barred(t, s, ana) {
		t.Fatal("the record was not set back")
	}
	keep(t, s, optOut(ana, "stop"))
	if !barred(t, s, ana) || len(history(t, s, ana)) != 2 {
		t.Error("the repeated opt-out was acknowledged, but the record does not know it")
	}
}

// A file that was made, and not written to before the process was killed, does not stop the store
// from opening.
func TestUnbornFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	keep(t, s, optOut(storetest.Person("acme", 1), "stop"))
	closeStore(t, s)
	for _, name := range []string{"00007.mem", "00009.mem", "000007.vlog"} {
		storetest.Must(t, os.WriteFile(filepath.Join(dir, "consent", name), nil, 0o600))
	}
	s = open(t, store.Config{Dir: dir})
	if !barred(t, s, storetest.Person("acme", 1)) {
		t.Error("the opt-out is gone")
	}
}
