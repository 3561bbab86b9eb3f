package filter

import (
	"strings"
	"unicode/utf8"
)

// Mask is address as logs may show it: +14155550100 becomes +1415•••••00. It keeps up to five
// characters in front, which is about a country code, and the last two, and hides five at least;
// what has fewer than eight is hidden whole. Of an e-mail address, whose first letters may be a whole name, it
// keeps one in front. It takes anything, not only numbers.
func Mask(address string) string {
	const front, hidden, back = 5, 5, 2
	n := utf8.RuneCountInString(address)
	if n <= hidden+back {
		return strings.Repeat("•", n)
	}
	runes := []rune(address)
	head := min(front, n-hidden-back)
	if strings.Contains(address, "@") {
		head = 1
	}
	return string(runes[:head]) + strings.Repeat("•", n-head-back) + string(runes[n-back:])
}
