package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

func stated(to filter.Recipient, id, place string, ago time.Duration) filter.Event {
	e := optIn(to, id)
	e.Proof.Place, e.Time = place, noon.Add(-ago)
	return e
}

// Where a recipient is, as the last statement says, is known to every read, whatever holds the records,
// and not after an erasure.
func TestPlaceOfARecipient(t *testing.T) {
	ana, bob := storetest.Person("acme", 1), storetest.Person("acme", 2)
	for name, index := range map[string]int64{"in memory": 0, "on disk": 1} {
		t.Run(name, func(t *testing.T) {
			cfg := store.Config{Dir: t.TempDir(), Index: index, Now: storetest.NewClock(noon).Now}
			s := open(t, cfg)
			want := func(to filter.Recipient, place string) {
				t.Helper()
				r, err := s.Read(to, filter.NeedRecord)
				if storetest.Must(t, err); r.Place != place || r.Placed.IsZero() != (place == "") {
					t.Errorf("%s is at %q since %s, want %q", to.Address, r.Place, r.Placed, place)
				}
			}
			keep(t, s, stated(ana, "a", "US-TX", time.Hour), optIn(bob, "b"))
			keep(t, s, stated(ana, "c", "US-NY", 2*time.Hour)) // older, and learnt later
			want(ana, "US-TX")
			want(bob, "")
			keep(t, s, stated(ana, "d", "US-NY America/New_York", time.Minute), stated(ana.Everywhere(), "e", "DE", 2*time.Minute))
			want(ana, "US-NY America/New_York")
			for range 2 { // the second time from the snapshot
				closeStore(t, s)
				s = open(t, cfg)
				want(ana, "US-NY America/New_York")
				want(bob, "")
			}
			sound(t, s)
			for k, err := range s.Records() {
				if storetest.Must(t, err); k.To == ana && k.Record.Place != "US-NY America/New_York" {
					t.Errorf("a walk finds them at %q", k.Record.Place)
				}
			}
			erase(t, s, ana)
			want(ana, "")
			want(filter.Recipient{Brand: "other", Channel: ana.Channel, Address: ana.Address}, "DE")
			keep(t, s, stated(ana, "f", "US-TX", time.Hour)) // old news
			want(ana, "")
			sound(t, s)
			closeStore(t, s)
		})
	}
}

// A place that nobody is stated to be in any more is not in the snapshot, and everybody else is still where
// they were: with places that came before it and behind it, and with one that comes when it is gone.
func TestSnapshotWithoutAnErasedPlace(t *testing.T) {
	dir := t.TempDir()
	cfg := store.Config{Dir: dir}
	s := open(t, cfg)
	places := []string{"US-TX 797", "US-AK 995", "US-NY 100", "US-AK 996", "US-HI 967", "FR", "US-TX 797"}
	for i, place := range places {
		keep(t, s, stated(storetest.Person("acme", i), fmt.Sprint(i), place, time.Hour))
	}
	gone := map[int]bool{}
	for n, who := range []int{1, 3, 6} {
		closeStore(t, s)
		var used bool
		if s, used = reopened(t, dir, 0); !used {
			t.Error("the snapshot was not used")
		}
		erase(t, s, storetest.Person("acme", who))
		gone[who] = true
		keep(t, s, stated(storetest.Person("acme", 10+n), "new", fmt.Sprintf("US-CA 90%d", n), time.Hour))
	}
	closeStore(t, s)
	snapshot, err := os.ReadFile(filepath.Join(dir, "index"))
	storetest.Must(t, err)
	for _, place := range places {
		if has := bytes.Contains(snapshot, []byte(place)); has != !strings.HasPrefix(place, "US-AK") {
			t.Errorf("%s is in the snapshot: %v", place, has)
		}
	}
	s, _ = reopened(t, dir, 0)
	for i, place := range append(places, "", "", "", "US-CA 900", "US-CA 901", "US-CA 902") {
		if gone[i] {
			place = ""
		}
		if r := read(t, s, storetest.Person("acme", i), filter.NeedRecord); r.Place != place {
			t.Errorf("recipient %d is at %q, want %q", i, r.Place, place)
		}
	}
}
