package filter

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// footer adds the opt-out line to marketing text that lacks one. Templates and media without a
// caption have no text of ours to change and pass as they are.
type footer struct {
	line  string
	words []string
}

func (footer) Name() string       { return "footer" }
func (footer) Need(*Message) Need { return NeedOptOut }

func (f footer) Judge(m *Message, _ *Record, _ time.Time) Decision {
	if f.line == "" || m.Category != Marketing || m.Template != "" || m.Text == "" || f.says(m.Text) {
		return forward
	}
	if f.size() > m.Room {
		return block(Content)
	}
	return Decision{Action: Rewrite, Reason: Content, Edit: Edit{Footer: f.line}}
}

// size is how many characters the line and the break before it take.
func (f footer) size() int { return utf8.RuneCountInString(f.line) + 1 }

// says reports whether text already tells how to opt out: in the words of the line itself, as
// when a text passes a second time, or in words of its own.
func (f footer) says(text string) bool {
	if strings.Contains(text, f.line) {
		return true
	}
	for _, w := range f.words {
		if mentions(text, w) {
			return true
		}
	}
	return false
}

// mentions is strings.Contains without regard to case, without allocating, and not within a
// longer word: no text is without an opt-out line because of "nonstop". What counts as within is
// letters that have case; the scripts without it often write words together.
func mentions(text, word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	before, initial := ' ', unicode.ToLower(first)
	for i, r := range text {
		rest, ok := "", unicode.ToLower(r) == initial
		if ok {
			rest, ok = cutPrefixFold(text[i:], word)
		}
		if ok {
			after, _ := utf8.DecodeRuneInString(rest)
			if !(cased(before) && cased(first)) && !(cased(last) && cased(after)) {
				return true
			}
		}
		before = r
	}
	return false
}

func cased(r rune) bool { return unicode.IsUpper(r) || unicode.IsLower(r) }

// cutPrefixFold is strings.CutPrefix without regard to case.
func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	for _, p := range prefix {
		r, n := utf8.DecodeRuneInString(s)
		if n == 0 || unicode.ToLower(r) != unicode.ToLower(p) {
			return "", false
		}
		s = s[n:]
	}
	return s, true
}
