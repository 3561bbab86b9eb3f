package store_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestBackupThatIsNotMade(t *testing.T) {
	memory := open(t, store.Config{Memory: true})
	if _, err := memory.Backup(context.Background(), io.Discard, store.BackupOptions{}); err == nil || !strings.Contains(err.Error(), "in memory") {
		t.Errorf("of a store in memory: %v", err)
	}
	s, _ := lived(t)
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	_, err := s.Backup(ctx, io.Discard, store.BackupOptions{Pause: func() {
		if steps++; steps == 3000 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("one whose caller went away: %v after %d steps", err, steps)
	}
	if _, err := s.Backup(context.Background(), brokenWriter{}, store.BackupOptions{}); !errors.Is(err, errBroken) {
		t.Errorf("one that cannot be written: %v", err)
	}
	closeStore(t, s)
	if _, err := s.Backup(context.Background(), io.Discard, store.BackupOptions{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// A backup that was cut off or changed anywhere is refused, and nothing is made of it.
func TestDamagedBackup(t *testing.T) {
	s, _ := lived(t)
	name, _ := backUp(t, s, store.BackupOptions{Decisions: true})
	whole, err := os.ReadFile(name)
	storetest.Must(t, err)
	dir := filepath.Join(t.TempDir(), "data")
	refused := func(what string, data []byte) {
		t.Helper()
		storetest.Must(t, os.WriteFile(name, data, 0o600))
		_, err := store.Restore(context.Background(), name, dir, store.RestoreOptions{})
		if err == nil {
			t.Fatalf("%s: it was restored", what)
		}
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error does not name the file: %v", what, err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Fatalf("%s: %s is left behind", what, left[0].Name())
		}
	}
	for i := range 20 {
		at := i * len(whole) / 20
		refused(fmt.Sprintf("cut off at %d of %d bytes", at, len(whole)), whole[:at])
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		if same(t, whole, changed) {
			continue // in a name or a time that stands twice
		}
		refused(fmt.Sprintf("byte %d changed", at), changed)
	}
	refused("a text", []byte("id,address\n"))
}

// same reports whether two archives unpack to the same.
func same(t testing.TB, a, b []byte) bool {
	t.Helper()
	unpack := func(data []byte) (all string) {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return err.Error()
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				return err.Error()
			}
			text, err := io.ReadAll(r)
			all += fmt.Sprintf("%s %x %v\n", f.Name, text, err)
		}
		return all
	}
	return unpack(a) == unpack(b)
}

// writerFunc is a writer that does something first.
type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) { f(); return len(p), nil }

// Where a write fails while a backup is made, the database is closed and opened again: the backup ends, and says so.
func TestBackupOfADatabaseThatIsOpenedAgain(t *testing.T) {
	s, _ := lived(t)
	broken := false
	_, err := s.Backup(context.Background(), writerFunc(func() {
		if broken {
			return
		}
		broken = true
		store.FailCommits(s, func(func() error) error { return errBroken })
		if err := s.Append(context.Background(), optOut(storetest.Person("acme", 1), "fails")); !errors.Is(err, errBroken) {
			t.Errorf("the append did not fail: %v", err)
		}
		store.FailCommits(s, func(real func() error) error { return real() })
		eventually(t, "the store is well again", func() bool { return s.Healthy() == nil })
	}), store.BackupOptions{})
	if err == nil || !strings.Contains(err.Error(), "opened again") {
		t.Errorf("the backup says %v", err)
	}
	name, _ := backUp(t, s, store.BackupOptions{})
	restored(t, name, store.RestoreOptions{})
}

func TestBackupOfAFullDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	s, err := store.Free(store.Config{Dir: t.TempDir(), Now: func() time.Time { return noon }}, free.Load)
	storetest.Must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	keep(t, s, optOut(storetest.Person("acme", 1), "out"))
	free.Store(0)
	name, self := backUp(t, s, store.BackupOptions{Decisions: true})
	if self.Recipients != 1 {
		t.Errorf("it says of itself %+v", self)
	}
	restored(t, name, store.RestoreOptions{})
}

// The file of what is in no block yet is begun anew whenever a block is full. A backup has what was in it.
func TestBackupOfADecisionLogThatGoesOn(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	keep(t, s, optOut(storetest.Person("acme", 1), "out"))
	for i := range 1000 {
		s.Decisions().Add(decision(i))
	}
	more := 1000
	name, _ := backUp(t, s, store.BackupOptions{Decisions: true, Pause: func() {
		for range 1000 { // so that a little less is in no block than before
			s.Decisions().Add(decision(more))
			more++
		}
		store.FlushLog(s)
	}})
	dir, _ := restored(t, name, store.RestoreOptions{})
	r := open(t, store.Config{Dir: dir})
	all := ids(t, r, decisions.Query{Oldest: true})
	for i, id := range all {
		if id != decision(i).ID {
			t.Fatalf("decision %d of the backup is %s, want %s", i, id, decision(i).ID)
		}
	}
	if len(all) < 1000 {
		t.Errorf("it has %d decisions, and there were 1000 before it was begun", len(all))
	}
}

// A picture that is not what it was when it was kept is in the backup as it is. Nothing else is lost with it.
func TestBackupOfAnAlteredPicture(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	sha := putBlob(t, s, picture("of a form"))
	keep(t, s, proven(storetest.Person("acme", 1), "in", sha), optOut(storetest.Person("acme", 2), "out"))
	storetest.Must(t, os.WriteFile(filepath.Join(dir, "blobs", sha), []byte("altered"), 0o600))
	name, self := backUp(t, s, store.BackupOptions{})
	into, done := restored(t, name, store.RestoreOptions{})
	if len(done.Report.Faults) != 1 || !strings.Contains(done.Report.Faults[0].Reason, sha+", which was altered") {
		t.Errorf("restoring it reports %v", done.Report.Faults)
	}
	r := open(t, store.Config{Dir: into})
	if r.Head() != self.Head || !barred(t, r, storetest.Person("acme", 2)) {
		t.Error("it is not restored as it was")
	}
}

// An erasure that failed at its beginning is finished by whoever opens the folder next, so by a restore.
func TestBackupAfterAnErasureThatFailed(t *testing.T) {
	s, _ := lived(t)
	store.FailCommits(s, func(func() error) error { return errBroken })
	if _, err := s.Erase(context.Background(), storetest.Person("acme", 1).Everywhere(), "ana", "asked"); !errors.Is(err, errBroken) {
		t.Fatalf("the erasure did not fail: %v", err)
	}
	store.FailCommits(s, func(real func() error) error { return real() })
	eventually(t, "the store is well again", func() bool { return s.Healthy() == nil })
	name, _ := backUp(t, s, store.BackupOptions{})
	dir, done := restored(t, name, store.RestoreOptions{})
	if !done.Report.OK() {
		t.Errorf("restoring it reports %v", done.Report.Faults)
	}
	r := open(t, store.Config{Dir: dir})
	if read(t, r, storetest.Person("acme", 1), filter.NeedRecord).Erased.IsZero() {
		t.Error("the erasure is not finished")
	}
}
