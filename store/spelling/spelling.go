// Package spelling finds an address in texts, however it is written there, and whose it is: what an erasure has to take out.
package spelling

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sendgate/sendgate/store/wire"
)

// Erased stands where a text held the address of somebody who was erased. It is never empty, so that no target
// of a switch grows wider by it.
const Erased = "(erased)"

// A Spelling finds one address in texts, however it is written there.
//
// A number is found by its E.164 digits wherever they stand in one piece, also inside a longer row of
// digits. In several pieces, or in another form, it is found only where it begins and ends with a
// piece, so that a part of another number, or of an id, is not taken for it. Between two pieces are
// up to four characters of any kind but letters and digits: spaces, dashes, dots, brackets. Forms are
//
//   - country code and national number, and +49 (0)151 with the national prefix between, each with
//     00 or 011 in front, or without;
//   - the national number with its prefix, 0151, and where it has seven digits or more, without;
//   - all of these for each way of writing a mobile of Brazil, Mexico and Argentina.
//
// Digits may be of any script. A number in words is not found, nor one broken by letters.
//
// Another address is found in any case of its letters; one without letters as a number is, but in its
// own form only.
type Spelling struct {
	lower  string   // the address in lower case, where it has letters
	digits string   // else its digits
	forms  []string // that it may be written in
	id     string   // the address, where it is no number
	whole  bool     // not inside a longer row of digits
}

const (
	minDigits = 7 // fewer may mean anything
	maxBreak  = 4 // characters between two pieces of a number
)

// Of is the spelling of an address in its canonical form.
func Of(address string) *Spelling {
	s := new(Spelling)
	if strings.Trim(address, "0123456789") == "" || strings.ContainsFunc(address, unicode.IsLetter) {
		s.id = address
	}
	if strings.ContainsFunc(address, unicode.IsLetter) {
		s.lower = strings.ToLower(address)
		return s
	}
	s.digits = strings.Map(func(r rune) rune {
		if d, ok := digit(r); ok {
			return rune('0' + d)
		}
		return -1
	}, address)
	switch {
	case len(s.digits) < minDigits:
		s.lower, s.digits, s.id = address, "", address
	case wire.E164(address) != 0:
		s.forms = numberForms(s.digits)
	default:
		s.forms = []string{s.digits}
	}
	return s
}

// twoDigits are the country codes of two digits; 1 and 7 have one, all others three.
// Source: https://www.itu.int/pub/T-SP-E.164D
const twoDigits = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98"

// numberForms lists in which digits people write a number in E.164.
func numberForms(e164 string) (forms []string) {
	n := 3
	switch {
	case e164[0] == '1' || e164[0] == '7':
		n = 1
	case strings.Contains(twoDigits, e164[:2]):
		n = 2
	}
	code, prefix := e164[:n], "0"
	switch code { // countries whose national prefix is another
	case "7":
		prefix = "8"
	case "36":
		prefix = "06"
	}
	for _, national := range mobileWays(code, e164[n:]) {
		for _, international := range []string{code + national, code + prefix + national} {
			forms = append(forms, international, "00"+international, "011"+international)
		}
		for _, domestic := range []string{prefix + national, national} {
			if len(domestic) >= minDigits {
				forms = append(forms, domestic)
			}
		}
	}
	return forms
}

// mobileWays lists the ways of writing a national number, of which filter.Number knows one.
func mobileWays(code, national string) []string {
	ways := []string{national}
	switch {
	case code == "55" && len(national) == 11 && national[2] == '9':
		ways = append(ways, national[:2]+national[3:])
	case code == "52" && len(national) == 10:
		ways = append(ways, "1"+national)
	case code == "54" && len(national) == 10:
		ways = append(ways, "9"+national)
	}
	return ways
}

// In reports whether the address is written in text.
func (s *Spelling) In(text string) bool {
	if s.lower != "" && strings.Contains(strings.ToLower(text), s.lower) {
		return true
	}
	if s.digits == "" || len(text) < minDigits {
		return false
	}
	var room [64]byte
	run := pieces{digits: room[:0]}
	between := 0
	for i := 0; i < len(text); {
		c, size := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		d, isDigit := digit(c)
		if isDigit {
			run.add(d, between > 0)
			between = 0
			continue
		}
		if between++; between <= maxBreak && !isLetter(c) {
			continue
		}
		if s.within(&run) {
			return true
		}
		run.reset()
	}
	return s.within(&run)
}

// Alone reports whether the address stands in a name as a word of its own: between white space,
// brackets, quotes, commas or semicolons. A number in E.164 digits does so wherever it is a row of digits
// of its own, as in sale-14155550100; in its other spellings where no letter is joined to it, so that
// newsletter-2026-11-01 is nobody's number.
func (s *Spelling) Alone(name string) bool {
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`()[]{}<>"',;`, r) })
	if s.id != "" {
		return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, s.id) })
	}
	rows := strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' })
	if slices.Contains(rows, s.digits) {
		return true
	}
	for i, word := range words {
		if strings.ContainsFunc(word, isLetter) {
			words[i] = "....." // more than maxBreak
		}
	}
	whole := *s
	whole.whole = true
	return whole.In(strings.Join(words, " "))
}

// pieces are rows of digits with little between them.
type pieces struct {
	digits []byte
	begins []int // where a piece begins
}

func (p *pieces) add(digit byte, apart bool) {
	if apart || len(p.digits) == 0 {
		p.begins = append(p.begins, len(p.digits))
	}
	p.digits = append(p.digits, '0'+digit)
}

func (p *pieces) reset() { p.digits, p.begins = p.digits[:0], p.begins[:0] }

// within reports whether the address is in a run of pieces.
func (s *Spelling) within(run *pieces) bool {
	all := string(run.digits)
	if len(all) < minDigits {
		return false
	}
	for i, from := range run.begins {
		end := len(all)
		if i+1 < len(run.begins) {
			end = run.begins[i+1]
		}
		if !s.whole && strings.Contains(all[from:end], s.digits) {
			return true
		}
		for _, form := range s.forms {
			to := from + len(form)
			if _, whole := slices.BinarySearch(run.begins, to); (whole || to == len(all)) && all[from:to] == form {
				return true
			}
		}
	}
	return false
}

func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r)
}

// digit is the value of r, if it is a decimal digit of any script. Unicode puts the ten of a script
// in a row (https://www.unicode.org/versions/latest/core-spec/chapter-4/, Decimal Digits).
func digit(r rune) (value byte, ok bool) {
	if r < utf8.RuneSelf {
		return byte(r - '0'), '0' <= r && r <= '9'
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, of := range unicode.Nd.R16 {
		if rune(of.Lo) <= r && r <= rune(of.Hi) {
			return byte((r - rune(of.Lo)) % 10), true
		}
	}
	for _, of := range unicode.Nd.R32 {
		if rune(of.Lo) <= r && r <= rune(of.Hi) {
			return byte((r - rune(of.Lo)) % 10), true
		}
	}
	return 0, false
}
