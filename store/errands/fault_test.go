package errands_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// What a power cut leaves half written at the end is cut off: wherever that is, all before it is there.
func TestTornEnd(t *testing.T) {
	dir := t.TempDir()
	j := open(t, errands.Host{Dir: dir})
	to := storetest.Person("acme", 1)
	var sizes []int64 // after each errand
	for i := range 3 {
		add(t, j, errand(fmt.Sprint(i), to))
		info, err := os.Stat(file(dir, 1))
		storetest.Must(t, err)
		sizes = append(sizes, info.Size())
	}
	j.Close()
	whole, err := os.ReadFile(file(dir, 1))
	storetest.Must(t, err)
	for size := sizes[0]; size < sizes[2]; size++ {
		torn := bytes.Clone(whole[:size])
		if size%3 == 0 { // the system wrote another length, and not what belongs there
			torn = append(torn, make([]byte, 100)...)
		}
		storetest.Must(t, os.WriteFile(file(dir, 1), torn, 0o600))
		want := []string{"0", "1"}[:1+min(1, size/sizes[1])]
		j := open(t, errands.Host{Dir: dir})
		storetest.Equal(t, fmt.Sprintf("cut at %d", size), ids(t, j, errands.Query{}), want)
		add(t, j, errand("new", to))
		j.Close()
		j = open(t, errands.Host{Dir: dir})
		storetest.Equal(t, "afterwards", ids(t, j, errands.Query{}), append(slices.Clone(want), "new"))
		j.Close()
	}
}

// Where an acknowledged part is damaged, what may have been done there is dead, and the log says so; what came
// later goes on.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	j := open(t, errands.Host{Dir: dir})
	to := storetest.Person("acme", 1)
	ctx := context.Background()
	review := errand("review", to)
	review.Kind = errands.Review
	add(t, j, errand("done", to), errand("told", to), review)
	at, err := os.Stat(file(dir, 1))
	storetest.Must(t, err)
	storetest.Must(t, j.End(ctx, "done"))
	storetest.Must(t, j.Change(ctx, "told", func(e *errands.Errand) error { e.Tries = 1; return nil }))
	add(t, j, errand("later", to))
	j.Close()
	data, err := os.ReadFile(file(dir, 1))
	storetest.Must(t, err)
	data[at.Size()+20] ^= 1 // in the end of the first
	storetest.Must(t, os.WriteFile(file(dir, 1), data, 0o600))

	logger, logged := storetest.Observed()
	j = open(t, errands.Host{Dir: dir, Logger: logger})
	for id, want := range map[string]errands.State{"done": errands.Dead, "told": errands.Waiting, "later": errands.Waiting, "review": errands.Waiting} {
		if e, err := j.Get(id); err != nil || e.State != want || e.State == errands.Dead && e.Error == "" {
			t.Errorf("%s is %v, %q, %v", id, e.State, e.Error, err)
		}
	}
	if logged.FilterMessageSnippet("damaged").Len() == 0 {
		t.Error("the log says nothing")
	}
	storetest.Must(t, errands.Rewrite(j)) // every file is written anew, and the damage gone
	j.Close()
	j = open(t, errands.Host{Dir: dir})
	storetest.Equal(t, "dead", ids(t, j, errands.Query{States: []errands.State{errands.Dead}}), []string{"done"})
	storetest.Must(t, j.Change(ctx, "done", func(e *errands.Errand) error { e.State, e.Error = errands.Waiting, ""; return nil }))
	got, _ := due(t, j, noon, 10, errands.Relay)
	storetest.Equal(t, "tried again", got, []string{"done"})
	j.Close()

	storetest.Must(t, os.Rename(file(dir, 2), file(dir, 5))) // as if three files were gone
	storetest.Must(t, os.WriteFile(file(dir, 1), nil, 0o600))
	j = open(t, errands.Host{Dir: dir})
	storetest.Equal(t, "behind a gap", ids(t, j, errands.Query{}), []string{"done", "told", "review", "later"})
}

