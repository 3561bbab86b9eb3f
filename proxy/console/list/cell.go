package list

import (
	"strings"
	"time"
)

// Cell is text that somebody else wrote, as a cell of a file that a spreadsheet opens: what would be taken for a
// formula gets an apostrophe. https://owasp.org/www-community/attacks/CSV_Injection
func Cell(text string) string {
	if strings.IndexAny(text, "=+-@\t\r\n＝＋－＠") != 0 {
		return text
	}
	if text[0] == '+' && strings.Trim(text[1:], "0123456789•") == "" {
		return text // a phone number, or what is shown of one
	}
	return "'" + text
}

// unmark takes off the apostrophe that [Cell] adds.
func unmark(text string) string {
	if rest, marked := strings.CutPrefix(text, "'"); marked && Cell(rest) == text {
		return rest
	}
	return text
}

// Stamp is a moment as a cell, empty for none.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
