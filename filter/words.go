package filter

import (
	"fmt"
	"slices"
	"strings"
)

// word finds the index of text in names, for the enumerations of this package. The error lists
// what would have been understood.
func word[T ~uint8](what string, names []string, text []byte) (T, error) {
	i := slices.Index(names, string(text))
	if i < 0 {
		return 0, fmt.Errorf("unknown %s %q: want one of %s", what, text, strings.Join(names, ", "))
	}
	return T(i), nil
}

// name is the word for v, or its number when it has none.
func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%d", v)
}
