package store_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// goneErrands are errands of which but the first and the last tell of gonePerson.
func goneErrands() []store.Errand {
	about := func(id, body string) store.Errand {
		e := errand(id, person("acme", 1))
		e.Body = []byte(body)
		return e
	}
	inside, _ := json.Marshal(map[string]any{"call": map[string]any{"body": base64.StdEncoding.EncodeToString([]byte("Body=call+415%2D555%2D0100"))}})
	party := errand("party", gonePerson)
	party.Body = []byte("secret wording")
	dead := errand("dead", gonePerson)
	dead.State, dead.Error = store.ErrandDead, "+14155550100 is not there"
	told := about("told", "")
	told.Error = "no answer for (415) 555-0100"
	other := about("other", "+14155550100") // of another brand
	other.People[0].Brand = "other"
	return []store.Errand{about("waits", "hello"), party, dead, told, about("form", "Body=call+%28415%29+555-0100"), about("deep", string(inside)),
		about("call", "POST / HTTP/1.1\r\nHost: x\r\n\r\n{\"from\":\"\\u003415-555-0100\"}"), about("plain", `{"from":14155550100}`), other}
}

// Nothing of the person is left in any file, also not of what was done long ago; what was on its way for others is.
func TestEraseLeavesNothingInErrands(t *testing.T) {
	for name, memory := range map[string]bool{"on disk": false, "in memory": true} {
		t.Run(name, func(t *testing.T) {
			want := []string{"waits"}
			if memory {
				want = append(want, "other") // which is of another brand
			}
			cfg := store.Config{Dir: t.TempDir(), Memory: memory}
			s := open(t, cfg)
			ctx := context.Background()
			addErrands(t, s, goneErrands()[:7+len(want)]...)
			for _, id := range []string{"party", "form"} {
				must(t, s.Errands().End(ctx, id))
			}
			// What was said of it once is not said any more.
			must(t, s.Errands().Change(ctx, "waits", func(e *store.Errand) error { e.Error = "like +14155550100"; return nil }))
			must(t, s.Errands().Change(ctx, "waits", func(e *store.Errand) error { e.Error = ""; return nil }))
			if !memory && len(found(t, cfg.Dir)) == 0 {
				t.Fatal("the search finds nothing before the erasure either")
			}
			if e := erase(t, s, gonePerson); e.Errands != 5 {
				t.Errorf("%d errands ended, want 5", e.Errands)
			}
			equal(t, "left", errandIDs(t, s, store.ErrandQuery{}), want)
			if e, err := s.Errands().Get("waits"); err != nil || string(e.Body) != "hello" || e.Lanes[0] != person("acme", 1).Address {
				t.Errorf("what waits is %+v, %v", e, err)
			}
			if memory {
				return
			}
			if files := found(t, cfg.Dir); len(files) > 0 {
				t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
			}
			closeStore(t, s)
			s = open(t, cfg)
			equal(t, "left after a restart", errandIDs(t, s, store.ErrandQuery{}), want)
		})
	}
}

// While errands come, change and end, an erasure takes no others with it.
func TestEraseAmongErrands(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	ctx := context.Background()
	addErrands(t, s, errand("gone", gonePerson))
	var others sync.WaitGroup
	for lane := range 4 {
		others.Go(func() {
			for n := range 60 {
				id := fmt.Sprintf("%d-%d", lane, n)
				addErrands(t, s, errand(id, person("acme", lane)))
				if n%2 == 0 {
					must(t, s.Errands().Change(ctx, id, func(e *store.Errand) error { e.Tries = n; return nil }))
					continue
				}
				must(t, s.Errands().End(ctx, id))
			}
		})
	}
	for range 2 {
		others.Go(func() {
			for range 10 {
				must(t, store.RewriteErrands(s))
			}
		})
	}
	for range 5 {
		erase(t, s, gonePerson)
		must(t, store.CleanErrands(s))
	}
	others.Wait()
	for range 2 {
		n := 0
		for e, err := range s.Errands().All(store.ErrandQuery{}) {
			must(t, err)
			var lane, at int
			if _, err := fmt.Sscanf(e.ID, "%d-%d", &lane, &at); err != nil || e.Tries != at || at%2 != 0 || e.People[0] != person("acme", lane) {
				t.Fatalf("there is %+v, %v", e, err)
			}
			n++
		}
		if n != 4*30 {
			t.Errorf("%d errands are left, want 120", n)
		}
		if files := found(t, cfg.Dir); len(files) > 0 {
			t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
		}
		closeStore(t, s)
		s = open(t, cfg)
	}
}

// What a provider is to deliver to a person who is erased is to be cancelled, and nothing of that tells of them.
func TestEraseCancelsWhatIsScheduled(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	scheduled := func(id string, to filter.Recipient, body string) store.Errand {
		e := errand(id, to)
		e.Kind, e.Body = store.ErrandScheduled, []byte(body)
		return e
	}
	addErrands(t, s, scheduled("theirs", gonePerson, `{"id":"SM1"}`), scheduled("telling", gonePerson, `{"id":"SM2","to":"+14155550100"}`),
		scheduled("others", person("acme", 1), `{"id":"SM3"}`))
	erase(t, s, gonePerson)
	for range 2 {
		equal(t, "to be cancelled", errandIDs(t, s, store.ErrandQuery{Kinds: []store.ErrandKind{store.ErrandCancel}}), []string{"cancel.theirs"})
		equal(t, "to be delivered", errandIDs(t, s, store.ErrandQuery{Kinds: []store.ErrandKind{store.ErrandScheduled}}), []string{"others"})
		e, err := s.Errands().Get("cancel.theirs")
		if err != nil || len(e.People) > 0 || string(e.Body) != `{"id":"SM1"}` || e.Kind != store.ErrandCancel {
			t.Errorf("got %+v, %v", e, err)
		}
		if files := found(t, cfg.Dir); len(files) > 0 {
			t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
		}
		closeStore(t, s)
		s = open(t, cfg)
	}
}

// It is to be cancelled also where there is room for no other errand.
func TestEraseCancelsWhereErrandsAreFull(t *testing.T) {
	s := open(t, store.Config{Memory: true, Errands: store.Errands{Bytes: 2 << 10}})
	e := errand("theirs", gonePerson)
	e.Kind, e.Body, e.Remember = store.ErrandScheduled, []byte(`{"id":"SM1"}`), 0
	addErrands(t, s, e)
	for i := 0; ; i++ {
		if _, err := s.Errands().Add(context.Background(), store.Errand{ID: fmt.Sprint(i), Kind: store.ErrandAnswer}); errors.Is(err, store.ErrErrandsFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	erase(t, s, gonePerson)
	equal(t, "to be cancelled", errandIDs(t, s, store.ErrandQuery{Kinds: []store.ErrandKind{store.ErrandCancel}}), []string{"cancel.theirs"})
}
