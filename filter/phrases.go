package filter

import (
	"unicode"
	"unicode/utf8"
)

// phrases finds any of several phrases in a text, in one pass and without allocating. A phrase in
// capitals is found in capitals only, so that nobody takes "Stop by our shop" for a way out; any other
// is found in either case. No phrase is found within a longer word: no text says how to opt out because
// of "nonstop". What counts as within is letters that have case, since the scripts without it often
// write words together.
type phrases struct {
	ascii [utf8.RuneSelf][]phrase // by the first letter, in lower case
	other map[rune][]phrase
}

// A phrase is one of phrases.
type phrase struct {
	text  string
	exact bool // in its own case only
	ends  bool // with a letter that has case
}

func newPhrase(text string) phrase {
	upper, lower := false, false
	for _, r := range text {
		upper, lower = upper || unicode.IsUpper(r), lower || unicode.IsLower(r)
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	return phrase{text: text, exact: upper && !lower, ends: cased(last)}
}

// add has p find text.
func (p *phrases) add(text string) {
	one := newPhrase(text)
	first, _ := utf8.DecodeRuneInString(text)
	if first = lower(first); first < utf8.RuneSelf {
		p.ascii[first] = append(p.ascii[first], one)
		return
	}
	if p.other == nil {
		p.other = map[rune][]phrase{}
	}
	p.other[first] = append(p.other[first], one)
}

// in reports whether text has one of the phrases.
func (p *phrases) in(text string) bool {
	before := ' '
	for i, r := range text {
		start := !(cased(before) && cased(r))
		before = r
		if !start {
			continue
		}
		for _, one := range p.from(r) {
			if one.begins(text[i:]) {
				return true
			}
		}
	}
	return false
}

// from are the phrases that may begin with r.
func (p *phrases) from(r rune) []phrase {
	if r = lower(r); r < utf8.RuneSelf {
		return p.ascii[r]
	}
	return p.other[r]
}

// mentions reports whether text has word, in either case and not within a longer word.
func mentions(text, word string) bool {
	one, before := newPhrase(word), ' '
	one.exact = false
	for i, r := range text {
		if !(cased(before) && cased(r)) && one.begins(text[i:]) {
			return true
		}
		before = r
	}
	return false
}

// begins reports whether text begins with p and not with a longer word.
func (p *phrase) begins(text string) bool {
	rest, ok := cutPrefixFold(text, p.text, p.exact)
	if !ok {
		return false
	}
	after, _ := utf8.DecodeRuneInString(rest)
	return !(p.ends && cased(after))
}

// lower is r in lower case. The Turkish i without a dot counts as one with it: in capitals it is the
// I of everybody else.
func lower(r rune) rune {
	if r == 'ı' {
		return 'i'
	}
	return unicode.ToLower(r)
}

func cased(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z'
	}
	return unicode.IsUpper(r) || unicode.IsLower(r)
}

// cutPrefixFold is strings.CutPrefix, without regard to case unless exact.
func cutPrefixFold(s, prefix string, exact bool) (rest string, ok bool) {
	for _, p := range prefix {
		r, n := utf8.DecodeRuneInString(s)
		if n == 0 || r != p && (exact || lower(r) != lower(p)) {
			return "", false
		}
		s = s[n:]
	}
	return s, true
}
