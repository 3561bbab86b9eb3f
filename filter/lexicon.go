package filter

import (
	"slices"
	"strings"
)

// A meaning is what words are listed as: one bit each.
type meaning uint16

const (
	meansStop meaning = 1 << iota
	meansPhrase
	meansMaybe // an opt-out unless it answers a question
	meansTypo  // of a word that means stop
	meansRefusal
	meansStart
	meansAgreed // an opt-in where one was offered
	meansHelp
	meansPrivacy
	meansPolite
	meansAbout
	meansScope // what an opt-out covers
	meansOther // something else, with such a word in it
	meansFaint // an opt-out where its language is spoken, of somebody from nobody knows where

	optsOut     = meansStop | meansPhrase | meansMaybe | meansTypo | meansRefusal
	accompanies = meansPolite | meansAbout
)

// An entry is one wording of a lexicon.
type entry struct {
	means    meaning
	scope    Scope
	language string
	home     bool   // counts only where the language is spoken
	tones    bool   // other marks make another word
	text     string // as it is listed
	marked   string // its tokens in lower case
}

// A lexicon finds wordings in a sequence of tokens: a tree by their bare forms.
type lexicon struct {
	next    map[string]*lexicon
	entries []entry
}

// add has l find e.text.
func (l *lexicon) add(e entry) {
	words := wordsOf(e.text, 0)
	e.marked = marked(words)
	for i := range words {
		if l.next == nil {
			l.next = map[string]*lexicon{}
		}
		below := l.next[words[i].bare]
		if below == nil {
			below = &lexicon{}
			l.next[words[i].bare] = below
		}
		l = below
	}
	l.entries = append(l.entries, e)
}

// step goes from l by w; nil where no wording goes on so. A letter that is drawn out ("stoooop") counts
// once, or else twice.
func (l *lexicon) step(w *token) *lexicon {
	below := l.next[w.bare]
	if below == nil && l.next != nil && w.drawn() {
		if below = l.next[squeeze(w.bare, 1)]; below == nil {
			below = l.next[squeeze(w.bare, 2)]
		}
	}
	return below
}

// drawn reports whether some letter of w stands three times or more in a row.
func (w *token) drawn() bool {
	run, before := 0, rune(0)
	for _, r := range w.bare {
		if r != before {
			run, before = 0, r
		}
		if run++; run == 3 {
			return !w.digits
		}
	}
	return false
}

// squeeze is word with most of the same letter in a row where it has more than two.
func squeeze(word string, most int) string {
	var b strings.Builder
	letters := []rune(word)
	for i := 0; i < len(letters); {
		run := i
		for run < len(letters) && letters[run] == letters[i] {
			run++
		}
		n := run - i
		if n > 2 {
			n = most
		}
		for range n {
			b.WriteRune(letters[i])
		}
		i = run
	}
	return b.String()
}

// marked is words in lower case, with one blank between.
func marked(words []token) string {
	if len(words) == 1 {
		return words[0].marked
	}
	var b strings.Builder
	for i := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[i].marked)
	}
	return b.String()
}

// unmarked reports whether words have no marks at all.
func unmarked(words []token) bool {
	for i := range words {
		if words[i].marked != words[i].bare {
			return false
		}
	}
	return true
}

// corrections find the words of five letters or more that another is one slip away from: a letter left
// out, put in, exchanged, or swapped with its neighbour. They are listed by what is left of each without
// any one letter, so that a look-up costs as many steps as the word has letters.
type corrections map[string][]entry

// Shorter words are too much like others; nobody mistypes longer ones alone.
const leastTypo, mostTypo = 5, 24

func (c corrections) add(e entry) {
	words := wordsOf(e.text, 0)
	if len(words) != 1 || words[0].joined || words[0].digits {
		return
	}
	e.marked = words[0].marked
	without(words[0].bare, func(left string) bool {
		c[left] = append(c[left], e)
		return true
	})
}

// of are the words that w is one slip away from.
func (c corrections) of(w *token) (found []entry) {
	if w.joined || w.digits || w.emoji {
		return nil
	}
	without(w.bare, func(left string) bool {
		for _, e := range c[left] {
			if slip(w.bare, bare(e.marked)) {
				found = append(found, e)
			}
		}
		return true
	})
	return found
}

// without yields word, if it is neither short nor long, and what is left of it without each letter.
func without(word string, yield func(string) bool) {
	letters := []rune(word)
	if len(letters) < leastTypo || len(letters) > mostTypo || !yield(word) {
		return
	}
	for i := range letters {
		if !yield(string(letters[:i]) + string(letters[i+1:])) {
			return
		}
	}
}

// slip reports whether one slip makes a of b.
func slip(a, b string) bool {
	long, short := []rune(a), []rune(b)
	if len(long) < len(short) {
		long, short = short, long
	}
	if len(long)-len(short) > 1 || slices.Equal(long, short) {
		return false
	}
	i := 0
	for i < len(short) && long[i] == short[i] {
		i++
	}
	rest := func(l, s int) bool { return string(long[l:]) == string(short[s:]) }
	if len(long) > len(short) {
		return rest(i+1, i)
	}
	return rest(i+1, i+1) || i+1 < len(short) && long[i] == short[i+1] && long[i+1] == short[i] && rest(i+2, i+2)
}
