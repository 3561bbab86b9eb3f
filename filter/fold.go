package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold is text in the form in which words are compared: in compatibility composition (so that
// full-width and ornamental letters are plain ones), in lower case, without the marks on Latin, Greek,
// Arabic and Hebrew letters, with one letter for each that keyboards write in several ways, without
// punctuation, quotes and what has no width, and with one blank between words. Emoji go, too, unless the text
// is nothing else. So "¡Sí, Señor!" is "si senor".
func Fold(text string) string {
	words := wordsOf(text, 0)
	var b strings.Builder
	for i := range words {
		if i > 0 && !(words[i].joined && words[i-1].joined) {
			b.WriteByte(' ')
		}
		b.WriteString(words[i].bare)
	}
	return b.String()
}

// A token is one word of a text: letters and digits, one character of a script that does not part its
// words, or an emoji.
type token struct {
	marked string // in lower case, with its marks
	bare   string // and without
	joined bool   // a character that may be within a word
	digits bool   // has a digit
	emoji  bool
	ends   bool // a sentence or line ends behind it
}

// wordsOf are the tokens of text, at most so many; 0: all. Emoji beside other words are left out.
func wordsOf(text string, most int) []token {
	s := splitter{most: most}
	for _, r := range norm.NFKC.String(text) {
		if !s.take(r) {
			break
		}
	}
	s.end()
	if s.plain == 0 || s.plain == len(s.words) {
		return s.words
	}
	kept := s.words[:0]
	for _, w := range s.words {
		switch {
		case !w.emoji:
			kept = append(kept, w)
		case w.ends && len(kept) > 0:
			kept[len(kept)-1].ends = true
		}
	}
	return kept
}

// A splitter makes tokens of characters.
type splitter struct {
	words []token
	plain int // words that are no emoji
	most  int

	marked  []byte // of the word that is being read
	digits  bool
	closing bool // after a character that ends a sentence where a blank follows
}

// take reads r; false: there are enough words.
func (s *splitter) take(r rune) bool {
	if s.closing && (unicode.IsSpace(r) || unicode.Is(unicode.So, r)) {
		s.stop()
	}
	s.closing = false
	switch {
	case strings.ContainsRune("'’‘ʼʻ´`·׳״", r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		// within words, or without a width
	case unspaced(r):
		s.end()
		s.add(token{marked: string(r), joined: true})
	case unicode.IsLetter(r) || unicode.IsMark(r) && len(s.marked) > 0:
		s.marked = utf8.AppendRune(s.marked, unicode.ToLower(r))
	case unicode.IsDigit(r):
		s.marked, s.digits = utf8.AppendRune(s.marked, r), true
	case unicode.IsMark(r), unicode.Is(unicode.Sk, r) && r > 0xFFFF:
		// a mark on nothing, the colour of an emoji's skin
	case unicode.Is(unicode.So, r) && r != utf8.RuneError:
		s.end()
		s.add(token{marked: string(r), emoji: true})
	case r == '\n' || r == '\r':
		s.end()
		s.stop()
	default:
		s.end()
		s.closing = r == '.' || r == ';'
		if strings.ContainsRune("!?。؟۔।", r) {
			s.stop()
		}
	}
	return s.most == 0 || len(s.words) < s.most
}

// end adds the word that is being read.
func (s *splitter) end() {
	if len(s.marked) > 0 {
		s.add(token{marked: string(s.marked), digits: s.digits})
		s.marked, s.digits = s.marked[:0], false
	}
}

// stop ends a sentence.
func (s *splitter) stop() {
	if n := len(s.words); n > 0 {
		s.words[n-1].ends = true
	}
}

func (s *splitter) add(w token) {
	w.bare = bare(w.marked)
	if w.bare == "" {
		return
	}
	if !w.emoji {
		s.plain++
	}
	s.words = append(s.words, w)
}

// unspacedScripts do not part their words, or, like Korean, not reliably.
var unspacedScripts = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

func unspaced(r rune) bool {
	return r >= 0x0E00 && (unicode.In(r, unspacedScripts...) || r == 'ー')
}

// bareScripts have marks that people leave out.
var bareScripts = []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Arabic, unicode.Hebrew}

// alike are letters that stand for others which no decomposition yields: what people write who lack them,
// and of the letters that Arabic, Persian and Urdu keyboards write in several ways, one.
var alike = map[rune]string{
	'ı': "i", 'ł': "l", 'đ': "d", 'ð': "d", 'ø': "o", 'ħ': "h", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ς': "σ", 'ё': "е",
	'ى': "ي", 'ی': "ي", 'ې': "ي", 'ک': "ك", 'ة': "ه", 'ہ': "ه", 'ۃ': "ه", 'ھ': "ه", 'ە': "ه", 'ٱ': "ا", 'ـ': "",
	'ँ': "ं", '़': "", '়': "",
	'٠': "0", '١': "1", '٢': "2", '٣': "3", '٤': "4", '٥': "5", '٦': "6", '٧': "7", '٨': "8", '٩': "9",
	'۰': "0", '۱': "1", '۲': "2", '۳': "3", '۴': "4", '۵': "5", '۶': "6", '۷': "7", '۸': "8", '۹': "9",
}

// bare is a word in lower case without its marks.
func bare(word string) string {
	if ascii(word) {
		return word
	}
	var b strings.Builder
	plain := false // the letter before is of a script whose marks go
	for _, r := range norm.NFD.String(word) {
		if unicode.IsMark(r) && plain {
			continue
		}
		b.WriteRune(r)
		plain = r < utf8.RuneSelf || unicode.In(r, bareScripts...)
	}
	composed := norm.NFC.String(b.String())
	b.Reset()
	for _, r := range composed {
		if to, ok := alike[r]; ok {
			b.WriteString(to)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
