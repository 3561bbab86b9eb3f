package filter

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// expand writes the values of variables, such as {brand}, into text. The key of an empty value is
// known and cannot be used: its value says where it would come from.
func expand(text string, values map[string]variable) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		v, known := values[name]
		switch {
		case !closed || !known:
			return "", fmt.Errorf("unknown variable {%s}: want one of {%s}", name, strings.Join(slices.Sorted(maps.Keys(values)), "}, {"))
		case v.value == "":
			return "", fmt.Errorf("{%s} has no value: %s", name, v.from)
		}
		out.WriteString(v.value)
		text = after
	}
}

// variables are the names in braces in a configured text.
var variables = regexp.MustCompile(`\{\w*\}`)

// A variable is what a name in braces stands for in a configured text.
type variable struct {
	value string
	from  string // where to set it
}
