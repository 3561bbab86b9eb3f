package list

import (
	"strings"
	"testing"
)

// A mapping that is nested without end is refused before anything reads it.
func TestEndlessMapping(t *testing.T) {
	_, err := NewMapping("", "columns:\n  a: "+strings.Repeat("[", 1000), nil, nil)
	if want := "mapping: line 2: this is nested deeper than 32 levels, as in no mapping"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
