package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// phrases finds any of several phrases in a text, in one pass and without allocating. A phrase in
// capitals is found in capitals only, so that nobody takes "Stop by our shop" for a way out; any other
// is found in either case. No phrase is found within a longer word: no text says how to opt out because
// of "nonstop". What counts as within is letters that have case, since the scripts without it often
// write words together.
type phrases struct {
	ascii [utf8.RuneSelf][]phrase // by the first letter, in either case
	other map[rune][]phrase       // in lower case
}

// A phrase is one of phrases.
type phrase struct {
	text   string
	second byte // the second letter in lower case, where both are ASCII, or 0
	exact  bool // in its own case only
	ends   bool // with a letter that has case
	answer bool // is asked for, see answers
}

func newPhrase(text string) phrase {
	upper, lower := false, false
	for _, r := range text {
		upper, lower = upper || unicode.IsUpper(r), lower || unicode.IsLower(r)
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	p := phrase{text: text, exact: upper && !lower, ends: cased(last)}
	if len(text) > 1 && text[0] < utf8.RuneSelf && text[1] < utf8.RuneSelf && text[1] != '#' {
		p.second = small(text[1])
	}
	return p
}

// add has p find text.
func (p *phrases) add(text string) { p.put(newPhrase(text)) }

// addFold has p find text in either case, also where it is in capitals.
func (p *phrases) addFold(text string) {
	one := newPhrase(text)
	one.exact = false
	p.put(one)
}

func (p *phrases) put(one phrase) {
	first, _ := utf8.DecodeRuneInString(one.text)
	if first = lower(first); first < utf8.RuneSelf {
		all := append(p.ascii[first], one)
		p.ascii[first], p.ascii[unicode.ToUpper(first)] = all, all
		return
	}
	if p.other == nil {
		p.other = map[rune][]phrase{}
	}
	p.other[first] = append(p.other[first], one)
}

// in reports whether text has one of the phrases.
func (p *phrases) in(text string) bool {
	within := false // a word
	for i, r := range text {
		was := within
		if r < utf8.RuneSelf {
			within = letter(byte(r))
		} else {
			within = cased(r)
		}
		if was && within {
			continue
		}
		all := p.from(r)
		for j := range all {
			if all[j].may(text[i:]) && all[j].begins(text[i:]) {
				return true
			}
		}
	}
	return false
}

// begin reports whether text begins with one of the phrases.
func (p *phrases) begin(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	all := p.from(first)
	for i := range all {
		if all[i].may(text) && all[i].begins(text) {
			return true
		}
	}
	return false
}

// from are the phrases that may begin with r.
func (p *phrases) from(r rune) []phrase {
	if r < utf8.RuneSelf {
		return p.ascii[r]
	}
	if r = lower(r); r < utf8.RuneSelf {
		return p.ascii[r]
	}
	return p.other[r]
}

// may reports whether the second letter of text, if both are ASCII, is that of p: most often it is not.
func (p *phrase) may(text string) bool {
	return p.second == 0 || text[0] >= utf8.RuneSelf || len(text) > 1 && (text[1] >= utf8.RuneSelf || small(text[1]) == p.second)
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
	_, ok := p.cut(text)
	return ok
}

// cut is what follows p in a text that begins with it; ok is false where it does not.
func (p *phrase) cut(text string) (rest string, ok bool) {
	if rest, ok = cutPrefixFold(text, p.text, p.exact); !ok {
		return "", false
	}
	after, _ := utf8.DecodeRuneInString(rest)
	return rest, !(p.ends && cased(after))
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
		return letter(byte(r))
	}
	return unicode.IsUpper(r) || unicode.IsLower(r)
}

// letter reports whether c, which is ASCII, is a letter.
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// small is c, which is ASCII, in lower case.
func small(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// cutPrefixFold is strings.CutPrefix, without regard to case unless exact. A # in prefix stands for a digit, too.
func cutPrefixFold(s, prefix string, exact bool) (rest string, ok bool) {
	for _, p := range prefix {
		r, n := utf8.DecodeRuneInString(s)
		if n == 0 || r != p && (exact || lower(r) != lower(p)) && !(p == '#' && strings.ContainsRune("0123456789", r)) {
			return "", false
		}
		s = s[n:]
	}
	return s, true
}
