package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestAppendAndRead(t *testing.T) {
	for name, cfg := range map[string]store.Config{"on disk": {Dir: t.TempDir()}, "in memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			cfg.Now = func() time.Time { return noon }
			s := open(t, cfg)
			ana := storetest.Person("acme", 1)
			full := filter.Event{
				ID: "form-17", Time: noon.Add(-time.Hour), To: ana, Kind: filter.OptedIn,
				Scope: filter.OfTopic("offers"), Basis: filter.Express, Source: "web form", Note: "(555) 000-0001",
				Proof: filter.Evidence{Method: "web form", Action: "ticked box", Wording: "Yes, write to me",
					PolicyURL: "https://example.com/privacy", BusinessName: "Acme", Purpose: "offers", Language: "en",
					FullName: "Ana Ejemplo", Email: "ana@example.com", Postal: "1 Main St", IP: "192.0.2.1",
					UserAgent: "curl", CapturedAt: noon.Add(-2 * time.Hour)},
			}
			keep(t, s, full, optOut(storetest.Person("acme", 2), "stop-2"), filter.Event{To: ana, Kind: filter.Wrote, Source: "webhook"})

			got := history(t, s, ana)
			if len(got) != 2 {
				t.Fatalf("history has %d events, want 2: %+v", len(got), got)
			}
			full.Recorded = noon
			if !reflect.DeepEqual(got[0], full) {
				t.Errorf("the event came back as\n%+v\nwant\n%+v", got[0], full)
			}
			if len(got[1].ID) != 26 || !got[1].Time.Equal(noon) {
				t.Errorf("an event without id and time got %q and %v", got[1].ID, got[1].Time)
			}
			r := read(t, s, ana, filter.NeedRecord)
			if want := (filter.Record{}).After(full).After(got[1]); !reflect.DeepEqual(r, want) {
				t.Errorf("the record is\n%+v\nwant\n%+v", r, want)
			}
			if barred(t, s, ana) || !barred(t, s, storetest.Person("acme", 2)) {
				t.Error("only the one who opted out must be barred")
			}
			if barred(t, s, storetest.Person("other", 2)) {
				t.Error("an opt-out of one brand must not bar another")
			}
		})
	}
}

func TestReadJoinsEveryBrand(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ana := storetest.Person("acme", 1)
	keep(t, s, optIn(ana, "in"), optOut(ana.Everywhere(), "out"))
	for _, brand := range []string{"acme", "other", ""} {
		if !barred(t, s, storetest.Person(brand, 1)) {
			t.Errorf("brand %q is not barred by an opt-out from every brand", brand)
		}
	}
	r := read(t, s, ana, filter.NeedRecord)
	if r.Consents[0].Granted[filter.Express].IsZero() {
		t.Error("the brand's own opt-in is missing from the joined record")
	}
	if n := len(history(t, s, ana)); n != 1 {
		t.Errorf("the brand's history has %d events, want its own one", n)
	}
}

func TestAppendIsIdempotent(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	ana, bob := storetest.Person("acme", 1), storetest.Person("acme", 2)
	keep(t, s, optOut(ana, "a"), optOut(ana, "a"))
	first := history(t, s, ana)
	changed := optIn(ana, "a")
	changed.Note = "another event under the same id"
	keep(t, s, changed)
	keep(t, s, optOut(bob, "a"))
	if got := history(t, s, ana); len(got) != 1 || !reflect.DeepEqual(got, first) {
		t.Errorf("the history is %+v, want the first event alone: %+v", got, first)
	}
	if !barred(t, s, ana) || !barred(t, s, bob) {
		t.Error("both must be barred: an id belongs to its recipient")
	}
}

