package filter

import (
	"regexp"
	"strings"
)

// figures are what is no number of anybody's: UUIDs, counters filled up with zeros, and days, with what tells
// the time of one, as in 2026-11-01 14:00, 01.11.2026, 11-22-2026, 2026/11/1, 202611011400. The first group is
// one that may be, as a country code or an area code stands in front.
var figures = func() *regexp.Regexp {
	const (
		year, month, day = `(?:19|20)\d\d`, `(?:0?[1-9]|1[0-2])`, `(?:0?[1-9]|[12]\d|3[01])`
		date             = year + `[-./]` + month + `[-./]` + day + `|` + day + `[-./]` + day + `[-./]` + year +
			`|20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[T_-]?(?:\d{4}|\d{6})?`
		figure = `\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|000\d+|(?:` + date + `)(?:[T ]\d\d:\d\d(?::\d\d)?)?)\b`
	)
	return regexp.MustCompile(`(?i)((?:\+\d{1,3}[ ./()-]{1,3}|\b0\d\d+[-./])` + figure + `)|` + figure)
}()

// ShowsNumber reports whether text holds what reads as somebody's phone number, for words that are kept
// where nobody expects a person: a plus and seven digits or more; nine or more that begin with 0; eleven
// or more that begin with a country code and have a length of that country; ten of the United States with
// something between them. Digits belong together with up to three blanks, dashes, dots, slashes or
// brackets between them. It may be wrong in both ways: a date is no number, but a long reference may be
// taken for one.
func ShowsNumber(text string) bool {
	text = figures.ReplaceAllString(text, "${1}x")
	var run sighting
	for _, r := range text {
		switch d, ok := digit(r); {
		case ok:
			run.add(d)
		case r == '+' || r == '＋':
			if run.number() {
				return true
			}
			run = sighting{plus: true}
		case separates(r) && run.gap < 3:
			run.gap++
		default:
			if run.number() {
				return true
			}
			run = sighting{}
		}
	}
	return run.number()
}

// A sighting is a row of digits that may be a phone number.
type sighting struct {
	digits []byte
	plus   bool
	parts  int
	gap    int // characters since the last digit
}

func (s *sighting) add(digit byte) {
	if s.gap > 0 || len(s.digits) == 0 {
		s.parts++
	}
	s.digits, s.gap = append(s.digits, digit), 0
}

func (s *sighting) number() bool {
	n, digits := len(s.digits), string(s.digits)
	switch {
	case s.plus:
		return n >= 7 && n <= 15
	case strings.HasPrefix(digits, "0"):
		return n >= 9 && n <= len("00")+15
	case n == 10:
		return s.parts > 1 && isNumber("+1"+digits)
	}
	return n >= 11 && n <= 15 && isNumber("+"+digits)
}

func isNumber(e164 string) bool {
	_, err := parse(e164, "")
	return err == nil
}
