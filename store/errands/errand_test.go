package errands_test

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
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestKept(t *testing.T) {
	for name, on := range map[string]errands.Host{"on disk": {Dir: t.TempDir()}, "in memory": {}} {
		t.Run(name, func(t *testing.T) {
			j := open(t, on)
			want := errands.Errand{ID: "SM1", Kind: errands.Dialogue, Route: "twilio", People: []filter.Recipient{storetest.Person("acme", 1), storetest.Person("", 2)},
				Lanes: []string{"+15550000001"}, Added: noon.Add(-time.Minute), Due: noon, Until: noon.Add(time.Hour), Changed: noon,
				Body: []byte("a body\x00"), Tries: 2, Error: "a fault", Remember: time.Minute}
			if added := add(t, j, want, want); !reflect.DeepEqual(added, []bool{true, false}) {
				t.Errorf("the same errand twice: added %v", added)
			}
			if added := add(t, j, want); added[0] {
				t.Error("a repeat was added")
			}
			storetest.Must(t, j.Change(context.Background(), "SM1", func(e *errands.Errand) error {
				e.ID, e.Tries, e.State, e.Error = "other", e.Tries+1, errands.Begun, "another fault"
				return nil
			}))
			want.Number = 1
			want.Tries, want.State, want.Error = 3, errands.Begun, "another fault"
			if on.Dir != "" {
				j.Close()
				j = open(t, on)
			}
			if got, err := j.Get("SM1"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("it is\n%+v, %v, want\n%+v", got, err, want)
			}
			key := j.Key("SM1")
			if got, err := j.ByKey(key); err != nil || got.ID != "SM1" || strings.Contains(key, "SM1") {
				t.Errorf("by its key %s it is %+v, %v", key, got, err)
			}
			for _, key := range []string{"", "SM1", j.Key("SM2")} {
				if _, err := j.ByKey(key); !errors.Is(err, errands.ErrNone) {
					t.Errorf("by the key %q: %v", key, err)
				}
			}
			storetest.Must(t, j.Change(context.Background(), "SM1", func(e *errands.Errand) error { e.Body = []byte("new"); return nil }))
			refused := errors.New("refused")
			if err := j.Change(context.Background(), "SM1", func(e *errands.Errand) error { e.Body[0] = 'x'; return refused }); !errors.Is(err, refused) {
				t.Errorf("a change that objects: %v", err)
			}
			if got, err := j.Get("SM1"); err != nil || string(got.Body) != "new" {
				t.Errorf("the body is %q, %v", got.Body, err)
			}
			storetest.Must(t, j.End(context.Background(), "SM1"))
			for what, err := range map[string]error{"end": j.End(context.Background(), "SM1"),
				"change": j.Change(context.Background(), "SM1", func(*errands.Errand) error { return nil })} {
				if !errors.Is(err, errands.ErrNone) {
					t.Errorf("%s of an errand that ended: %v", what, err)
				}
			}
		})
	}
}

