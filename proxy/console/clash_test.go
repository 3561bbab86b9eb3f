package console

import (
	"fmt"
	"math/rand/v2"
	"strings"
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
		{"everything fits into memory", 2_000, 500, manySightings},
		{"blocks lie in the file, and each part is sorted at once", 120_000, 40_000, 10_000},
		{"each part is read several times", 120_000, 40_000, 200},
		{"few people, of whom very much is said again and again", 60_000, 20, 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(c.most)))
			clash := newClashes(c.most)
			defer clash.close()
			said, sides := map[filter.Event]int{}, map[string]map[filter.Kind]bool{}
			var events []filter.Event
			for range c.statements {
				e := filter.Event{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprint(r.IntN(c.people))},
					Kind: filter.OptedIn, Basis: filter.Express, Time: noon.Add(time.Duration(r.IntN(3)) * time.Hour)}
				if r.IntN(4) == 0 {
					e.Kind, e.Basis = filter.OptedOut, filter.NoBasis
				}
				events = append(events, e)
				said[e]++
				if sides[e.To.Address] == nil {
					sides[e.To.Address] = map[filter.Kind]bool{}
				}
				sides[e.To.Address][e.Kind] = true
				if err := clash.note(&e); err != nil {
					t.Fatal(err)
				}
			}
			if err := clash.find(func() error { return nil }); err != nil {
				t.Fatal(err)
			}
			for i := range events {
				clash.gather(i+1, &events[i])
			}
			if err := clash.gathered(); err != nil {
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
	clash := newClashes(64)
	defer clash.close()
	for i := range 1000 {
		e := filter.Event{To: berta, Kind: filter.Wrote, Time: noon.Add(time.Duration(i) * time.Second)}
		if err := clash.note(&e); err != nil {
			t.Fatal(err)
		}
	}
	err := clash.find(func() error { return nil })
	if want := "more than 24 different statements of this file are about one recipient: split it"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A file much larger than what is sorted at a time: its first line opts in whom its last one opts
// out, and its second says what the one before the last repeats.
func TestImportFindsClashesAcrossALargeFile(t *testing.T) {
	b := newBench(t)
	b.server.sortsAtOnce = 128
	var file strings.Builder
	file.WriteString("address,state,basis,time\n+4915200000001,opted-in,express,2026-01-02\n+4915200000002,opted-out,,2026-01-02\n")
	for i := range 60_000 {
		fmt.Fprintf(&file, "+49151%08d,opted-out,,2026-01-02\n", i)
	}
	file.WriteString("+4915200000002,opted-out,,2026-01-02\n+4915200000001,opted-out,,2026-01-01\n")
	var lines []string
	last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file.String()),
		ImportOptions{Brand: "shop", Channel: filter.SMS, DryRun: true}, func(l ImportLine) error {
			if l.Line > 0 {
				lines = append(lines, fmt.Sprintf("%d %s%s", l.Line, l.Problem, l.Warning))
			}
			return nil
		})
	if err != nil || !last.Done || last.OptOuts != 60_002 || last.OptIns != 0 || last.Conflicts != 1 || last.Known != 1 {
		t.Errorf("got %+v, %v", last, err)
	}
	want := []string{"2 line 60005 of this file opts the same recipient out: the opt-out wins", "60004 says the same as line 3"}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Errorf("the lines say %q, want %q", lines, want)
	}
}
