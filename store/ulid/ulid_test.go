package ulid_test

import (
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/ulid"
)

func TestNew(t *testing.T) {
	// The time part of a known ULID: 01ARYZ6S41 is 1469918176385 ms.
	begin := time.UnixMilli(1469918176385)
	id := ulid.New(begin)
	if len(id) != ulid.Length || id[:10] != "01aryz6s41" {
		t.Errorf("New gives %q, want it to begin with 01aryz6s41", id)
	}
	last := ""
	for i := range 1000 {
		id := ulid.New(begin.Add(time.Duration(i) * time.Millisecond))
		if id <= last {
			t.Fatalf("%q after %q", id, last)
		}
		hi, lo, ok := ulid.Parse(id)
		if again := ulid.Format(hi, lo); !ok || again != id {
			t.Fatalf("%q is read as %x %x, which is %q", id, hi, lo, again)
		}
		last = id
	}
}

func TestParseRefuses(t *testing.T) {
	for name, id := range map[string]string{
		"nothing":                          "",
		"one character too few":            "01aryz6s41tsv4rrffq69g5fa",
		"one character too many":           "01aryz6s41tsv4rrffq69g5favv",
		"more than 128 bits":               "81aryz6s41tsv4rrffq69g5fav",
		"a letter of no Crockford's":       "01aryz6s41tsv4rrffq69g5fau",
		"capitals, which Format wants not": "01ARYZ6S41TSV4RRFFQ69G5FAV",
	} {
		if _, _, ok := ulid.Parse(id); ok {
			t.Errorf("%s: %q is taken", name, id)
		}
	}
}
