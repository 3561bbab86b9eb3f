package input

import (
	"fmt"
	"strings"
	"testing"
)

// What is nested without end is found before anything reads it, in a time that does not grow with the square of its
// length, and where it begins.
func TestEndlessYAML(t *testing.T) {
	nested := func(open, end string) func(n int) string {
		return func(n int) string { return strings.Repeat(open, n) + "1" + strings.Repeat(end, n) }
	}
	lines := func(each string) func(n int) string {
		return func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", i), each)
			}
			return b.String()
		}
	}
	for name, c := range map[string]struct {
		text         func(n int) string
		line, column int
	}{
		"brackets":                  {nested("[", "]"), 1, 33},
		"brackets without an end":   {nested("[", ""), 1, 33},
		"braces":                    {nested("{a: ", "}"), 1, 129},
		"both, in a list, in a map": {func(n int) string { return "a:\n  b:\n    - " + nested("[{a: ", "}]")(n/2) }, 3, 78},
		"dashes in one line":        {nested("- ", ""), 1, 65},
		"dashes in lines":           {lines("-"), 33, 33},
		"maps in lines":             {lines("a:"), 33, 33},
	} {
		if at, _ := Endless([]byte(c.text(deepestYAML - 4))); at != nil {
			t.Errorf("%s, which is not too deep: %+v", name, at)
		}
		if at, _ := Endless([]byte(c.text(1000))); at == nil || at.Line != c.line || at.Column != c.column {
			t.Errorf("%s: found at %+v, want %d:%d", name, at, c.line, c.column)
		}
	}
	wide := strings.Repeat("a:\n  - {b: [1, 2], c: {d: e}}\n  - b: '[[[['\n    c: # {{{{\n", 1000)
	if at, how := Endless([]byte(wide)); at != nil {
		t.Errorf("what is long: %s, at %+v", how, at)
	}
	keys := "a:\n" + strings.Repeat("  b:\n  - c: d\n", mostYAMLKeys)
	if at, how := Endless([]byte(keys)); at != nil {
		t.Errorf("as many keys as there may be: %s, at %+v", how, at)
	}
	if at, how := Endless([]byte(keys + "  b: e\n  b: f\n")); at == nil || at.Line != 2*mostYAMLKeys+2 || how != "this is the key after 10000 others in one place" {
		t.Errorf("one key more: %s, at %+v", how, at)
	}
}
