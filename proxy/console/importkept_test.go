package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// A dry run foretells what the store would refuse, and nothing that is refused counts as news.
func TestImportCountsWhatIsKept(t *testing.T) {
	var file strings.Builder
	file.WriteString("address,state,scope,basis,time,note,screenshot_sha256\n")
	fmt.Fprintf(&file, "+4915123456780,opted-out,,,,%s,\n", strings.Repeat("x", 16<<10+1))
	fmt.Fprintf(&file, "+4915123456781,opted-in,,express,2026-01-31,,%s\n", strings.Repeat("a", 64))
	file.WriteString("+4915123456782,opted-out,,,,,\n")
	b := newBench(t)
	for _, dry := range []bool{true, false} {
		last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file.String()), ImportOptions{Brand: "shop", Channel: filter.SMS, DryRun: dry}, nil)
		if err != nil || last.OptOuts != 1 || last.OptIns != 0 || last.Refused != 2 {
			t.Errorf("dry run %t: got %+v, %v, want one opt-out and two rows that are refused", dry, last, err)
		}
	}
	file.Reset()
	file.WriteString("address,state,scope\n")
	for i := range 300 {
		fmt.Fprintf(&file, "+4915123456783,opted-out,topic:t%d\n", i)
	}
	last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file.String()), ImportOptions{Brand: "shop", Channel: filter.SMS}, nil)
	if err != nil || last.Taken != 256 || last.OptOuts != 256 || last.Refused != 44 {
		t.Errorf("of more topics than somebody may have: got %+v, %v, want 256 opt-outs", last, err)
	}
}

// Nothing that goes with an opt-out keeps it out, and nothing of it is lost. Of an opt-in it is what proves it.
func TestImportTakesAnOptOutWithoutWhatDoesNotRead(t *testing.T) {
	const header = "address,state,basis,time,method,action,captured_at,pre_ticked\n"
	for name, c := range map[string]struct{ row, note, warning string }{
		"the basis of what it ends":   {"opted-out,express,2026-01-31,,,,", "basis given as express", "an opt-out has none: it belongs to an opt-in"},
		"a word that is no basis":     {"opted-out,yes,2026-01-31,,,,", "basis given as yes", `unknown basis "yes": want one of none, inquiry, transaction, express`},
		"a date that does not read":   {"opted-out,,2026-01-31,,,31.01.2026,", "captured_at given as 31.01.2026", `"31.01.2026" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z)`},
		"two cells that do not read":  {"opted-out,,2026-01-31,,,soon,maybe", "captured_at given as soon; pre_ticked given as maybe", `"soon" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z)`},
		"all of that about an opt-in": {row: "opted-in,express,2026-01-31,web form,ticked box,31.01.2026,"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			last, problems, err := runImport(t, b, strings.NewReader(header+berta.Address+","+c.row+"\n"), "brand=shop&channel=sms")
			if err != nil || (last.Refused == 0) != (c.note != "") || len(problems) != 1 {
				t.Fatalf("got %+v, %+v, %v", last, problems, err)
			}
			events, err := b.store.History(berta)
			if err != nil || len(events) != last.Taken {
				t.Fatalf("got %+v, %v", events, err)
			}
			if c.note != "" && (events[0].Kind != filter.OptedOut || events[0].Note != c.note || problems[0].Warning != c.warning+"; the opt-out is taken without it") {
				t.Errorf("kept %+v with %+v", events[0], problems)
			}
		})
	}
}