func TestAppendStampsTimes(t *testing.T) {
	now := storetest.NewClock(noon)
	s := open(t, store.Config{Memory: true, Now: now.Now})
	ana := storetest.Person("acme", 1)

	future := optIn(ana, "future")
	future.Time = noon.Add(24 * time.Hour)
	keep(t, s, future)
	if got := history(t, s, ana)[0].Time; !got.Equal(noon) {
		t.Errorf("an event from the future is kept at %v, want now", got)
	}
	keep(t, s, optOut(ana, "same moment"))
	if !barred(t, s, ana) {
		t.Error("at the same moment the opt-out wins")
	}

	now.Set(noon.Add(time.Hour))
	keep(t, s, optIn(ana, "again"))
	if barred(t, s, ana) {
		t.Error("a later opt-in lifts the opt-out")
	}
	now.Set(noon.Add(-time.Hour)) // the clock is set back
	keep(t, s, optOut(ana, "after the clock went back"))
	if !barred(t, s, ana) {
		t.Error("an opt-out learnt after an opt-in must not rank below it because the clock went back")
	}
	old := optOut(storetest.Person("acme", 2), "imported")
	old.Time = noon.Add(-1000 * time.Hour)
	keep(t, s, old)
	if got := history(t, s, old.To)[0]; !got.Time.Equal(old.Time) || !got.Recorded.Equal(now.Now()) {
		t.Errorf("an old event is kept at %v, recorded %v", got.Time, got.Recorded)
	}
}

func TestConcurrentAppendsShareSyncs(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := open(t, store.Config{Dir: t.TempDir(), Metrics: registry})
	const writers, each = 64, 20
	before := metric(t, registry, "sendgate_store_commits_total", "")
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if err := s.Append(context.Background(), optOut(storetest.Person("acme", w), fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	commits := metric(t, registry, "sendgate_store_commits_total", "") - before
	if commits > writers*each/4 {
		t.Errorf("%d appends took %v commits: they do not share them", writers*each, commits)
	}
	for name, want := range map[string]float64{
		"sendgate_store_appends_total":  writers * each,
		"sendgate_store_append_seconds": writers * each,
		"sendgate_store_optouts":        writers,
	} {
		if got := metric(t, registry, name, ""); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for w := range writers {
		if n := len(history(t, s, storetest.Person("acme", w))); n != each {
			t.Errorf("writer %d left %d events, want %d", w, n, each)
		}
	}
}

// A reader that begins after the acknowledgement of an opt-out sees it, always.
func TestAcknowledgedOptOutsAreSeen(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	const people = 400
	acknowledged := make(chan int, people)
	var writers, readers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := w; i < people; i += 4 {
				to := storetest.Person("acme", i)
				if i%8 >= 4 {
					to = to.Everywhere()
				}
				if err := s.Append(context.Background(), optOut(to, "stop")); err != nil {
					t.Error(err)
					return
				}
				acknowledged <- i
			}
		})
	}
	for range 3 {
		readers.Go(func() {
			for i := range acknowledged {
				for _, need := range []filter.Need{filter.NeedOptOut, filter.NeedRecord} {
					r, err := s.Read(storetest.Person("acme", i), need)
					if at, _ := r.OptedOut(&filter.Message{}); err != nil || at.IsZero() {
						t.Errorf("recipient %d opted out and was acknowledged, but reads as %+v, %v", i, r, err)
					}
				}
			}
		})
	}
	writers.Wait()
	close(acknowledged)
	readers.Wait()
}

func TestAppendWithoutTime(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Append(ctx, optOut(storetest.Person("acme", 1), "stop")); !errors.Is(err, context.Canceled) {
		t.Errorf("an append with a cancelled context returns %v", err)
	}
	if barred(t, s, storetest.Person("acme", 1)) {
		t.Error("it was kept although it was cancelled before it began")
	}
	if err := s.Append(context.Background()); err != nil {
		t.Errorf("an append of nothing returns %v", err)
	}
}

func TestClosedStore(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	closeStore(t, s)
	_, readErr := s.Read(storetest.Person("acme", 1), filter.NeedOptOut)
	_, historyErr := s.History(storetest.Person("acme", 1))
	for what, err := range map[string]error{
		"Append":  s.Append(context.Background(), optOut(storetest.Person("acme", 1), "stop")),
		"Read":    readErr,
		"History": historyErr,
		"Healthy": s.Healthy(),
		"Close":   s.Close(),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s on a closed store returns %v", what, err)
		}
	}
	s.Decisions().Add(decisions.Entry{ID: "late"}) // is dropped and must not panic
}
