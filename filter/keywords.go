package filter

import "unicode/utf8"

// Keywords reads what people write for the keywords in it. It is immutable, and safe for concurrent use:
// see [NewKeywords].
type Keywords struct {
	words       lexicon
	corrections corrections
	spoken      map[spokenIn]bool
	providers   []ProviderWords
}

type spokenIn struct{ language, country string }

// mostRead is how much of a text is read, in bytes and in words: more than any SMS or WhatsApp message has.
// What is cut off could say anything, so that such a text is never a keyword as a whole.
const mostRead, mostReadWords = 16 << 10, 1500

// Read is what text is taken for. It takes time in proportion to the length of text, up to a bound.
func (k *Keywords) Read(text string, in Hearing) Reading {
	whole := len(text) <= mostRead
	if !whole {
		cut := mostRead
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	p := parser{k: k, country: in.Country, own: in.Brand.lexicon(), words: wordsOf(text, mostReadWords)}
	j := judge{units: p.units(), whole: whole && len(p.words) < mostReadWords, question: in.Question}
	found, means := j.judge()
	if found.Keyword != NoKeyword {
		e := p.best(j.units, means)
		found.Language, found.Match = e.language, e.text
	}
	return found
}
