package filter

import (
	"slices"
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
	}{{row.Words, w.told.add}, {row.Keywords, w.keywords.addFold}, {row.Before, w.lead}, {row.After, w.after.addFold}} {
		for _, text := range list.texts {
			list.take(text)
		}
	}
	for _, text := range row.Before {
		w.longest = max(w.longest, 2*len(text)) // a letter may have more bytes in the other case
	}
}

// lead has w find text in front of keywords.
func (w *wayOut) lead(text string) {
	one := newPhrase(text)
	one.exact, one.answer = false, answer(text)
	w.before.put(one)
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
			if rest, ok := all[j].cut(text[i:]); ok && w.asks(text[:i], text[i:len(text)-len(rest)], rest) {
				return true
			}
		}
	}
	return false
}

// asks reports whether what stands in front of keyword and behind it makes an instruction of it. One side does
// for a keyword in capitals, unless all are, and for one in quotes. Any other may be an ordinary word, as in
// "don't stop to leave a review", so that its other side has to be a wording too, or to end the sentence.
// In scripts without capitals a wording behind does. Behind a hyphen, as in non-stop, no keyword begins.
func (w *wayOut) asks(front, keyword, behind string) bool {
	if last, _ := utf8.DecodeLastRuneInString(front); hyphen(last) {
		return false
	}
	upper, small := false, false
	for _, r := range keyword {
		upper, small = upper || unicode.IsUpper(r), small || unicode.IsLower(r)
	}
	next, loud := linked(behind), upper && !small || quoted(front, behind)
	if !upper && !small || loud && !(shouts(next) && shouted(front)) {
		if w.follows(next, false) {
			return true
		}
	} else if (loud || opens(front)) && w.follows(next, true) {
		return true
	}
	if loud {
		return w.leads(front, shouts(strings.TrimLeft(behind, " ")) && !w.follows(next, false))
	}
	return (ends(next) || w.follows(next, false)) && w.leads(front, false)
}

// follows reports whether text, which stands behind a keyword, begins with what makes an instruction of it, and,
// if closed, whether a sentence ends there.
func (w *wayOut) follows(text string, closed bool) bool {
	if !closed {
		return w.after.begin(text)
	}
	first, _ := utf8.DecodeRuneInString(text)
	all := w.after.from(first)
	for i := range all {
		if all[i].may(text) {
			if rest, ok := all[i].cut(text); ok && ends(linked(strings.TrimLeft(rest, "0123456789"))) {
				return true
			}
		}
	}
	return false
}

// leads reports whether text, which stands in front of a keyword, ends with what makes an instruction of it, and,
// if answer, whether that asks for one.
func (w *wayOut) leads(text string, answer bool) bool {
	text = strings.TrimRightFunc(text, links)
	from := max(0, len(text)-w.longest)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	previous, _ := utf8.DecodeLastRuneInString(text[:from])
	for i, r := range text[from:] {
		start := !(cased(previous) && cased(r)) && !hyphen(previous)
		previous = r
		if !start {
			continue
		}
		all := w.before.from(r)
		for j := range all {
			if all[j].may(text[from+i:]) {
				if rest, ok := all[j].cut(text[from+i:]); ok && rest == "" && (all[j].answer || !answer) {
					return true
				}
			}
		}
	}
	return false
}

// answers are words that ask for an answer and are no nouns as text and type are: what they stand in front of
// is no name, also where other words in capitals follow, as in "Reply STOP HELP for help".
var answers = []string{"reply", "respond", "responda", "responde", "responder", "conteste", "contesta", "répondez", "repondez",
	"antworte", "antworten", "rispondi", "rispondete", "antwoord", "reageer", "svara", "svar", "vastaa", "odpisz", "odpowiedz",
	"odpovězte", "odpovezte", "odpovedzte", "válasz", "válaszolj", "răspundeți", "raspundeti", "răspunde", "raspunde", "balas",
	"i-reply", "mag-reply", "jibu", "responeu", "respon", "ответьте", "відповідайте", "отговорете", "απαντήστε", "απαντηστε"}

// answer reports whether text, which stands in front of a keyword, asks for an answer.
func answer(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	return slices.ContainsFunc(answers, func(word string) bool { return strings.EqualFold(word, first) })
}

// shouts reports whether text begins with a word of several letters in capitals.
func shouts(text string) bool {
	first, n := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[n:])
	return unicode.IsUpper(first) && unicode.IsUpper(second)
}

// shouted reports whether text ends with one, or with DON'T.
func shouted(text string) bool {
	text = strings.TrimRightFunc(text, links)
	last, n := utf8.DecodeLastRuneInString(text)
	second, _ := utf8.DecodeLastRuneInString(text[:len(text)-n])
	return unicode.IsUpper(last) && (unicode.IsUpper(second) || second == '\'' || second == '’')
}

// quoted reports whether what stands between front and behind is in quotes, brackets or marks of emphasis.
func quoted(front, behind string) bool {
	last, _ := utf8.DecodeLastRuneInString(front)
	first, _ := utf8.DecodeRuneInString(behind)
	return links(last) && !unicode.IsSpace(last) && links(first) && !unicode.IsSpace(first)
}

// opens reports whether a sentence, or a part of one, may begin behind text.
func opens(text string) bool {
	text = strings.TrimRightFunc(text, links)
	last, _ := utf8.DecodeLastRuneInString(text)
	return text == "" || strings.ContainsRune("\n\r.!?…,;:/|–—。！？，；：、", last)
}

// ends reports whether a sentence ends in front of text. At a comma it may go on: "you say stop, we say go".
func ends(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text == "" || strings.ContainsRune("\n\r.!?…;。！？；", first)
}

func hyphen(r rune) bool { return r == '-' || r == '‐' || r == '‑' }

// linked is text without what may stand between a keyword and the words that make it an instruction: blanks,
// quotes, brackets and marks of emphasis, but nothing that ends a sentence or a line, and no colon: what follows
// one may be a text of its own, as in "read this text: STOP overpaying".
func linked(text string) string { return strings.TrimLeftFunc(text, links) }

func links(r rune) bool {
	if letter := r | 0x20; 'a' <= letter && letter <= 'z' || '0' <= r && r <= '9' {
		return false
	}
	return strings.ContainsRune(" \t\"'`*_~<>", r) || unicode.In(r, unicode.Zs, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf)
}
