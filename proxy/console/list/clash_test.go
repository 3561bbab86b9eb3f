package list

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// What a file says twice, and who it both opts in and out, is found however little is sorted at a
// time: all of it, and nothing else.
func TestClashesAreFoundInParts(t *testing.T) {
	for _, c := range []struct {
		name                     string
		statements, people, most int
	}{
		{"everything fits into memory", 2_000, 500, SortsAtOnce},
		{"blocks lie in the file, and each part is sorted at once", 120_000, 40_000, 10_000},
		{"each part is read several times", 120_000, 40_000, 200},
		{"few people, of whom very much is said again and again", 60_000, 20, 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(c.most)))
			clash := NewClashes(c.most)
			defer clash.Close()
			said, sides := map[filter.Event]int{}, map[string]map[filter.Kind]bool{}
			var events []filter.Event
			for range c.statements {
				e := filter.Event{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprint(r.IntN(c.people))},
					Kind: filter.OptedIn, Basis: filter.Express, Time: time.Unix(0, 0).Add(time.Duration(r.IntN(3)) * time.Hour)}
				if r.IntN(4) == 0 {
					e.Kind, e.Basis = filter.OptedOut, filter.NoBasis
				}
				events = append(events, e)
				said[e]++
				if sides[e.To.Address] == nil {
					sides[e.To.Address] = map[filter.Kind]bool{}
				}
				sides[e.To.Address][e.Kind] = true
				if err := clash.Note(&e); err != nil {
					t.Fatal(err)
				}
			}
			if err := clash.Find(func() error { return nil }); err != nil {
				t.Fatal(err)
			}
			for i := range events {
				clash.Gather(i+1, &events[i])
			}
			if err := clash.Gathered(); err != nil {
				t.Fatal(err)
			}
			for i := range events {
				e := &events[i]
				if got, want := clash.repeated(e) != nil, said[*e] > 1; got != want {
					t.Fatalf("%+v is said %d times, and found to be said again: %v", *e, said[*e], got)
				}
				if i >= 100 {
					continue
				}
				outs := 0
				if seen := sides[e.To.Address]; seen[filter.OptedIn] && seen[filter.OptedOut] {
					for other, n := range said {
						if other.To == e.To && other.Kind == filter.OptedOut {
							outs += n
						}
					}
				}
				if got := len(clash.outsOf(e.To)); got != outs {
					t.Fatalf("%s has %d opt-outs that clash, found are %d", e.To.Address, outs, got)
				}
			}
		})
	}
}

// More about one recipient than is sorted at a time is refused, and not a reason for more memory.
func TestClashesOfOneRecipientAreBounded(t *testing.T) {
	clash := NewClashes(64)
	defer clash.Close()
	for i := range 1000 {
		e := filter.Event{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+4915123456789"}, Kind: filter.Wrote, Time: time.Unix(int64(i), 0)}
		if err := clash.Note(&e); err != nil {
			t.Fatal(err)
		}
	}
	err := clash.Find(func() error { return nil })
	if want := "more than 24 different statements of this file are about one recipient: split it"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
