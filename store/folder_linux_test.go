package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"golang.org/x/sys/unix"
)

// A store whose folder is removed, and made anew by another, keeps nothing that it could not keep, still
// knows what it knew, and touches nothing of the other's.
func TestRemovedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	old, err := store.Open(store.Config{Dir: dir})
	storetest.Must(t, err)
	const n = 200
	for i := range 3 * n { // into tables of two levels, or nearly so
		keep(t, old, bulky(i))
	}
	storetest.Must(t, os.RemoveAll(dir))
	s := open(t, store.Config{Dir: dir})
	for i := range n {
		keep(t, s, bulky(i))
		if err := old.Append(context.Background(), bulky(n+i)); err == nil || !strings.Contains(err.Error(), "removed or replaced") {
			t.Fatalf("an append to a folder that is not there says: %v", err)
		}
	}
	_ = store.Compact(old) // there is nowhere to write to
	if old.Healthy() == nil {
		t.Error("the store without a folder says it is well")
	}
	if r, err := old.Read(storetest.Person("acme", 1), filter.NeedOptOut); err != nil || !r.EverOptedOut() {
		t.Errorf("the store without a folder forgot an opt-out: %v", err)
	}
	if err := old.Close(); err == nil || !strings.Contains(err.Error(), "removed or replaced") {
		t.Errorf("closing the store without a folder says: %v", err)
	}
	keep(t, s, optOut(storetest.Person("acme", n), "stop"))
	closeStore(t, s)
	whole := open(t, store.Config{Dir: dir})
	sound(t, whole)
	for i := range n + 1 {
		if !barred(t, whole, storetest.Person("acme", i)) {
			t.Fatalf("opt-out %d of the other store is missing", i)
		}
	}
}

// A folder that was away, as when a disk is mounted again, is written to once it is back.
func TestFolderThatComesBack(t *testing.T) {
	dir := t.TempDir()
	logger, logged := storetest.Observed()
	s := open(t, store.Config{Dir: dir, Logger: logger})
	consent, away := filepath.Join(dir, "consent"), filepath.Join(dir, "away")
	var failed atomic.Bool
	store.FailCommits(s, func(real func() error) error {
		if failed.Swap(true) {
			return real()
		}
		return errors.Join(errors.New("the disk is away"), os.Rename(consent, away))
	})
	no := optOut(storetest.Person("acme", 1), "stop")
	if s.Append(context.Background(), no) == nil {
		t.Fatal("the append was acknowledged")
	}
	eventually(t, "the store cannot be opened", func() bool {
		return logged.FilterMessageSnippet("opening the database again").Len() > 0
	})
	storetest.Must(t, os.Rename(away, consent))
	eventually(t, "appends work again", func() bool { return s.Append(context.Background(), no) == nil })
	if !barred(t, s, no.To) {
		t.Error("the opt-out is lost")
	}
}

// A process that was just begun holds what the one that began it had open, and the lock of a store with it, until it runs
// a program of its own.
func TestAFolderThatIsAboutToBeFreeIsOpened(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, store.Config{Dir: dir}))
	held, err := os.Open(filepath.Join(dir, "consent"))
	storetest.Must(t, err)
	storetest.Must(t, unix.Flock(int(held.Fd()), unix.LOCK_EX|unix.LOCK_NB))
	free := time.AfterFunc(200*time.Millisecond, func() { _ = held.Close() })
	defer free.Stop()
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}