func TestOrder(t *testing.T) {
	on := errands.Host{Dir: t.TempDir()}
	j := open(t, on)
	a, b := storetest.Person("acme", 1), storetest.Person("acme", 2)
	late := errand("a3", a)
	late.Due = noon.Add(-time.Hour) // its turn comes after a1 and a2 all the same
	loose := errand("loose", a)
	loose.Lanes, loose.Kind = nil, errands.Answer
	waits := errand("b1", b)
	waits.Due = noon.Add(time.Minute)
	add(t, j, errand("a1", a), waits)
	add(t, j, errand("a2", a), late, loose, errand("b2", b))
	change := func(id string, f func(*errands.Errand)) {
		t.Helper()
		storetest.Must(t, j.Change(context.Background(), id, func(e *errands.Errand) error { f(e); return nil }))
	}
	check := func(want []string, wantNext time.Time, most int, kinds ...errands.Kind) {
		t.Helper()
		for _, reopen := range []bool{false, true} {
			if reopen {
				j.Close()
				j = open(t, on)
			}
			got, next := due(t, j, noon, most, kinds...)
			storetest.Equal(t, "due", got, want)
			if !next.Equal(wantNext) {
				t.Errorf("the next is due at %v, want %v", next, wantNext)
			}
		}
	}
	check([]string{"a1", "loose"}, noon.Add(time.Minute), 10)
	check([]string{"a1", "loose"}, noon.Add(time.Minute), 1)
	check([]string{"loose"}, time.Time{}, 10, errands.Answer)
	change("a1", func(e *errands.Errand) { e.State = errands.Dead })
	check([]string{"a2", "loose"}, noon.Add(time.Minute), 10)
	change("a1", func(e *errands.Errand) { e.State = errands.Waiting }) // tried again: it is the first once more
	check([]string{"a1", "loose"}, noon.Add(time.Minute), 10)
	change("a1", func(e *errands.Errand) { e.Due = noon.Add(time.Second) })
	check([]string{"loose"}, noon.Add(time.Second), 10)
	storetest.Must(t, j.End(context.Background(), "a2")) // out of the middle
	storetest.Must(t, j.End(context.Background(), "a1"))
	check([]string{"a3", "loose"}, noon.Add(time.Minute), 10)
	change("b1", func(e *errands.Errand) { e.Lanes = []string{"another"} })
	check([]string{"a3", "loose", "b2"}, noon.Add(time.Minute), 10)
	storetest.Equal(t, "by person", ids(t, j, errands.Query{Person: b}), []string{"b1", "b2"})
	storetest.Equal(t, "by kind", ids(t, j, errands.Query{Kinds: []errands.Kind{errands.Answer}}), []string{"loose"})
	if b1, err := j.Get("b1"); err != nil {
		t.Error(err)
	} else {
		storetest.Equal(t, "behind one", ids(t, j, errands.Query{After: b1.Number, Person: b}), []string{"b2"})
	}
	storetest.Equal(t, "by state", ids(t, j, errands.Query{States: []errands.State{errands.Dead}}), nil)
	storetest.Equal(t, "by route", ids(t, j, errands.Query{Route: "other"}), nil)
}

// An errand in several lanes, as one about several people, waits in all of them and holds up all of them.
func TestSeveralLanes(t *testing.T) {
	on := errands.Host{Dir: t.TempDir()}
	j := open(t, on)
	in := func(id string, lanes ...string) errands.Errand {
		e := errand(id, storetest.Person("acme", 1))
		e.Lanes = lanes
		return e
	}
	add(t, j, in("1", "a"), in("2", "a", "b", "a"), in("3", "b"), in("4", "c"), in("5", "b", "c"), in("6", "c"), in("7", "a"))
	check := func(want ...string) {
		t.Helper()
		for range 2 {
			got, _ := due(t, j, noon, 10)
			storetest.Equal(t, "due", got, want)
			j.Close()
			j = open(t, on)
		}
	}
	check("1", "4")
	storetest.Must(t, j.End(context.Background(), "4"))
	check("1")
	if a, none := j.In("a"), j.In("d"); a != 3 || none != 0 {
		t.Errorf("%d errands in a lane with 3, and %d in one with none", a, none)
	}
	storetest.Must(t, j.End(context.Background(), "1"))
	check("2")
	dead := func(state errands.State) {
		storetest.Must(t, j.Change(context.Background(), "2", func(e *errands.Errand) error { e.State = state; return nil }))
	}
	dead(errands.Dead)
	check("3", "7")
	storetest.Must(t, j.End(context.Background(), "3"))
	check("5", "7")
	dead(errands.Waiting) // it is before both again
	check("2")
	storetest.Must(t, j.End(context.Background(), "2"))
	check("5", "7")
	storetest.Must(t, j.End(context.Background(), "5"))
	check("6", "7")
}

// What waits at one route hides nothing of another.
func TestDueByRoute(t *testing.T) {
	j := open(t, errands.Host{})
	for i := range 5 {
		add(t, j, errand(fmt.Sprintf("t%d", i), storetest.Person("acme", i)))
	}
	other := errand("w", storetest.Person("acme", 9))
	other.Route = "whatsapp"
	add(t, j, other)
	got, next := due(t, j, noon, 2)
	storetest.Equal(t, "due", got, []string{"t0", "t1", "w"})
	if !next.Equal(noon) {
		t.Errorf("the next is due at %v", next)
	}
}

// The ID of an errand that ended is known for as long as the errand said, also after a restart.
func TestEndIsRemembered(t *testing.T) {
	now := noon
	on := errands.Host{Dir: t.TempDir(), Now: func() time.Time { return now }}
	j := open(t, on)
	forgotten := errand("forgotten", storetest.Person("acme", 1))
	forgotten.Remember = 0
	add(t, j, errand("SM1", storetest.Person("acme", 1)), forgotten)
	storetest.Must(t, j.End(context.Background(), "SM1"))
	storetest.Must(t, j.End(context.Background(), "forgotten"))
	for range 3 {
		j.Close()
		j = open(t, on)
		if added := add(t, j, errand("SM1", storetest.Person("acme", 1))); added[0] {
			t.Fatal("an errand that was done is to be done again")
		}
		storetest.Must(t, errands.Clean(j))
	}
	if added := add(t, j, forgotten); !added[0] {
		t.Error("an errand that asked not to be remembered is")
	}
	now = noon.Add(2 * time.Hour)
	errands.Expire(j)
	if added := add(t, j, errand("SM1", storetest.Person("acme", 1))); !added[0] {
		t.Error("an errand is remembered for longer than it said")
	}
}

