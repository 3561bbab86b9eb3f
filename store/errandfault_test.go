package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
)

// errandFile is the n-th file of the journal of errands.
func errandFile(dir string, n int) string {
	return filepath.Join(dir, "errands", fmt.Sprintf("%08d.errands", n))
}

// What a power cut leaves half written at the end is cut off: wherever that is, all before it is there.
func TestTornErrands(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	to := person("acme", 1)
	var sizes []int64 // after each errand
	for i := range 3 {
		addErrands(t, s, errand(fmt.Sprint(i), to))
		info, err := os.Stat(errandFile(dir, 1))
		must(t, err)
		sizes = append(sizes, info.Size())
	}
	closeStore(t, s)
	whole, err := os.ReadFile(errandFile(dir, 1))
	must(t, err)
	for size := sizes[0]; size < sizes[2]; size++ {
		torn := bytes.Clone(whole[:size])
		if size%3 == 0 { // the system wrote another length, and not what belongs there
			torn = append(torn, make([]byte, 100)...)
		}
		must(t, os.WriteFile(errandFile(dir, 1), torn, 0o600))
		want := []string{"0", "1"}[:1+min(1, size/sizes[1])]
		s := openErrandsAlone(t, dir)
		equal(t, fmt.Sprintf("cut at %d", size), errandIDs(t, s, store.ErrandQuery{}), want)
		addErrands(t, s, errand("new", to))
		store.CloseErrands(s)
		s = openErrandsAlone(t, dir)
		equal(t, "afterwards", errandIDs(t, s, store.ErrandQuery{}), append(slices.Clone(want), "new"))
		store.CloseErrands(s)
	}
}

func openErrandsAlone(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.OpenErrands(store.Config{Dir: dir})
	must(t, err)
	return s
}

// Where an acknowledged part is damaged, what may have been done there is dead, and the log says so; what came
// later goes on.
func TestDamagedErrands(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	to := person("acme", 1)
	ctx := context.Background()
	review := errand("review", to)
	review.Kind = store.ErrandReview
	addErrands(t, s, errand("done", to), errand("told", to), review)
	at, err := os.Stat(errandFile(dir, 1))
	must(t, err)
	must(t, s.Errands().End(ctx, "done"))
	must(t, s.Errands().Change(ctx, "told", func(e *store.Errand) error { e.Tries = 1; return nil }))
	addErrands(t, s, errand("later", to))
	closeStore(t, s)
	data, err := os.ReadFile(errandFile(dir, 1))
	must(t, err)
	data[at.Size()+20] ^= 1 // in the end of the first
	must(t, os.WriteFile(errandFile(dir, 1), data, 0o600))

	logger, logged := observed()
	s = open(t, store.Config{Dir: dir, Logger: logger})
	for id, want := range map[string]store.ErrandState{"done": store.ErrandDead, "told": store.ErrandWaiting, "later": store.ErrandWaiting, "review": store.ErrandWaiting} {
		if e, err := s.Errands().Get(id); err != nil || e.State != want || e.State == store.ErrandDead && e.Error == "" {
			t.Errorf("%s is %v, %q, %v", id, e.State, e.Error, err)
		}
	}
	if logged.FilterMessageSnippet("damaged").Len() == 0 {
		t.Error("the log says nothing")
	}
	must(t, store.RewriteErrands(s)) // every file is written anew, and the damage gone
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	equal(t, "dead", errandIDs(t, s, store.ErrandQuery{States: []store.ErrandState{store.ErrandDead}}), []string{"done"})
	must(t, s.Errands().Change(ctx, "done", func(e *store.Errand) error { e.State, e.Error = store.ErrandWaiting, ""; return nil }))
	got, _ := due(t, s, noon, 10, store.ErrandRelay)
	equal(t, "tried again", got, []string{"done"})
	closeStore(t, s)

	must(t, os.Rename(errandFile(dir, 2), errandFile(dir, 5))) // as if three files were gone
	must(t, os.WriteFile(errandFile(dir, 1), nil, 0o600))
	s = open(t, store.Config{Dir: dir})
	equal(t, "behind a gap", errandIDs(t, s, store.ErrandQuery{}), []string{"done", "told", "review", "later"})
}

