package store_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// errand is an errand about a person, in their lane.
func errand(id string, to filter.Recipient) errands.Errand {
	return errands.Errand{ID: id, Kind: errands.Relay, Route: "twilio", People: []filter.Recipient{to}, Lanes: []string{to.Address},
		Body: []byte("From=" + to.Address), Remember: time.Hour}
}

func addErrands(t testing.TB, s *store.Store, all ...errands.Errand) []bool {
	t.Helper()
	added, err := s.Errands().Add(context.Background(), all...)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// errandIDs lists the errands that q chooses.
func errandIDs(t testing.TB, s *store.Store, q errands.Query) (all []string) {
	t.Helper()
	for e, err := range s.Errands().All(q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.ID)
	}
	return all
}

// goneErrands are errands of which but the first and the last tell of gonePerson.
func goneErrands() []errands.Errand {
	about := func(id, body string) errands.Errand {
		e := errand(id, storetest.Person("acme", 1))
		e.Body = []byte(body)
		return e
	}
	inside, _ := json.Marshal(map[string]any{"call": map[string]any{"body": base64.StdEncoding.EncodeToString([]byte("Body=call+415%2D555%2D0100"))}})
	party := errand("party", gonePerson)
	party.Body = []byte("secret wording")
	dead := errand("dead", gonePerson)
	dead.State, dead.Error = errands.Dead, "+14155550100 is not there"
	told := about("told", "")
	told.Error = "no answer for (415) 555-0100"
	other := about("other", "+14155550100") // of another brand
	other.People[0].Brand = "other"
	return []errands.Errand{about("waits", "hello"), party, dead, told, about("form", "Body=call+%28415%29+555-0100"), about("deep", string(inside)),
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
				storetest.Must(t, s.Errands().End(ctx, id))
			}
			// What was said of it once is not said any more.
			storetest.Must(t, s.Errands().Change(ctx, "waits", func(e *errands.Errand) error { e.Error = "like +14155550100"; return nil }))
			storetest.Must(t, s.Errands().Change(ctx, "waits", func(e *errands.Errand) error { e.Error = ""; return nil }))
			if !memory && len(found(t, cfg.Dir)) == 0 {
				t.Fatal("the search finds nothing before the erasure either")
			}
			if e := erase(t, s, gonePerson); e.Errands != 5 {
				t.Errorf("%d errands ended, want 5", e.Errands)
			}
			storetest.Equal(t, "left", errandIDs(t, s, errands.Query{}), want)
			if e, err := s.Errands().Get("waits"); err != nil || string(e.Body) != "hello" || e.Lanes[0] != storetest.Person("acme", 1).Address {
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
			storetest.Equal(t, "left after a restart", errandIDs(t, s, errands.Query{}), want)
		})
	}
}
