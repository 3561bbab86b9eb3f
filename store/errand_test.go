package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// errand is an errand about a person, in their lane.
func errand(id string, to filter.Recipient) store.Errand {
	return store.Errand{ID: id, Kind: store.ErrandRelay, Route: "twilio", People: []filter.Recipient{to}, Lanes: []string{to.Address},
		Body: []byte("From=" + to.Address), Remember: time.Hour}
}

func addErrands(t testing.TB, s *store.Store, errands ...store.Errand) []bool {
	t.Helper()
	added, err := s.Errands().Add(context.Background(), errands...)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// errandIDs lists the errands that q chooses.
func errandIDs(t testing.TB, s *store.Store, q store.ErrandQuery) (all []string) {
	t.Helper()
	for e, err := range s.Errands().All(q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.ID)
	}
	return all
}

// due is the IDs of what is due at a moment.
func due(t testing.TB, s *store.Store, now time.Time, most int, kinds ...store.ErrandKind) (all []string, next time.Time) {
	t.Helper()
	errands, next, err := s.Errands().Due(now, kinds, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range errands {
		all = append(all, e.ID)
	}
	return all, next
}

func TestErrandIsKept(t *testing.T) {
	for name, cfg := range map[string]store.Config{"on disk": {Dir: t.TempDir()}, "in memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, cfg)
			want := store.Errand{ID: "SM1", Kind: store.ErrandDialogue, Route: "twilio", People: []filter.Recipient{person("acme", 1), person("", 2)},
				Lanes: []string{"+15550000001"}, Added: noon.Add(-time.Minute), Due: noon, Until: noon.Add(time.Hour), Changed: noon,
				Body: []byte("a body\x00"), Tries: 2, Error: "a fault", Remember: time.Minute}
			if added := addErrands(t, s, want, want); !reflect.DeepEqual(added, []bool{true, false}) {
				t.Errorf("the same errand twice: added %v", added)
			}
			if added := addErrands(t, s, want); added[0] {
				t.Error("a repeat was added")
			}
			must(t, s.Errands().Change(context.Background(), "SM1", func(e *store.Errand) error {
				e.ID, e.Tries, e.State, e.Error = "other", e.Tries+1, store.ErrandBegun, "another fault"
				return nil
			}))
			want.Number = 1
			want.Tries, want.State, want.Error = 3, store.ErrandBegun, "another fault"
			if !cfg.Memory {
				closeStore(t, s)
				s = open(t, cfg)
			}
			if got, err := s.Errands().Get("SM1"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("it is\n%+v, %v, want\n%+v", got, err, want)
			}
			key := s.Errands().Key("SM1")
			if got, err := s.Errands().ByKey(key); err != nil || got.ID != "SM1" || strings.Contains(key, "SM1") {
				t.Errorf("by its key %s it is %+v, %v", key, got, err)
			}
			for _, key := range []string{"", "SM1", s.Errands().Key("SM2")} {
				if _, err := s.Errands().ByKey(key); !errors.Is(err, store.ErrNoErrand) {
					t.Errorf("by the key %q: %v", key, err)
				}
			}
			must(t, s.Errands().Change(context.Background(), "SM1", func(e *store.Errand) error { e.Body = []byte("new"); return nil }))
			refused := errors.New("refused")
			if err := s.Errands().Change(context.Background(), "SM1", func(e *store.Errand) error { e.Body[0] = 'x'; return refused }); !errors.Is(err, refused) {
				t.Errorf("a change that objects: %v", err)
			}
			if got, err := s.Errands().Get("SM1"); err != nil || string(got.Body) != "new" {
				t.Errorf("the body is %q, %v", got.Body, err)
			}
			must(t, s.Errands().End(context.Background(), "SM1"))
			for what, err := range map[string]error{"end": s.Errands().End(context.Background(), "SM1"),
				"change": s.Errands().Change(context.Background(), "SM1", func(*store.Errand) error { return nil })} {
				if !errors.Is(err, store.ErrNoErrand) {
					t.Errorf("%s of an errand that ended: %v", what, err)
				}
			}
		})
	}
}

