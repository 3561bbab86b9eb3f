package filter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An OptOutLine is how one language tells its reader to opt out: one row of a table that is data, with
// its source.
type OptOutLine struct {
	// Language is two or three letters of ISO 639, such as de.
	Language string `yaml:"language"`
	// Line is what is added, with the variables of [Footer].
	Line string `yaml:"line"`
	// GSM is the same in the letters that an SMS takes as one place each, for texts that have no
	// others: one letter outside the GSM alphabet more than halves the room of an SMS. Left out: Line, with plain
	// letters, quotes and dashes in place of those that would do so, where that is enough.
	GSM string `yaml:"gsm"`
	// Words show that a text already says how to opt out, wherever they stand, as [Footer] has them.
	Words []string `yaml:"words"`
	// Keywords are words to reply with. They show it in an instruction alone: behind one of Before, as in
	// "reply STOP", or in front of one of After, as in "STOP to end", of whatever language. All are found in
	// either case, but a keyword that is neither in capitals nor in quotes needs both, or one and a sentence that
	// begins or ends on its other side. A # of Before and After stands for a digit.
	Keywords []string `yaml:"keywords"`
	Before   []string `yaml:"before"`
	After    []string `yaml:"after"`
	// Common are words by which a text shows that it is in this language.
	Common []string `yaml:"common"`
	// Countries are those in ISO 3166 whose people most likely read this language.
	Countries []string `yaml:"countries"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

// optOutLines are lines by language. The language of a text is told by its script and by its common
// words; where they leave it open, by the country of the recipient's number.
type optOutLines struct {
	rows      []optOutRow
	common    map[string][]int // word in lower case -> rows
	countries map[string]int   // -> row
	fallback  int              // row of the default language; -1: none
	other     string           // for languages without a row
	otherGSM  string           // the same for texts in the GSM alphabet
}

// An optOutRow is an OptOutLine made ready.
type optOutRow struct {
	language  string
	line, gsm string
	script    *unicode.RangeTable
	from      string // the row in words, with its source
}

// scripts that a text may be in.
var scripts = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew,
	unicode.Devanagari, unicode.Bengali, unicode.Thai, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana}

// take adds rows, each in place of the one about the same language.
func (l *optOutLines) take(rows []OptOutLine, values map[string]variable) error {
	if l.common == nil {
		l.common, l.countries, l.fallback = map[string][]int{}, map[string]int{}, -1
	}
	for i := range rows {
		if err := l.add(&rows[i], values); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

func (l *optOutLines) add(row *OptOutLine, values map[string]variable) error {
	if err := checkLanguage(row.Language); err != nil {
		return err
	}
	if err := checkReview(row.Reviewed, row.Confidence); err != nil {
		return err
	}
	err := cmp.Or(checkWordings("words", row.Words), checkWordings("keywords", row.Keywords), checkWordings("before", row.Before), checkWordings("after", row.After))
	if err != nil {
		return err
	}
	made := optOutRow{language: row.Language, from: row.describe()}
	if made.line, err = expand(row.Line, values); err != nil {
		return fmt.Errorf("line: %w", err)
	}
	if made.gsm, err = expand(row.GSM, values); err != nil {
		return fmt.Errorf("gsm: %w", err)
	}
	switch {
	case strings.TrimSpace(made.line) == "":
		return fmt.Errorf("line: missing: %s has nothing to add", row.Language)
	case !inGSM(row.GSM):
		return fmt.Errorf("gsm: %q has letters outside the GSM alphabet", row.GSM)
	}
	made.gsm = plainLine(cmp.Or(made.gsm, made.line), values) // the name of a business, too, may have other letters
	made.script = script(variables.ReplaceAllLiteralString(row.Line, ""))
	at := slices.IndexFunc(l.rows, func(r optOutRow) bool { return r.language == row.Language })
	if at < 0 {
		at = len(l.rows)
		l.rows = append(l.rows, made)
	} else {
		l.rows[at] = made
	}
	return l.index(at, row)
}

// setOther makes text the line for languages without a row.
func (l *optOutLines) setOther(text string, values map[string]variable) (err error) {
	l.other, err = expand(text, values)
	l.otherGSM = plainLine(l.other, values)
	return err
}

// plainLine is line in the GSM alphabet, if that takes no other word to reply with and no other link.
func plainLine(line string, values map[string]variable) string {
	link := func(word string) bool { return strings.ContainsAny(strings.TrimRight(word, ".,;:!?"), "./@") }
	for word := range strings.FieldsSeq(line) {
		if link(word) && !inGSM(word) {
			return line
		}
	}
	if !inGSM(values["stop"].value) {
		return line
	}
	return toGSM(line)
}

func checkLanguage(code string) error {
	if n := len(code); n < 2 || n > 3 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		return fmt.Errorf("language: %q: want two or three small letters of ISO 639, such as de", code)
	}
	return nil
}

// index notes by what the language of row at is told.
func (l *optOutLines) index(at int, row *OptOutLine) error {
	for _, w := range row.Common {
		w = strings.ToLower(w)
		if !slices.Contains(l.common[w], at) {
			l.common[w] = append(l.common[w], at)
		}
	}
	for _, country := range row.Countries {
		if !KnownRegion(country) {
			return fmt.Errorf("countries: unknown country %q: want ISO 3166, such as DE", country)
		}
		l.countries[country] = at
	}
	return nil
}

// fallBack makes language the default; empty: what is there for languages without a row, or English.
func (l *optOutLines) fallBack(language string) error {
	if language == "" && l.other != "" {
		return nil
	}
	l.fallback = slices.IndexFunc(l.rows, func(r optOutRow) bool { return r.language == cmp.Or(language, "en") })
	if l.fallback < 0 && language != "" {
		return fmt.Errorf("%q has no row", language)
	}
	return nil
}

// none reports whether there is nothing to add to any text.
func (l *optOutLines) none() bool { return len(l.rows) == 0 && l.other == "" }

// all are the lines that may be added, less the one without a language.
func (l *optOutLines) all() (lines []string) {
	for _, r := range l.rows {
		lines = append(lines, r.line, r.gsm)
	}
	return lines
}

// choose is the line for m, in letters that leave an SMS what it is, and the row that it is from in
// words.
func (l *optOutLines) choose(m *Message) (line, from string) {
	at := -1
	if len(l.rows) > 0 {
		at = l.language(m)
	}
	switch {
	case at < 0 && m.To.Channel == SMS && inGSM(m.Text):
		return l.otherGSM, "by this gate's configuration"
	case at < 0:
		return l.other, "by this gate's configuration"
	case m.To.Channel == SMS && inGSM(m.Text):
		return l.rows[at].gsm, l.rows[at].from
	}
	return l.rows[at].line, l.rows[at].from
}

// language is the row for m; -1 where none is for it.
func (l *optOutLines) language(m *Message) int {
	written := script(m.Text)
	if at := l.spoken(m.Text, written); at >= 0 {
		return at
	}
	home, known := l.home(m.To.Address)
	if known && (written == nil || written == unicode.Latin || l.rows[home].script == written) {
		return home
	}
	if written != nil && written != unicode.Latin {
		if at := slices.IndexFunc(l.rows, func(r optOutRow) bool { return r.script == written }); at >= 0 {
			return at
		}
	}
	if l.fallback < 0 && l.other == "" {
		return 0
	}
	return l.fallback
}

// home is the row for the country that an address is from, which costs memory to find out.
func (l *optOutLines) home(address string) (at int, known bool) {
	at, known = l.countries[Country(address)]
	return at, known
}

// enough is how many common words of one language, and of no other as many, tell that a text is in it.
const enough = 2

// spoken is the row whose language the words of text tell; -1 where they tell none.
func (l *optOutLines) spoken(text string, written *unicode.RangeTable) int {
	only, several := -1, false
	for i := range l.rows {
		if l.rows[i].script == written && written != nil {
			only, several = i, only >= 0
		}
	}
	if only >= 0 && !several && written != unicode.Latin {
		return only
	}
	var room [64]int
	score := room[:]
	if len(l.rows) > len(room) {
		score = make([]int, len(l.rows))
	}
	var lower [32]byte
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) }) {
		w := lower[:0]
		for _, r := range word {
			w = utf8.AppendRune(w, unicode.ToLower(r))
		}
		for _, at := range l.common[string(w)] {
			score[at]++
		}
	}
	best := slices.Max(score)
	at := slices.Index(score, best)
	if best < enough || slices.Contains(score[at+1:], best) {
		return -1
	}
	return at
}

// script is the script that most letters of text are in; nil where it has none. Chinese has no kana, so
// a text with any of them counts as hiragana.
func script(text string) *unicode.RangeTable {
	var counts [16]int
	for _, r := range text {
		if r < utf8.RuneSelf {
			if cased(r) {
				counts[0]++
			}
			continue
		}
		if i := slices.IndexFunc(scripts, func(s *unicode.RangeTable) bool { return unicode.Is(s, r) }); i >= 0 {
			counts[i]++
		}
	}
	for i := len(scripts) - 2; i < len(scripts); i++ {
		if counts[i] > 0 {
			return unicode.Hiragana
		}
	}
	best := slices.Index(counts[:], slices.Max(counts[:]))
	if counts[best] == 0 {
		return nil
	}
	return scripts[best]
}

// describe is a row in words, with its source.
func (row *OptOutLine) describe() string {
	if row.Source == "" {
		return fmt.Sprintf("row %s, by this gate's configuration", row.Language)
	}
	return fmt.Sprintf("row %s, %s, reviewed %s, confidence %s", row.Language, row.Source, row.Reviewed, row.Confidence)
}
