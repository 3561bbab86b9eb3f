package errands_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// A disk that fails for long is tried again and again, and takes no more files, nor descriptors, for that.
func TestDiskThatFailsForLong(t *testing.T) {
	dir := t.TempDir()
	var fails atomic.Bool
	j := open(t, errands.Host{Dir: dir, Sync: func(f *os.File) error {
		if fails.Load() {
			return errors.New("the disk is broken")
		}
		return f.Sync()
	}})
	to := storetest.Person("acme", 1)
	add(t, j, errand("first", to))
	fails.Store(true)
	for i := range 20 {
		if _, err := j.Add(context.Background(), errand(fmt.Sprint(i), to)); err == nil {
			t.Fatal("what is not on disk was added")
		}
	}
	if n := files(t, dir); n > 2 {
		t.Errorf("after 20 writes that failed there are %d files", n)
	}
	fails.Store(false)
	add(t, j, errand("last", to))
	j.Close()
	j = open(t, errands.Host{Dir: dir})
	storetest.Equal(t, "after a restart", ids(t, j, errands.Query{}), []string{"first", "last"})
}

// doneErrands has a file in which nothing is needed, and another.
func doneErrands(t testing.TB, j *errands.Journal, to filter.Recipient) {
	t.Helper()
	done := errand("done", to)
	done.Remember = 0
	add(t, j, done)
	storetest.Must(t, j.End(context.Background(), "done"))
	storetest.Must(t, errands.Roll(j))
}

// Where a file is gone, and that is not known to be on disk, it is removed again.
func TestRemovedAgain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, errands.Host{Dir: dir})
	doneErrands(t, j, gonePerson)
	found := errands.LoseFolder(j)
	if err := errands.Clean(j); err == nil {
		t.Error("a folder that cannot be synced is no error")
	}
	found()
	storetest.Must(t, errands.Clean(j))
	if n := files(t, dir); n != 1 {
		t.Errorf("there are %d files", n)
	}
	erase(t, j, gonePerson)
}

// On a full disk what nobody needs goes all the same, and what is needed is not written again.
func TestCleanedOnFullDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	dir, to := t.TempDir(), storetest.Person("acme", 1)
	j := open(t, errands.Host{Dir: dir, Room: roomIn(&free)})
	doneErrands(t, j, to)
	add(t, j, errand("waits", to))
	free.Store(1 << 20)
	storetest.Must(t, errands.Clean(j))
	if n := files(t, dir); n != 1 {
		t.Errorf("there are %d files", n)
	}
	if err := errands.Rewrite(j); err == nil {
		t.Error("on a full disk an errand was written again")
	}
	storetest.Equal(t, "what is left", ids(t, j, errands.Query{}), []string{"waits"})
}

// A change that comes before what it changed, since that was moved, is none of an errand that is lost.
func TestMovedBehindChanges(t *testing.T) {
	dir, to, ctx := t.TempDir(), storetest.Person("acme", 1), context.Background()
	j := open(t, errands.Host{Dir: dir})
	add(t, j, errand("moved", to), errand("done", to), errand("larger", to))
	storetest.Must(t, errands.Roll(j))
	for _, id := range []string{"moved", "done"} {
		storetest.Must(t, j.Change(ctx, id, func(e *errands.Errand) error { e.Tries++; return nil }))
	}
	storetest.Must(t, j.End(ctx, "done"))
	storetest.Must(t, j.End(ctx, "larger"))
	storetest.Must(t, errands.Clean(j))
	if _, err := os.Stat(file(dir, 1)); err == nil {
		t.Fatal("the first file is still there")
	}
	j.Close()
	logger, logged := storetest.Observed()
	j = open(t, errands.Host{Dir: dir, Logger: logger})
	if e, err := j.Get("moved"); err != nil || e.Tries != 1 {
		t.Errorf("it is %+v, %v", e, err)
	}
	if n := logged.FilterMessageSnippet("lost").Len(); n > 0 {
		t.Errorf("the log tells of %d losses", n)
	}
	j.Close()

	data, err := os.ReadFile(file(dir, 2))
	storetest.Must(t, err)
	storetest.Must(t, os.Truncate(file(dir, 2), int64(bytes.LastIndex(data, []byte("Errd"))))) // where it was moved to
	j = open(t, errands.Host{Dir: dir, Logger: logger})
	storetest.Equal(t, "once that is lost", ids(t, j, errands.Query{}), nil)
	if n := logged.FilterMessageSnippet("an errand is lost").Len(); n != 1 {
		t.Errorf("the log tells of %d losses, and not of one", n)
	}
}

// A file that somebody made shorter loses what was in it, and nothing else.
func TestFileMadeShorter(t *testing.T) {
	dir, to := t.TempDir(), storetest.Person("acme", 1)
	logger, logged := storetest.Observed()
	j := open(t, errands.Host{Dir: dir, Logger: logger})
	add(t, j, errand("lost", to))
	storetest.Must(t, errands.Roll(j))
	add(t, j, errand("kept", to))
	storetest.Must(t, os.Truncate(file(dir, 1), 50))
	storetest.Must(t, errands.Rewrite(j))
	storetest.Equal(t, "what is left", ids(t, j, errands.Query{}), []string{"kept"})
	if logged.FilterMessageSnippet("an errand is lost").Len() == 0 {
		t.Error("the log says nothing")
	}
}
