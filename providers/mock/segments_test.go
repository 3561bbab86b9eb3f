package mock

import (
	"strings"
	"testing"
)

func TestSegments(t *testing.T) {
	for text, want := range map[string]int{
		"": 1, strings.Repeat("a", 160): 1, strings.Repeat("a", 161): 2, strings.Repeat("a", 307): 3,
		strings.Repeat("€", 80): 1, strings.Repeat("€", 81): 2, strings.Repeat("ш", 70): 1, strings.Repeat("ш", 71): 2,
		strings.Repeat("👋", 35): 1, strings.Repeat("👋", 36): 2,
	} {
		if got := segments(text); got != want {
			t.Errorf("%d characters starting %q: %d segments, want %d", len([]rune(text)), firstRune(text), got, want)
		}
	}
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
