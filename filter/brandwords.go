package filter

import (
	"fmt"
	"maps"
	"slices"
)

// BrandWords are words that a brand's people know besides those of the table that comes with the program,
// in any case and with or without their marks.
type BrandWords struct {
	// Stop, Start, Help and Privacy count as a whole message. No word can be two of these.
	Stop    []string `yaml:"stop"`
	Start   []string `yaml:"start"`
	Help    []string `yaml:"help"`
	Privacy []string `yaml:"privacy"`
	// Topics are what people call the brand's topics, beside the topic's name: "STOP DEALS".
	Topics map[string][]string `yaml:"topics"`
	// Ordinary are wordings of two words or more in which a keyword means something else: the name of a
	// shop called Stop & Go.
	Ordinary []string `yaml:"ordinary"`
}

// check says what is wrong with w for a brand of these topics.
func (w *BrandWords) check(b *Brand) error {
	taken := map[string]string{}
	for _, list := range []wordList{{key: "stop", words: w.Stop}, {key: "start", words: w.Start}, {key: "help", words: w.Help}, {key: "privacy", words: w.Privacy}} {
		if err := checkEach(list.key, list.words); err != nil {
			return err
		}
		for _, word := range list.words {
			folded := Fold(word)
			if other, twice := taken[folded]; twice {
				return fmt.Errorf("%s: %q is a word of %s, too", list.key, word, other)
			}
			taken[folded] = list.key
		}
	}
	for _, topic := range slices.Sorted(maps.Keys(w.Topics)) {
		if err := b.undeclared(topic); err != nil {
			return fmt.Errorf("topics: %w", err)
		}
		if err := checkEach(topic, w.Topics[topic]); err != nil {
			return fmt.Errorf("topics: %w", err)
		}
	}
	for _, wording := range w.Ordinary {
		if err := checkWord(wording); err != nil {
			return fmt.Errorf("ordinary: %w", err)
		}
		if len(wordsOf(wording, 0)) < 2 {
			return fmt.Errorf("ordinary: %q: want two words or more: no word alone may stop meaning what it does", wording)
		}
	}
	return nil
}

// lexicon is the brand's own words, with the names of its topics; nil for none.
func (b *Brand) lexicon() *lexicon {
	if b == nil {
		return nil
	}
	l := &lexicon{}
	put := func(means meaning, scope Scope, words ...string) {
		for _, w := range words {
			l.add(entry{means: means, scope: scope, text: w})
		}
	}
	put(meansStop, All, b.Keywords.Stop...)
	put(meansStart, All, b.Keywords.Start...)
	put(meansHelp, All, b.Keywords.Help...)
	put(meansPrivacy, All, b.Keywords.Privacy...)
	put(meansOther, All, b.Keywords.Ordinary...)
	for topic := range b.Topics {
		put(meansScope, OfTopic(topic), topic)
		put(meansScope, OfTopic(topic), b.Keywords.Topics[topic]...)
	}
	if b.Business != "" {
		put(meansAbout, All, b.Business)
	}
	return l
}
