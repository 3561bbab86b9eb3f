package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

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
