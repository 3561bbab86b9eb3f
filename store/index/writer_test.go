package index_test

import (
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/index"
)

// Whoever states no place takes no more memory for others who do.
func TestPlaceTakesLittle(t *testing.T) {
	const people = 4000
	ix := index.New(people)
	w := ix.Writer()
	at := func(i int) fingerprint.Recipient { return person(i).At(1) }
	for i := range people {
		in := filter.Event{Kind: filter.OptedIn, Basis: filter.Express, Time: time.Unix(1_800_000_000, 0)}
		if i%2 == 1 {
			in.Proof.Place = []string{"US-TX", "US-NY America/New_York"}[i/2%2]
		}
		fp, r := at(i), filter.Record{}.After(in)
		w.Add(&fp, &r)
	}
	without, with := index.RowSize(ix, at(0)), index.RowSize(ix, at(1))
	if without == 0 || without > 13 || with > without+5 {
		t.Errorf("a row takes %d bytes, and with a place %d", without, with)
	}
}
