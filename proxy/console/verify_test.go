package console

import (
	"slices"
	"testing"

	"github.com/sendgate/sendgate/store"
)

// The chain is held against all anchors that there are: those of ten years, one an hour, are 88 thousand.
func TestTheChainIsHeldAgainstTheAnchorsOfTenYears(t *testing.T) {
	b := newBench(t)
	b.learnMany(1)
	cut := b.store.Head()
	cut.Seq = 9
	for _, last := range []store.Head{b.store.Head(), cut} {
		heads := append(slices.Repeat([]store.Head{b.store.Head()}, 10*365*24), last)
		report, err := b.client(Viewer).Verify(t.Context(), heads...)
		if err != nil || report.OK() != (last != cut) {
			t.Errorf("held against %d heads, the last of link %d: %+v, %v", len(heads), last.Seq, report, err)
		}
	}
}
