package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// A store whose chain does not end where it should has lost a part of itself, and is not served.
func TestLostEnds(t *testing.T) {
	for _, what := range []string{"totals", "head", "piece"} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Config{Dir: dir})
			for i := range 3 {
				keep(t, s, optOut(storetest.Person("acme", i), "stop"))
			}
			storetest.Must(t, store.LoseEnd(s, what))
			closeStore(t, s)
			if s, err := store.Open(store.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "some of the database is lost") {
				if err == nil {
					closeStore(t, s)
				}
				t.Errorf("opening says %v", err)
			}
		})
	}
}

// Records that are lost behind an index in memory are found by counting them. From then on the store
// is unwell, and says nothing of whom it would have to look up.
func TestCensusOfRecords(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	for i := range 300 {
		keep(t, s, optOut(storetest.Person("acme", i), "stop"))
	}
	storetest.Must(t, store.Census(s))
	storetest.Must(t, s.Healthy())
	storetest.Must(t, store.LoseRecord(s, storetest.Person("acme", 1)))
	closeStore(t, s)

	s = open(t, store.Config{Dir: dir})
	storetest.Must(t, store.Census(s))
	if err := s.Healthy(); err == nil || !strings.Contains(err.Error(), "1 of the 300 records are lost") {
		t.Errorf("the store says of itself: %v", err)
	}
	if !barred(t, s, storetest.Person("acme", 1)) {
		t.Error("the index forgot an opt-out")
	}
	closeStore(t, s)

	s = open(t, store.Config{Dir: dir, Index: 100})
	if err := store.Census(s); err != nil || s.Healthy() == nil {
		t.Fatal("the loss is not found without an index", err)
	}
	if _, err := s.Read(storetest.Person("acme", 1), filter.NeedOptOut); err == nil {
		t.Error("a recipient whose record is lost reads as a stranger")
	}
}

// Events that are lost are told, and judgement does not need them. Those that were removed because
// their time was over are none of these.
func TestCensusOfEvents(t *testing.T) {
	logger, logs := storetest.Observed()
	at := storetest.NewClock(noon)
	s := open(t, store.Config{Dir: t.TempDir(), Logger: logger, Now: at.Now})
	for i := range 300 {
		keep(t, s, optOut(storetest.Person("acme", i), "stop"))
	}
	storetest.Must(t, store.LoseEvents(s, storetest.Person("acme", 1)))
	storetest.Must(t, store.Census(s))
	storetest.Must(t, s.Healthy())
	if n := logs.FilterMessageSnippet("lost some events").Len(); n != 1 {
		t.Errorf("it was told %d times", n)
	}
	erase(t, s, storetest.Person("acme", 2))
	at.Set(noon.Add(store.DefaultKeepErased + 48*time.Hour))
	storetest.Must(t, store.Sweep(s))
	storetest.Must(t, store.Census(s))
	storetest.Must(t, s.Healthy())
	if n := logs.FilterMessageSnippet("lost some events").Len(); n != 1 {
		t.Errorf("events whose time was over are said to be lost")
	}
}