func TestErrandOrder(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	a, b := person("acme", 1), person("acme", 2)
	late := errand("a3", a)
	late.Due = noon.Add(-time.Hour) // its turn comes after a1 and a2 all the same
	loose := errand("loose", a)
	loose.Lanes, loose.Kind = nil, store.ErrandAnswer
	waits := errand("b1", b)
	waits.Due = noon.Add(time.Minute)
	addErrands(t, s, errand("a1", a), waits)
	addErrands(t, s, errand("a2", a), late, loose, errand("b2", b))
	change := func(id string, f func(*store.Errand)) {
		t.Helper()
		must(t, s.Errands().Change(context.Background(), id, func(e *store.Errand) error { f(e); return nil }))
	}
	check := func(want []string, wantNext time.Time, most int, kinds ...store.ErrandKind) {
		t.Helper()
		for _, reopen := range []bool{false, true} {
			if reopen {
				closeStore(t, s)
				s = open(t, cfg)
			}
			got, next := due(t, s, noon, most, kinds...)
			equal(t, "due", got, want)
			if !next.Equal(wantNext) {
				t.Errorf("the next is due at %v, want %v", next, wantNext)
			}
		}
	}
	check([]string{"a1", "loose"}, noon.Add(time.Minute), 10)
	check([]string{"a1", "loose"}, noon.Add(time.Minute), 1)
	check([]string{"loose"}, time.Time{}, 10, store.ErrandAnswer)
	change("a1", func(e *store.Errand) { e.State = store.ErrandDead })
	check([]string{"a2", "loose"}, noon.Add(time.Minute), 10)
	change("a1", func(e *store.Errand) { e.State = store.ErrandWaiting }) // tried again: it is the first once more
	check([]string{"a1", "loose"}, noon.Add(time.Minute), 10)
	change("a1", func(e *store.Errand) { e.Due = noon.Add(time.Second) })
	check([]string{"loose"}, noon.Add(time.Second), 10)
	must(t, s.Errands().End(context.Background(), "a2")) // out of the middle
	must(t, s.Errands().End(context.Background(), "a1"))
	check([]string{"a3", "loose"}, noon.Add(time.Minute), 10)
	change("b1", func(e *store.Errand) { e.Lanes = []string{"another"} })
	check([]string{"a3", "loose", "b2"}, noon.Add(time.Minute), 10)
	equal(t, "by person", errandIDs(t, s, store.ErrandQuery{Person: b}), []string{"b1", "b2"})
	equal(t, "by kind", errandIDs(t, s, store.ErrandQuery{Kinds: []store.ErrandKind{store.ErrandAnswer}}), []string{"loose"})
	if b1, err := s.Errands().Get("b1"); err != nil {
		t.Error(err)
	} else {
		equal(t, "behind one", errandIDs(t, s, store.ErrandQuery{After: b1.Number, Person: b}), []string{"b2"})
	}
	equal(t, "by state", errandIDs(t, s, store.ErrandQuery{States: []store.ErrandState{store.ErrandDead}}), nil)
	equal(t, "by route", errandIDs(t, s, store.ErrandQuery{Route: "other"}), nil)
}

// An errand in several lanes, as one about several people, waits in all of them and holds up all of them.
func TestErrandInSeveralLanes(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	in := func(id string, lanes ...string) store.Errand {
		e := errand(id, person("acme", 1))
		e.Lanes = lanes
		return e
	}
	addErrands(t, s, in("1", "a"), in("2", "a", "b", "a"), in("3", "b"), in("4", "c"), in("5", "b", "c"), in("6", "c"), in("7", "a"))
	check := func(want ...string) {
		t.Helper()
		for range 2 {
			got, _ := due(t, s, noon, 10)
			equal(t, "due", got, want)
			closeStore(t, s)
			s = open(t, cfg)
		}
	}
	check("1", "4")
	must(t, s.Errands().End(context.Background(), "4"))
	check("1")
	if a, none := s.Errands().In("a"), s.Errands().In("d"); a != 3 || none != 0 {
		t.Errorf("%d errands in a lane with 3, and %d in one with none", a, none)
	}
	must(t, s.Errands().End(context.Background(), "1"))
	check("2")
	dead := func(state store.ErrandState) {
		must(t, s.Errands().Change(context.Background(), "2", func(e *store.Errand) error { e.State = state; return nil }))
	}
	dead(store.ErrandDead)
	check("3", "7")
	must(t, s.Errands().End(context.Background(), "3"))
	check("5", "7")
	dead(store.ErrandWaiting) // it is before both again
	check("2")
	must(t, s.Errands().End(context.Background(), "2"))
	check("5", "7")
	must(t, s.Errands().End(context.Background(), "5"))
	check("6", "7")
}

// What waits at one route hides nothing of another.
func TestErrandsDueByRoute(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	for i := range 5 {
		addErrands(t, s, errand(fmt.Sprintf("t%d", i), person("acme", i)))
	}
	other := errand("w", person("acme", 9))
	other.Route = "whatsapp"
	addErrands(t, s, other)
	got, next := due(t, s, noon, 2)
	equal(t, "due", got, []string{"t0", "t1", "w"})
	if !next.Equal(noon) {
		t.Errorf("the next is due at %v", next)
	}
}

