package filter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A KeywordTable is the words of keywords in all languages: data, with its sources.
type KeywordTable struct {
	// Languages are where each language of Rows is spoken by many: ISO 639 to ISO 3166.
	Languages map[string][]string `yaml:"languages"`
	Rows      []KeywordRow        `yaml:"rows"`
	Providers []ProviderWords     `yaml:"providers"`
}

// A KeywordRow is words of one language, in any case and with or without their marks. There may be several
// for a language, since sources differ.
type KeywordRow struct {
	// Language is ISO 639, or "any" for what belongs to none.
	Language string `yaml:"language"`
	// Home limits the row to people whose number is from where the language is spoken: for words that mean
	// something else elsewhere (acha is Swahili for stop, and Hindi for fine). Of people from nobody knows
	// where, its opt-outs are hints, and its opt-ins ambiguous.
	Home bool `yaml:"home"`
	// Marked says that the marks tell words of the row apart: a text with other marks is another word.
	Marked bool `yaml:"marked"`

	// Exact are opt-outs as a whole message, Phrase wherever they stand, Misspelt as Exact.
	Exact    []string `yaml:"exact"`
	Phrase   []string `yaml:"phrase"`
	Misspelt []string `yaml:"misspelt"`
	// Refusal are opt-outs where what is refused stands near, too: one of About or Categories ("do not
	// want" and "messages").
	Refusal []string `yaml:"refusal"`
	// Ambiguous are opt-outs as a whole message unless they answer a question. A word of Exact, too, is
	// definite where none is open.
	Ambiguous []string `yaml:"ambiguous"`
	// In are opt-ins, InAmbiguous where one was offered, Help and Privacy as a whole message.
	In          []string `yaml:"in"`
	InAmbiguous []string `yaml:"in_ambiguous"`
	Help        []string `yaml:"help"`
	Privacy     []string `yaml:"privacy"`
	// Polite may stand beside any of these but the opt-ins without changing what they mean ("please", "me").
	// About may stand beside opt-outs: what it is that should end ("messages", "my number"). Categories are
	// what an opt-out may name instead, to cover that category only.
	Polite     []string              `yaml:"polite"`
	About      []string              `yaml:"about"`
	Categories map[Category][]string `yaml:"categories"`
	// Ordinary are wordings with one of the words above, or one that looks like it, in which it means
	// something else ("bus stop", "don't stop").
	Ordinary []string `yaml:"ordinary"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

// lists are the words of row by their key and by what they mean.
func (row *KeywordRow) lists() []wordList {
	all := []wordList{
		{"exact", meansStop, All, row.Exact}, {"misspelt", meansStop, All, row.Misspelt}, {"phrase", meansPhrase, All, row.Phrase},
		{"refusal", meansRefusal, All, row.Refusal},
		{"ambiguous", meansMaybe, All, row.Ambiguous}, {"in", meansStart, All, row.In}, {"in_ambiguous", meansAgreed, All, row.InAmbiguous},
		{"help", meansHelp, All, row.Help}, {"privacy", meansPrivacy, All, row.Privacy}, {"polite", meansPolite, All, row.Polite},
		{"about", meansAbout, All, row.About}, {"ordinary", meansOther, All, row.Ordinary},
	}
	for _, c := range slices.Sorted(maps.Keys(row.Categories)) {
		all = append(all, wordList{"categories: " + c.String(), meansScope, OfCategory(c), row.Categories[c]})
	}
	return all
}

// A wordList is words that mean the same.
type wordList struct {
	key   string
	means meaning
	scope Scope
	words []string
}

// longestWord is more than any wording that is worth looking for, in bytes and in words.
const longestWord, mostWords = 120, 30

func checkWord(word string) error {
	switch n := len(wordsOf(word, 0)); {
	case n == 0:
		return fmt.Errorf("%q has no letters", word)
	case len(word) > longestWord || n > mostWords:
		return fmt.Errorf("%q is longer than %d bytes or %d words", word, longestWord, mostWords)
	}
	return nil
}

func (t *KeywordTable) checkRow(row *KeywordRow) error {
	if _, known := t.Languages[row.Language]; !known && row.Language != "any" {
		return fmt.Errorf("language: %q is not among the languages of the table", row.Language)
	}
	if row.Home && row.Language == "any" {
		return errors.New("home: any is at home nowhere")
	}
	if row.Source == "" || row.Reviewed == "" || row.Confidence == "" {
		return errors.New("source: want source, reviewed and confidence")
	}
	seen, words := map[string]string{}, 0
	for _, list := range row.lists() {
		for _, w := range list.words {
			words++
			if err := checkWord(w); err != nil {
				return fmt.Errorf("%s: %w", list.key, err)
			}
			// The marks count: dừng and đúng are two words.
			id := strings.ToLower(w)
			switch first := seen[list.key+" "+id]; {
			case first != "":
				return fmt.Errorf("%s: %q is there twice", list.key, w)
			case list.means&(meansStart|meansAgreed) != 0 && seen["exact "+id]+seen["phrase "+id]+seen["ambiguous "+id]+seen["misspelt "+id] != "":
				return fmt.Errorf("%s: %q is an opt-out, too", list.key, w)
			}
			seen[list.key+" "+id] = w
		}
	}
	if words == 0 {
		return errors.New("language: the row has no words")
	}
	return checkReview(row.Reviewed, row.Confidence)
}

// check says what is wrong with t. An error names the key.
func (t *KeywordTable) check() error {
	for _, language := range slices.Sorted(maps.Keys(t.Languages)) {
		if n := len(language); n < 2 || n > 3 || strings.Trim(language, "abcdefghijklmnopqrstuvwxyz") != "" || language == "any" {
			return fmt.Errorf("languages: %q: want two or three small letters of ISO 639, such as de", language)
		}
		for _, country := range t.Languages[language] {
			if !KnownRegion(country) {
				return fmt.Errorf("languages: %s: unknown country %q: want ISO 3166, such as DE", language, country)
			}
		}
	}
	for i := range t.Rows {
		if err := t.checkRow(&t.Rows[i]); err != nil {
			return fmt.Errorf("rows[%d]: %w", i, err)
		}
	}
	for i := range t.Providers {
		if err := t.Providers[i].check(); err != nil {
			return fmt.Errorf("providers[%d]: %w", i, err)
		}
	}
	return nil
}

// NewKeywords makes t ready. An error names the key of the table that is wrong.
func NewKeywords(t KeywordTable) (*Keywords, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	k := &Keywords{spoken: map[spokenIn]bool{}, corrections: corrections{}, providers: t.Providers}
	for language, countries := range t.Languages {
		for _, country := range countries {
			k.spoken[spokenIn{language, country}] = true
		}
	}
	for i := range t.Rows {
		row := &t.Rows[i]
		for _, list := range row.lists() {
			for _, w := range list.words {
				e := entry{means: list.means, scope: list.scope, language: row.Language, home: row.Home, tones: row.Marked, text: w}
				k.words.add(e)
				if list.means == meansStop {
					k.corrections.add(e)
				}
			}
		}
	}
	return k, nil
}

func checkEach(key string, words []string) error {
	for _, w := range words {
		if err := checkWord(w); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}
