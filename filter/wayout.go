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
	longest  int     // of before, in bytes in either case
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
	for _, text := range row.Before {
		w.longest = max(w.longest, 2*len(text)) // a letter may have more bytes in the other case
	}
}

// in reports whether text tells a way out.
func (w *wayOut) in(text string) bool { return w.instructs(text) || w.told.in(text) }

// instructs reports whether a keyword in text is part of an instruction. In "Text STOP THE CLOCK" it is a part
// of a name.
func (w *wayOut) instructs(text string) bool {
	within := false // a word
	for i, r := range text {
		was := within
		if within = cased(r); was && within {
			continue
		}
		all := w.keywords.from(r)
		for j := range all {
			if !all[j].may(text[i:]) {
				continue
			}
			rest, ok := all[j].cut(text[i:])
			if ok && (w.after.begin(linked(rest)) || !shouts(strings.TrimLeft(rest, " ")) && w.leads(text[:i])) {
				return true
			}
		}
	}
	return false
}

// leads reports whether text, which stands in front of a keyword, ends with what makes an instruction of it.
func (w *wayOut) leads(text string) bool {
	text = strings.TrimRightFunc(text, links)
	from := max(0, len(text)-w.longest)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	previous, _ := utf8.DecodeLastRuneInString(text[:from])
	for i, r := range text[from:] {
		start := !(cased(previous) && cased(r))
		previous = r
		if !start {
			continue
		}
		all := w.before.from(r)
		for j := range all {
			if all[j].may(text[from+i:]) {
				if rest, ok := all[j].cut(text[from+i:]); ok && rest == "" {
					return true
				}
			}
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
// quotes, brackets and marks of emphasis, but nothing that ends a sentence or a line, and no colon: what follows
// one may be a text of its own, as in "read this text: STOP overpaying".
func linked(text string) string { return strings.TrimLeftFunc(text, links) }

func links(r rune) bool {
	return strings.ContainsRune(" \t\"'`*_~<>", r) || unicode.In(r, unicode.Zs, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf)
}