// The ID of an errand that ended is known for as long as the errand said, also after a restart.
func TestErrandRemembersItsEnd(t *testing.T) {
	now := newClock(noon)
	cfg := store.Config{Dir: t.TempDir(), Now: now.now}
	s := open(t, cfg)
	forgotten := errand("forgotten", person("acme", 1))
	forgotten.Remember = 0
	addErrands(t, s, errand("SM1", person("acme", 1)), forgotten)
	must(t, s.Errands().End(context.Background(), "SM1"))
	must(t, s.Errands().End(context.Background(), "forgotten"))
	for range 3 {
		closeStore(t, s)
		s = open(t, cfg)
		if added := addErrands(t, s, errand("SM1", person("acme", 1))); added[0] {
			t.Fatal("an errand that was done is to be done again")
		}
		must(t, store.CleanErrands(s))
	}
	if added := addErrands(t, s, forgotten); !added[0] {
		t.Error("an errand that asked not to be remembered is")
	}
	now.set(noon.Add(2 * time.Hour))
	store.ExpireErrands(s)
	if added := addErrands(t, s, errand("SM1", person("acme", 1))); !added[0] {
		t.Error("an errand is remembered for longer than it said")
	}
}

func TestErrandsRefuse(t *testing.T) {
	s := open(t, store.Config{Memory: true, Errands: store.Errands{Bytes: 4000}})
	to := person("acme", 1)
	for field, spoil := range map[string]func(*store.Errand){
		"id":     func(e *store.Errand) { e.ID = "" },
		"kind":   func(e *store.Errand) { e.Kind = 0 },
		"state":  func(e *store.Errand) { e.State = 9 },
		"body":   func(e *store.Errand) { e.Body = make([]byte, store.MaxErrandBody+1) },
		"people": func(e *store.Errand) { e.Lanes = slices.Repeat([]string{strings.Repeat("x", 1000)}, 3000) },
		"lanes":  func(e *store.Errand) { e.Lanes = []string{strings.Repeat("x", 2000)} },
	} {
		e := errand("SM1", to)
		spoil(&e)
		if _, err := s.Errands().Add(context.Background(), errand("SM0", to), e); err == nil || !strings.Contains(err.Error(), "errand 1: "+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := s.Errands().Get("SM0"); !errors.Is(err, store.ErrNoErrand) {
		t.Errorf("a part of a call was added: %v", err)
	}
	big := errand("SM1", to)
	big.Body, big.Remember = make([]byte, 3000), 0
	addErrands(t, s, big)
	other := errand("SM2", to)
	other.Body = make([]byte, 3000)
	if _, err := s.Errands().Add(context.Background(), other); !errors.Is(err, store.ErrErrandsFull) {
		t.Errorf("beyond the room that the setting gives: %v", err)
	}
	must(t, s.Errands().Change(context.Background(), "SM1", func(e *store.Errand) error { e.Body = make([]byte, 3500); return nil }))
	must(t, s.Errands().End(context.Background(), "SM1"))
	addErrands(t, s, other)
	closeStore(t, s)
	if _, err := s.Errands().Add(context.Background(), big); !errors.Is(err, store.ErrClosed) {
		t.Errorf("on a closed store: %v", err)
	}
	if _, _, err := s.Errands().Due(noon, nil, 1); !errors.Is(err, store.ErrClosed) {
		t.Errorf("on a closed store: %v", err)
	}
}

// What waits, and for how long, is told by kind.
func TestErrandMetrics(t *testing.T) {
	now, registry := newClock(noon), prometheus.NewRegistry()
	s := open(t, store.Config{Memory: true, Now: now.now, Metrics: registry})
	addErrands(t, s, errand("1", person("acme", 1)))
	now.set(noon.Add(time.Minute))
	addErrands(t, s, errand("2", person("acme", 1)))
	age := func(want time.Duration) {
		t.Helper()
		if got := metric(t, registry, "sendgate_errands_oldest_seconds", "relay"); got != want.Seconds() {
			t.Errorf("the oldest is %g seconds old, want %v", got, want)
		}
	}
	age(time.Minute)
	kill := func(id string, state store.ErrandState) {
		must(t, s.Errands().Change(context.Background(), id, func(e *store.Errand) error { e.State = state; return nil }))
	}
	kill("1", store.ErrandDead)
	age(0)
	now.set(noon.Add(2 * time.Minute))
	age(time.Minute)
	kill("1", store.ErrandWaiting)
	age(2 * time.Minute)
	must(t, s.Errands().End(context.Background(), "1"))
	must(t, s.Errands().End(context.Background(), "2"))
	age(0)
	if got := metric(t, registry, "sendgate_errands_bytes", ""); got <= 0 || got > 200 {
		t.Errorf("what is remembered of two takes %g bytes", got)
	}
}
