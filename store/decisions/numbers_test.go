package decisions

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// A number is found wherever it stands, among numbers of all lengths, of which many end or begin as it does.
func TestNumbersAreFoundInTheirColumn(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		var column numbers
		var all []uint64
		kept := []uint64{1, 0x7f, 0x80, 0x3fff, 1<<40 | 5, 14155550100, random.Uint64() >> random.IntN(64)}
		for range random.IntN(60) {
			n := kept[random.IntN(len(kept))]
			if random.IntN(3) == 0 {
				n = n<<7 | uint64(random.IntN(128)) // ends as n does
			}
			all = append(all, n)
			column = binary.AppendUvarint(column, n)
		}
		if column.len() != len(all) {
			t.Fatalf("%d numbers in %x, want %d", column.len(), column, len(all))
		}
		for _, n := range append(kept, 0, 2) {
			var want, got []int
			for i, other := range all {
				if other == n {
					want = append(want, i)
				}
			}
			column.each(n, func(place int) bool { got = append(got, place); return true })
			if !slices.Equal(got, want) {
				t.Fatalf("%d is found at %v of %v, want %v", n, got, all, want)
			}
			if len(want) > 1 {
				got = nil
				column.each(n, func(place int) bool { got = append(got, place); return len(got) < 2 })
				if !slices.Equal(got, want[:2]) {
					t.Fatalf("%d is found first at %v of %v, want %v", n, got, all, want[:2])
				}
			}
		}
	}
}
