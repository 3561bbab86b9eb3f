package filter

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Answers has the gate answer people who write STOP, START, HELP or ask about their data, where their service
// does not: the `answers` section of a brand.
type Answers struct {
	// Texts stand in for those that come with the program about the same language, each where it is set.
	Texts []AnswerTexts `yaml:"texts"`
	// Frequency is how often the brand writes, {frequency} in texts: "Up to 4 msgs/month". A number that no
	// cap keeps to is warned of. Default: that of the language, which says that it varies.
	Frequency string `yaml:"frequency"`
	// Language is that of people who tell none. Default en.
	Language string `yaml:"language"`
	// Most is how many messages of its own the gate sends one person within 24 hours, so that two
	// programs that answer each other come to an end. Default 5.
	Most int `yaml:"most"`
}

// DefaultMostAnswers is Most of [Answers] where it is left out.
const DefaultMostAnswers = 5

// AnswerTexts are the answers in one language: one row of a table that is data, with its source.
// {business}, {contact} and {policy_url} stand for those of the [Brand], and {frequency} for how often it
// writes.
type AnswerTexts struct {
	// Language is two or three letters of ISO 639, such as de.
	Language string `yaml:"language"`
	// Stop confirms an opt-out, Topic one of a single topic or category, {topic}; Start that messages come again.
	Stop  string `yaml:"stop"`
	Topic string `yaml:"topic"`
	Start string `yaml:"start"`
	// Help says who writes, how to reach them and how to opt out; Privacy where the policy is.
	Help    string `yaml:"help"`
	Privacy string `yaml:"privacy"`
	// Frequency is {frequency} where the brand does not say.
	Frequency string `yaml:"frequency"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

// An AnswerBook has the answers of one brand ready. It is immutable.
type AnswerBook struct {
	texts     map[string]AnswerTexts // by language
	countries map[string]string      // country -> language
	fallback  string                 // a language
	most      int
}

// NewAnswerBook makes the answers of b, which has some, from its own texts and those of shipped. Languages
// have the countries that lines give them. Errors begin with a key of b.
func NewAnswerBook(b Brand, shipped []AnswerTexts, lines map[string][]OptOutLine) (*AnswerBook, error) {
	if u, err := url.Parse(b.PolicyURL); b.PolicyURL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return nil, fmt.Errorf("policy_url: %q: want an address such as https://example.com/privacy", b.PolicyURL)
	}
	for _, said := range []struct{ key, text string }{{"business", b.Business}, {"contact", b.Contact}, {"policy_url", b.PolicyURL}} {
		if said.text == "" {
			return nil, fmt.Errorf("answers: the brand has no %s, which its answers show", said.key)
		}
	}
	a := &AnswerBook{texts: map[string]AnswerTexts{}, countries: map[string]string{}, fallback: cmp.Or(b.Answers.Language, "en"), most: cmp.Or(b.Answers.Most, DefaultMostAnswers)}
	if a.most < 0 {
		return nil, fmt.Errorf("answers: most: %d is negative", a.most)
	}
	for i := range shipped {
		a.texts[shipped[i].Language] = shipped[i]
	}
	for i := range b.Answers.Texts {
		own := b.Answers.Texts[i]
		if err := own.check(); err != nil {
			return nil, fmt.Errorf("answers: texts[%d]: %w", i, err)
		}
		a.texts[own.Language] = own.over(a.texts[own.Language])
	}
	for _, language := range slices.Sorted(maps.Keys(a.texts)) {
		row := a.texts[language]
		if err := row.expand(&b); err != nil {
			return nil, fmt.Errorf("answers: %s: %w", language, err)
		}
		a.texts[language] = row
	}
	if _, known := a.texts[a.fallback]; !known {
		return nil, fmt.Errorf("answers: language: %q has no texts", a.fallback)
	}
	for _, rows := range lines {
		for i := range rows {
			for _, country := range rows[i].Countries {
				a.countries[country] = rows[i].Language
			}
		}
	}
	return a, nil
}

// check says what is wrong with a brand's own texts. An error names the key.
func (t *AnswerTexts) check() error {
	if err := checkLanguage(t.Language); err != nil {
		return err
	}
	if err := checkReview(t.Reviewed, t.Confidence); err != nil {
		return err
	}
	for _, shown := range []struct{ key, text, variable string }{
		{"stop", t.Stop, "{business}"}, {"topic", t.Topic, "{topic}"}, {"start", t.Start, "{business}"},
		{"help", t.Help, "{contact}"}, {"privacy", t.Privacy, "{policy_url}"},
	} {
		if shown.text != "" && !strings.Contains(shown.text, shown.variable) {
			return fmt.Errorf("%s: it does not show %s", shown.key, shown.variable)
		}
	}
	return nil
}

// over is t with what it leaves out as in other.
func (t AnswerTexts) over(other AnswerTexts) AnswerTexts {
	from := other.fields()
	for i, text := range t.fields() {
		if *text == "" {
			*text = *from[i]
		}
	}
	return t
}

// fields are the texts that are sent, and Frequency behind them.
func (t *AnswerTexts) fields() [6]*string {
	return [...]*string{&t.Stop, &t.Topic, &t.Start, &t.Help, &t.Privacy, &t.Frequency}
}

var answerKeys = [...]string{"stop", "topic", "start", "help", "privacy"}

// expand writes what the brand says of itself into the texts.
func (t *AnswerTexts) expand(b *Brand) error {
	values := map[string]variable{
		"business":   {value: b.Business},
		"contact":    {value: b.Contact},
		"policy_url": {value: b.PolicyURL},
		"frequency":  {cmp.Or(b.Answers.Frequency, t.Frequency), "it is the frequency beside the texts"},
	}
	for i, key := range answerKeys {
		text := t.fields()[i]
		values["topic"] = variable{from: "only the text called topic is about one"}
		if key == "topic" {
			values["topic"] = variable{value: "{topic}"}
		}
		made, err := expand(*text, values)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if made == "" {
			return errors.New(key + ": missing: this language has no such text")
		}
		*text = made
	}
	return nil
}

// Most is how many messages of its own the gate sends one person within 24 hours.
func (a *AnswerBook) Most() int { return a.most }

// Text is the answer to somebody who wrote word, and of an opt-out what it covers: in language, or where
// that has no texts in that of the country their number is from. On SMS it is in letters that one SMS takes
// as one place each, if it can be. It is empty for a word without an answer.
func (a *AnswerBook) Text(word Keyword, covers Scope, language string, to Recipient) string {
	t := a.texts[a.language(language, to.Address)]
	text := ""
	switch word {
	case StopWord:
		text = t.Stop
		if topic, ok := covers.Topic(); ok {
			text = strings.ReplaceAll(t.Topic, "{topic}", strings.NewReplacer("-", " ", "_", " ").Replace(topic))
		} else if covers.over == overCategory {
			text = strings.ReplaceAll(t.Topic, "{topic}", covers.category.String())
		}
	case StartWord:
		text = t.Start
	case HelpWord:
		text = t.Help
	case PrivacyWord:
		text = t.Privacy
	}
	if to.Channel == SMS {
		text = toGSM(text)
	}
	return text
}

// language is the one that somebody reads who wrote in language, from address.
func (a *AnswerBook) language(language, address string) string {
	for _, l := range []string{language, a.countries[Country(address)]} {
		if _, known := a.texts[l]; known {
			return l
		}
	}
	return a.fallback
}