func TestRefused(t *testing.T) {
	j := openWith(t, errands.Config{Bytes: 4000}, errands.Host{})
	to := storetest.Person("acme", 1)
	for field, spoil := range map[string]func(*errands.Errand){
		"id":     func(e *errands.Errand) { e.ID = "" },
		"kind":   func(e *errands.Errand) { e.Kind = 0 },
		"state":  func(e *errands.Errand) { e.State = 9 },
		"body":   func(e *errands.Errand) { e.Body = make([]byte, errands.MaxBody+1) },
		"people": func(e *errands.Errand) { e.Lanes = slices.Repeat([]string{strings.Repeat("x", 1000)}, 3000) },
		"lanes":  func(e *errands.Errand) { e.Lanes = []string{strings.Repeat("x", 2000)} },
	} {
		e := errand("SM1", to)
		spoil(&e)
		if _, err := j.Add(context.Background(), errand("SM0", to), e); err == nil || !strings.Contains(err.Error(), "errand 1: "+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := j.Get("SM0"); !errors.Is(err, errands.ErrNone) {
		t.Errorf("a part of a call was added: %v", err)
	}
	big := errand("SM1", to)
	big.Body, big.Remember = make([]byte, 3000), 0
	add(t, j, big)
	other := errand("SM2", to)
	other.Body = make([]byte, 3000)
	if _, err := j.Add(context.Background(), other); !errors.Is(err, errands.ErrFull) {
		t.Errorf("beyond the room that the setting gives: %v", err)
	}
	cancel := (&errands.Errand{ID: "later", Kind: errands.Scheduled, Body: make([]byte, 3000)}).Cancellation()
	if _, err := j.Add(context.Background(), cancel, other); !errors.Is(err, errands.ErrFull) {
		t.Errorf("beside a cancellation: %v", err)
	}
	add(t, j, cancel) // in the place of what is cancelled
	storetest.Must(t, j.End(context.Background(), cancel.ID))
	storetest.Must(t, j.Change(context.Background(), "SM1", func(e *errands.Errand) error { e.Body = make([]byte, 3500); return nil }))
	storetest.Must(t, j.End(context.Background(), "SM1"))
	add(t, j, other)
	j.Close()
	if _, err := j.Add(context.Background(), big); !errors.Is(err, errClosed) {
		t.Errorf("on a closed store: %v", err)
	}
	if _, _, err := j.Due(noon, nil, 1); !errors.Is(err, errClosed) {
		t.Errorf("on a closed store: %v", err)
	}
}

// What waits, and for how long, is told by kind.
func TestMetrics(t *testing.T) {
	now, registry := noon, prometheus.NewRegistry()
	j := open(t, errands.Host{Now: func() time.Time { return now }})
	registry.MustRegister(j.Collectors()...)
	add(t, j, errand("1", storetest.Person("acme", 1)))
	now = noon.Add(time.Minute)
	add(t, j, errand("2", storetest.Person("acme", 1)))
	age := func(want time.Duration) {
		t.Helper()
		if got := gauge(t, registry, "sendgate_errands_oldest_seconds", "relay"); got != want.Seconds() {
			t.Errorf("the oldest is %g seconds old, want %v", got, want)
		}
	}
	age(time.Minute)
	kill := func(id string, state errands.State) {
		storetest.Must(t, j.Change(context.Background(), id, func(e *errands.Errand) error { e.State = state; return nil }))
	}
	kill("1", errands.Dead)
	age(0)
	now = noon.Add(2 * time.Minute)
	age(time.Minute)
	kill("1", errands.Waiting)
	age(2 * time.Minute)
	storetest.Must(t, j.End(context.Background(), "1"))
	storetest.Must(t, j.End(context.Background(), "2"))
	age(0)
	if got := gauge(t, registry, "sendgate_errands_bytes", ""); got <= 0 || got > 200 {
		t.Errorf("what is remembered of two takes %g bytes", got)
	}
}
