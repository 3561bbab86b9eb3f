package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// errandFiles is how many files the journal of errands has.
func errandFiles(t testing.TB, dir string) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "errands"))
	must(t, err)
	return len(files)
}

// A disk that fails for long is tried again and again, and takes no more files, nor descriptors, for that.
func TestErrandsOnDiskThatFailsForLong(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	var fails atomic.Bool
	store.FailSyncs(s, func(real func() error) error {
		if fails.Load() {
			return errors.New("the disk is broken")
		}
		return real()
	})
	to := person("acme", 1)
	addErrands(t, s, errand("first", to))
	fails.Store(true)
	for i := range 20 {
		if _, err := s.Errands().Add(context.Background(), errand(fmt.Sprint(i), to)); err == nil {
			t.Fatal("what is not on disk was added")
		}
	}
	if n := errandFiles(t, dir); n > 2 {
		t.Errorf("after 20 writes that failed there are %d files", n)
	}
	fails.Store(false)
	addErrands(t, s, errand("last", to))
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	equal(t, "after a restart", errandIDs(t, s, store.ErrandQuery{}), []string{"first", "last"})
}

// doneErrands has a file in which nothing is needed, and another.
func doneErrands(t testing.TB, s *store.Store, to filter.Recipient) {
	t.Helper()
	done := errand("done", to)
	done.Remember = 0
	addErrands(t, s, done)
	must(t, s.Errands().End(context.Background(), "done"))
	must(t, store.RollErrands(s))
}

// Where a file is gone, and that is not known to be on disk, it is removed again.
func TestErrandsRemovedAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	doneErrands(t, s, gonePerson)
	found := store.LoseErrandsFolder(s)
	if err := store.CleanErrands(s); err == nil {
		t.Error("a folder that cannot be synced is no error")
	}
	found()
	must(t, store.CleanErrands(s))
	if n := errandFiles(t, dir); n != 1 {
		t.Errorf("there are %d files", n)
	}
	erase(t, s, gonePerson)
}

// On a full disk what nobody needs goes all the same, and what is needed is not written again.
func TestErrandsGoFromFullDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	dir, to := t.TempDir(), person("acme", 1)
	s, err := store.Free(store.Config{Dir: dir, Now: func() time.Time { return noon }}, free.Load)
	must(t, err)
	t.Cleanup(func() { closeStore(t, s) })
	doneErrands(t, s, to)
	addErrands(t, s, errand("waits", to))
	free.Store(1 << 20)
	must(t, store.CleanErrands(s))
	if n := errandFiles(t, dir); n != 1 {
		t.Errorf("there are %d files", n)
	}
	if err := store.RewriteErrands(s); err == nil {
		t.Error("on a full disk an errand was written again")
	}
	equal(t, "what is left", errandIDs(t, s, store.ErrandQuery{}), []string{"waits"})
	free.Store(1 << 40)
}

// A change that comes before what it changed, since that was moved, is none of an errand that is lost.
func TestErrandsMovedBehindTheirChanges(t *testing.T) {
	dir, to, ctx := t.TempDir(), person("acme", 1), context.Background()
	s := open(t, store.Config{Dir: dir})
	addErrands(t, s, errand("moved", to), errand("done", to), errand("larger", to))
	must(t, store.RollErrands(s))
	for _, id := range []string{"moved", "done"} {
		must(t, s.Errands().Change(ctx, id, func(e *store.Errand) error { e.Tries++; return nil }))
	}
	must(t, s.Errands().End(ctx, "done"))
	must(t, s.Errands().End(ctx, "larger"))
	must(t, store.CleanErrands(s))
	if _, err := os.Stat(errandFile(dir, 1)); err == nil {
		t.Fatal("the first file is still there")
	}
	closeStore(t, s)
	logger, logged := observed()
	s = open(t, store.Config{Dir: dir, Logger: logger})
	if e, err := s.Errands().Get("moved"); err != nil || e.Tries != 1 {
		t.Errorf("it is %+v, %v", e, err)
	}
	if n := logged.FilterMessageSnippet("lost").Len(); n > 0 {
		t.Errorf("the log tells of %d losses", n)
	}
	closeStore(t, s)

	data, err := os.ReadFile(errandFile(dir, 2))
	must(t, err)
	must(t, os.Truncate(errandFile(dir, 2), int64(bytes.LastIndex(data, []byte("Errd"))))) // where it was moved to
	s = open(t, store.Config{Dir: dir, Logger: logger})
	equal(t, "once that is lost", errandIDs(t, s, store.ErrandQuery{}), nil)
	if n := logged.FilterMessageSnippet("an errand is lost").Len(); n != 1 {
		t.Errorf("the log tells of %d losses, and not of one", n)
	}
}

// A file that somebody made shorter loses what was in it, and nothing else.
func TestErrandsInFileMadeShorter(t *testing.T) {
	dir, to := t.TempDir(), person("acme", 1)
	logger, logged := observed()
	s := open(t, store.Config{Dir: dir, Logger: logger})
	addErrands(t, s, errand("lost", to))
	must(t, store.RollErrands(s))
	addErrands(t, s, errand("kept", to))
	must(t, os.Truncate(errandFile(dir, 1), 50))
	must(t, store.RewriteErrands(s))
	equal(t, "what is left", errandIDs(t, s, store.ErrandQuery{}), []string{"kept"})
	if logged.FilterMessageSnippet("an errand is lost").Len() == 0 {
		t.Error("the log says nothing")
	}
}