// After a write that failed nothing of it is there, and the next one works as soon as the disk does.
func TestFailingDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	dir := t.TempDir()
	ctx, to, broken := context.Background(), storetest.Person("acme", 1), errors.New("the disk is broken")
	var fails atomic.Bool
	j := open(t, errands.Host{Dir: dir, Room: roomIn(&free), Sync: func(f *os.File) error {
		if fails.Load() {
			return broken
		}
		return f.Sync()
	}})
	add(t, j, errand("0", to))
	fails.Store(true)
	if _, err := j.Add(ctx, errand("1", to)); !errors.Is(err, broken) {
		t.Errorf("an errand that is not on disk: %v", err)
	}
	if err := j.End(ctx, "0"); !errors.Is(err, broken) {
		t.Errorf("an end that is not on disk: %v", err)
	}
	fails.Store(false)
	storetest.Equal(t, "afterwards", ids(t, j, errands.Query{}), []string{"0"})
	if added := add(t, j, errand("1", to)); !added[0] {
		t.Error("what failed is taken for a repeat")
	}
	free.Store(100 << 20)
	if _, err := j.Add(ctx, errand("2", to)); !errors.Is(err, errDiskFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if err := j.Change(ctx, "1", func(e *errands.Errand) error { e.State = errands.Begun; return nil }); err == nil {
		t.Error("on a full disk a change was kept")
	}
	storetest.Must(t, j.End(ctx, "0")) // which frees some
	free.Store(1 << 40)
	j.Close()
	j = open(t, errands.Host{Dir: dir})
	storetest.Equal(t, "after a restart", ids(t, j, errands.Query{}), []string{"1"})
	if e, err := j.Get("1"); err != nil || e.State != errands.Waiting {
		t.Errorf("it is %+v, %v", e, err)
	}
}

// What is done goes from disk, however much comes, and what is not stays.
func TestStaysBounded(t *testing.T) {
	dir := t.TempDir()
	j := open(t, errands.Host{Dir: dir})
	to, ctx := storetest.Person("acme", 1), context.Background()
	add(t, j, errand("stays", to))
	for round := range 30 {
		var all []errands.Errand
		for i := range 40 {
			e := errand(fmt.Sprintf("%d-%d", round, i), to)
			e.Body, e.Remember = make([]byte, 100<<10), 0
			all = append(all, e)
		}
		add(t, j, all...)
		for _, e := range all {
			storetest.Must(t, j.End(ctx, e.ID))
		}
		storetest.Must(t, errands.Clean(j))
	}
	size := int64(0)
	entries, err := os.ReadDir(dir)
	storetest.Must(t, err)
	for _, f := range entries {
		info, err := f.Info()
		storetest.Must(t, err)
		size += info.Size()
	}
	if size > 48<<20 {
		t.Errorf("120 MB that are done take %d MB", size>>20)
	}
	j.Close()
	j = open(t, errands.Host{Dir: dir})
	storetest.Equal(t, "what is left", ids(t, j, errands.Query{}), []string{"stays"})
}

// What was given up, and what nobody looked at after its end, is kept for as long as the setting says.
func TestDeadAreKeptForAWhile(t *testing.T) {
	now := noon
	j := openWith(t, errands.Config{KeepDead: time.Hour}, errands.Host{Dir: t.TempDir(), Now: func() time.Time { return now }})
	dead, left, review := errand("dead", storetest.Person("acme", 1)), errand("left", storetest.Person("acme", 2)), errand("review", storetest.Person("acme", 3))
	dead.State, left.Until, review.Kind = errands.Dead, noon.Add(time.Minute), errands.Review
	add(t, j, dead, left, review, errand("waits", storetest.Person("acme", 4)))
	now = noon.Add(time.Hour)
	errands.Expire(j)
	storetest.Equal(t, "after an hour", ids(t, j, errands.Query{}), []string{"dead", "left", "review", "waits"})
	now = noon.Add(2 * time.Hour)
	errands.Expire(j)
	storetest.Equal(t, "after two", ids(t, j, errands.Query{}), []string{"waits"})
}

// What is damaged while the journal is open is told, and stands in nobody's way.
func TestDamagedInPlace(t *testing.T) {
	dir := t.TempDir()
	logger, logged := storetest.Observed()
	j := open(t, errands.Host{Dir: dir, Logger: logger})
	to := storetest.Person("acme", 1)
	add(t, j, errand("1", to))
	add(t, j, errand("2", to))
	<-j.Added()
	file, err := os.OpenFile(file(dir, 1), os.O_WRONLY, 0)
	storetest.Must(t, err)
	_, err = file.WriteAt([]byte("spoilt"), 60)
	storetest.Must(t, errors.Join(err, file.Close()))
	got, _ := due(t, j, noon, 10)
	storetest.Equal(t, "due at first", got, nil) // the one behind waits for its turn until that is known
	select {
	case <-j.Added():
	default:
		t.Error("nobody is told that it is another's turn")
	}
	got, _ = due(t, j, noon, 10)
	storetest.Equal(t, "due then", got, []string{"2"})
	storetest.Equal(t, "all", ids(t, j, errands.Query{}), []string{"2"})
	if logged.FilterMessageSnippet("cannot be read").Len() == 0 {
		t.Error("the log says nothing")
	}
	storetest.Must(t, errands.Rewrite(j))
	if logged.FilterMessageSnippet("an errand is lost").Len() == 0 {
		t.Error("the log says nothing of what is lost for good")
	}
	j.Close()
	j = open(t, errands.Host{Dir: dir})
	storetest.Equal(t, "after a restart", ids(t, j, errands.Query{}), []string{"2"})
}
