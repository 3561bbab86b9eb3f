package filter

import (
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
	if f.line == "" || m.Category != Marketing || m.Text == "" || f.says(m.Text) {
		return forward
	}
	if utf8.RuneCountInString(f.line)+1 > m.Room {
		return block(Content)
	}
	return Decision{Action: Rewrite, Reason: Content, Edit: Edit{Footer: f.line}}
}

// says reports whether text already tells how to opt out.
func (f footer) says(text string) bool {
	for _, w := range f.words {
		if containsFold(text, w) {
			return true
		}
	}
	return false
}

// containsFold is strings.Contains without regard to case, and without allocating.
func containsFold(s, sub string) bool {
	for i := range s {
		if hasPrefixFold(s[i:], sub) {
			return true
		}
	}
	return sub == ""
}

func hasPrefixFold(s, prefix string) bool {
	for _, p := range prefix {
		r, n := utf8.DecodeRuneInString(s)
		if n == 0 || unicode.ToLower(r) != unicode.ToLower(p) {
			return false
		}
		s = s[n:]
	}
	return true
}