// After a write that failed nothing of it is there, and the next one works as soon as the disk does.
func TestErrandsOnFailingDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	dir := t.TempDir()
	s, err := store.Free(store.Config{Dir: dir, Now: func() time.Time { return noon }}, free.Load)
	must(t, err)
	ctx, to, broken := context.Background(), person("acme", 1), errors.New("the disk is broken")
	var fails atomic.Bool
	store.FailSyncs(s, func(real func() error) error {
		if fails.Load() {
			return broken
		}
		return real()
	})
	addErrands(t, s, errand("0", to))
	fails.Store(true)
	if _, err := s.Errands().Add(ctx, errand("1", to)); !errors.Is(err, broken) {
		t.Errorf("an errand that is not on disk: %v", err)
	}
	if err := s.Errands().End(ctx, "0"); !errors.Is(err, broken) {
		t.Errorf("an end that is not on disk: %v", err)
	}
	fails.Store(false)
	equal(t, "afterwards", errandIDs(t, s, store.ErrandQuery{}), []string{"0"})
	if added := addErrands(t, s, errand("1", to)); !added[0] {
		t.Error("what failed is taken for a repeat")
	}
	free.Store(100 << 20)
	if _, err := s.Errands().Add(ctx, errand("2", to)); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("on a full disk: %v", err)
	}
	if err := s.Errands().Change(ctx, "1", func(e *store.Errand) error { e.State = store.ErrandBegun; return nil }); err == nil {
		t.Error("on a full disk a change was kept")
	}
	must(t, s.Errands().End(ctx, "0")) // which frees some
	free.Store(1 << 40)
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	equal(t, "after a restart", errandIDs(t, s, store.ErrandQuery{}), []string{"1"})
	if e, err := s.Errands().Get("1"); err != nil || e.State != store.ErrandWaiting {
		t.Errorf("it is %+v, %v", e, err)
	}
}

// What is done goes from disk, however much comes, and what is not stays.
func TestErrandsStayBounded(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	to, ctx := person("acme", 1), context.Background()
	addErrands(t, s, errand("stays", to))
	for round := range 30 {
		var all []store.Errand
		for i := range 40 {
			e := errand(fmt.Sprintf("%d-%d", round, i), to)
			e.Body, e.Remember = make([]byte, 100<<10), 0
			all = append(all, e)
		}
		addErrands(t, s, all...)
		for _, e := range all {
			must(t, s.Errands().End(ctx, e.ID))
		}
		must(t, store.CleanErrands(s))
	}
	size := int64(0)
	files, err := os.ReadDir(filepath.Join(dir, "errands"))
	must(t, err)
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		size += info.Size()
	}
	if size > 48<<20 {
		t.Errorf("120 MB that are done take %d MB", size>>20)
	}
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	equal(t, "what is left", errandIDs(t, s, store.ErrandQuery{}), []string{"stays"})
}

// What was given up, and what nobody looked at after its end, is kept for as long as the setting says.
func TestDeadErrandsAreKeptForAWhile(t *testing.T) {
	now := newClock(noon)
	cfg := store.Config{Dir: t.TempDir(), Now: now.now, Errands: store.Errands{KeepDead: time.Hour}}
	s := open(t, cfg)
	dead, left, review := errand("dead", person("acme", 1)), errand("left", person("acme", 2)), errand("review", person("acme", 3))
	dead.State, left.Until, review.Kind = store.ErrandDead, noon.Add(time.Minute), store.ErrandReview
	addErrands(t, s, dead, left, review, errand("waits", person("acme", 4)))
	now.set(noon.Add(time.Hour))
	store.ExpireErrands(s)
	equal(t, "after an hour", errandIDs(t, s, store.ErrandQuery{}), []string{"dead", "left", "review", "waits"})
	now.set(noon.Add(2 * time.Hour))
	store.ExpireErrands(s)
	equal(t, "after two", errandIDs(t, s, store.ErrandQuery{}), []string{"waits"})
}

// What is damaged while the store is open is told, and stands in nobody's way.
func TestErrandDamagedInPlace(t *testing.T) {
	dir := t.TempDir()
	logger, logged := observed()
	s := open(t, store.Config{Dir: dir, Logger: logger})
	to := person("acme", 1)
	addErrands(t, s, errand("1", to))
	addErrands(t, s, errand("2", to))
	<-s.Errands().Added()
	file, err := os.OpenFile(errandFile(dir, 1), os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteAt([]byte("spoilt"), 60)
	must(t, errors.Join(err, file.Close()))
	got, _ := due(t, s, noon, 10)
	equal(t, "due at first", got, nil) // the one behind waits for its turn until that is known
	select {
	case <-s.Errands().Added():
	default:
		t.Error("nobody is told that it is another's turn")
	}
	got, _ = due(t, s, noon, 10)
	equal(t, "due then", got, []string{"2"})
	equal(t, "all", errandIDs(t, s, store.ErrandQuery{}), []string{"2"})
	if logged.FilterMessageSnippet("cannot be read").Len() == 0 {
		t.Error("the log says nothing")
	}
	must(t, store.RewriteErrands(s))
	if logged.FilterMessageSnippet("an errand is lost").Len() == 0 {
		t.Error("the log says nothing of what is lost for good")
	}
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	equal(t, "after a restart", errandIDs(t, s, store.ErrandQuery{}), []string{"2"})
}
