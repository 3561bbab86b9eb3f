package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A wayOut finds in a text that it tells its reader how to opt out: a wording that says so by itself, as
// "unsubscribe", or a keyword as part of an instruction, as STOP in "Reply STOP" and in "STOP to end". The
// keyword alone tells nothing: nobody is told how to opt out by STOP THE CLOCK SALE. Where in doubt there is no
// way out, since a line too many harms nobody.
type wayOut struct {
	told     phrases // by themselves
	keywords phrases // to reply with, in either case
	before   phrases // what stands in front of a keyword, in either case
	after    phrases // what stands behind one, in either case
}

// add has w find the wordings of row.
func (w *wayOut) add(row *OptOutLine) {
	for _, list := range []struct {
		texts []string
		take  func(string)
	}{{row.Words, w.told.add}, {row.Keywords, w.keywords.addFold}, {row.Before, w.before.addFold}, {row.After, w.after.addFold}} {
		for _, text := range list.texts {
			list.take(text)
		}
	}
}

// in reports whether text tells a way out.
func (w *wayOut) in(text string) bool {
	return w.told.in(text) || w.keywords.in(text) && w.instructs(text)
}

// instructs reports whether a keyword in text is part of an instruction.
func (w *wayOut) instructs(text string) bool {
	previous := ' '
	for i, r := range text {
		start := !(cased(previous) && cased(r))
		previous = r
		if !start {
			continue
		}
		keywords, before := w.keywords.from(r), w.before.from(r)
		for j := range keywords {
			if rest, ok := keywords[j].cut(text[i:]); ok && w.after.begin(linked(rest)) {
				return true
			}
		}
		for j := range before {
			if before[j].may(text[i:]) {
				if rest, ok := before[j].cut(text[i:]); ok && w.keyed(linked(rest)) {
					return true
				}
			}
		}
	}
	return false
}

// keyed reports whether text begins with a keyword that is not the first of several words in capitals: in
// "Text STOP THE CLOCK" it is a part of a name.
func (w *wayOut) keyed(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	all := w.keywords.from(first)
	for i := range all {
		if rest, ok := all[i].cut(text); ok && !shouts(strings.TrimLeft(rest, " ")) {
			return true
		}
	}
	return false
}

// shouts reports whether text begins with a word of several letters in capitals.
func shouts(text string) bool {
	first, n := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[n:])
	return unicode.IsUpper(first) && unicode.IsUpper(second)
}

// linked is text without what may stand between a keyword and the words that make it an instruction: blanks,
// quotes, brackets, marks of emphasis and a colon, but nothing that ends a sentence or a line.
func linked(text string) string { return strings.TrimLeftFunc(text, links) }

func links(r rune) bool {
	return strings.ContainsRune(" \t\"'`*_~:：<>", r) || unicode.In(r, unicode.Zs, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf)
}
