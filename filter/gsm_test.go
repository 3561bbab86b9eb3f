package filter

import (
	"strings"
	"testing"
)

// The alphabet and its extension as the standard prints them, row by row.
const (
	gsmAlphabet  = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

func TestGSMWidth(t *testing.T) {
	for r := range rune(0x10000) {
		want := 0
		switch {
		case strings.ContainsRune(gsmAlphabet, r):
			want = 1
		case strings.ContainsRune(gsmExtension, r):
			want = 2
		}
		if got := gsmWidth(r); got != want && (r < 0xD800 || r > 0xDFFF) {
			t.Errorf("%q takes %d places, want %d", r, got, want)
		}
	}
}

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		name, text, line string
		want             int
	}{
		{"a line break and a line fill one SMS", strings.Repeat("a", 149), "0123456789", 1},
		{"one place more makes two", strings.Repeat("a", 150), "0123456789", 2},
		{"a brace takes two places", strings.Repeat("a", 147) + "{", "0123456789", 1},
		{"each of several has 153", strings.Repeat("a", 2*153-11), "0123456789", 2},
		{"and one more makes three", strings.Repeat("a", 2*153-10), "0123456789", 3},
		{"one letter outside the alphabet leaves 70 places", strings.Repeat("a", 68), "я", 1},
		{"and one more makes two", strings.Repeat("a", 69), "я", 2},
		{"an emoji takes two of them", strings.Repeat("a", 67), "🎉", 1},
		{"of several each has 67", strings.Repeat("я", 2*67-2), "я", 2},
		{"and one more makes three", strings.Repeat("я", 2*67-1), "я", 3},
	} {
		if got := segments(c.text, c.line); got != c.want {
			t.Errorf("%s: %d SMS, want %d", c.name, got, c.want)
		}
	}
}
