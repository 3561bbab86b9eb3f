package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Privacy is the topic of consent to the handling of personal data. It never counts as consent to
// marketing, whatever a message claims to be about.
const Privacy = "privacy"

// A Brand is what a business says about itself: one entry of the configuration's section `brands`.
// The zero Brand has no topics.
type Brand struct {
	// Topics are the brand's own subdivisions, each under one category. Each has its own consent.
	Topics map[string]Category `yaml:"topics"`
	// Aliases are the brand's other words for its topics, such as the tags of a contact list. Default:
	// Consent: Privacy for the topic privacy.
	Aliases map[string]string `yaml:"aliases"`
	// Dialogues say how the gate asks people for consent, by topic. Default: it asks nobody.
	Dialogues map[string]DialogueConfig `yaml:"dialogues"`
	// Business is the name that the wording of a consent must show. Default: the name that each
	// piece of evidence gives.
	Business string `yaml:"business"`
	// Contact is how people reach the business: a number, an e-mail address or a site. PolicyURL is
	// where its privacy policy can be read. Answers show both.
	Contact   string `yaml:"contact"`
	PolicyURL string `yaml:"policy_url"`
	// Answers has the gate confirm opt-outs and answer HELP by itself. Nil: it writes nobody.
	Answers *Answers `yaml:"answers"`
	// Evidence is what is demanded of consents on entry: strict, meta-2024 (default) or none.
	Evidence Preset `yaml:"evidence"`
	// Stop is what a STOP without further words covers: brand (default), sender or everything.
	Stop StopScope `yaml:"stop"`
	// Keywords are words of the brand's own beside those that everybody's STOP and HELP are known by.
	Keywords BrandWords `yaml:"keywords"`
	// CrossChannel has an opt-out that a provider tells of bind the same phone number on the brand's
	// other channels too. One of a single sender stays on that sender's channel.
	CrossChannel bool `yaml:"cross_channel"`
}

// Check says what is wrong with b. An error names the key.
func (b Brand) Check() error {
	for _, topic := range slices.Sorted(maps.Keys(b.Topics)) {
		c := b.Topics[topic]
		switch {
		case !isTopic(topic):
			return fmt.Errorf("topics: %s: a topic's name is 1 to 64 bytes of letters, digits, dots, hyphens and underscores", topic)
		case c >= Categories:
			return fmt.Errorf("topics: %s: there is no category %s", topic, c)
		case topic == Privacy && c == Marketing:
			return fmt.Errorf("topics: %s: consent to privacy never counts as consent to marketing: want another category", topic)
		}
	}
	for _, topic := range slices.Sorted(maps.Keys(b.Aliases)) {
		switch alias := b.Aliases[topic]; {
		case b.undeclared(topic) != nil:
			return fmt.Errorf("aliases: %w", b.undeclared(topic))
		case strings.TrimSpace(alias) == "" || len(alias) > 64 || strings.ContainsAny(alias, ",;|") || strings.ContainsFunc(alias, unicode.IsControl):
			return fmt.Errorf("aliases: %s: %q: want 1 to 64 bytes without commas, semicolons and bars", topic, alias)
		}
	}
	switch {
	case b.Evidence >= Presets:
		return fmt.Errorf("evidence: there is no preset %s", b.Evidence)
	case b.Stop >= stopScopes:
		return fmt.Errorf("stop: there is no scope %s", b.Stop)
	}
	if err := b.Keywords.check(&b); err != nil {
		return fmt.Errorf("keywords: %w", err)
	}
	return nil
}

func isTopic(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune("-_.", r) || r == unicode.ReplacementChar
	})
}

// Category is the category that topic is declared under, if it is one of the brand's.
func (b Brand) Category(topic string) (Category, bool) {
	c, ok := b.Topics[topic]
	return c, ok
}

// Alias is the brand's other word for topic; empty for none.
func (b Brand) Alias(topic string) string {
	if alias := b.Aliases[topic]; alias != "" || topic != Privacy {
		return alias
	}
	return "Consent: Privacy"
}

// Named is the topic that word is the name or, in either case, the alias of; else word as it stands.
func (b Brand) Named(word string) string {
	if _, ok := b.Topics[word]; ok {
		return word
	}
	for _, topic := range slices.Sorted(maps.Keys(b.Topics)) {
		if strings.EqualFold(b.Alias(topic), word) && word != "" {
			return topic
		}
	}
	if strings.EqualFold(b.Alias(Privacy), word) {
		return Privacy
	}
	return word
}

// CheckLabel says what is wrong with s as a label of messages: it names a category, or a topic that
// the brand declares.
func (b Brand) CheckLabel(s Scope) error {
	switch topic, ok := s.Topic(); {
	case ok:
		return b.undeclared(topic)
	case s.over != overCategory:
		return fmt.Errorf("%s labels no message: want a category or topic:NAME", s)
	}
	return nil
}

// undeclared is an error unless topic is one of the brand's.
func (b Brand) undeclared(topic string) error {
	switch _, ok := b.Topics[topic]; {
	case ok:
		return nil
	case len(b.Topics) == 0:
		return fmt.Errorf("topic %q is not declared: the brand has no topics", topic)
	}
	return fmt.Errorf("topic %q is not declared: the brand has %s", topic, strings.Join(slices.Sorted(maps.Keys(b.Topics)), ", "))
}

// Label gives m the category and topic that its labels say: those of a template list, the route,
// its senders, a claim, in this order, and All where one says nothing. The strictest
// category wins. Of several topics that under the strictest category wins, and the first of equals;
// up to four others go to m.Others. A topic that the brand does not declare says nothing, and where
// nothing is said m is marketing. Label allocates nothing.
func (b Brand) Label(m *Message, labels ...Scope) {
	m.Category, m.Topic, m.Strays, m.Others = Marketing, "", false, [4]string{}
	others := m.Others[:0]
	said, under := Category(Categories), Category(Categories) // the category of m, and of its topic
	for _, s := range labels {
		switch s.over {
		case overCategory:
			said = min(said, s.category)
		case overTopic:
			c, ok := b.Topics[s.name]
			if !ok {
				continue
			}
			said = min(said, c)
			loser := s.name
			if c < under {
				m.Topic, under, loser = s.name, c, m.Topic
			}
			if loser != "" && loser != m.Topic && len(others) < cap(others) && !slices.Contains(others, loser) {
				others = append(others, loser)
			}
		}
	}
	if said < Categories && !m.MarketingOnly {
		m.Category = said
	}
	m.Strays = m.Topic != "" && m.Category < under
}

// A StopScope is what a STOP without further words covers.
type StopScope uint8

// The scopes of STOP. One number may serve several programs of a brand, so that a number alone is
// the narrowest reading; https://www.ecfr.gov/current/title-47/section-64.1200 (a)(10) may ask for
// the widest.
const (
	StopBrand      StopScope = iota // all that the brand sends on this channel
	StopSender                      // what comes from the number or service that the STOP went to
	StopEverything                  // all that any brand sends on this channel
	stopScopes     = iota
)

var stopNames = []string{"brand", "sender", "everything"}

// String is the word for s in the configuration.
func (s StopScope) String() string { return name(stopNames, s) }

// MarshalText writes the word for s.
func (s StopScope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a word for the scope of STOP.
func (s *StopScope) UnmarshalText(text []byte) (err error) {
	*s, err = word[StopScope]("scope of STOP", stopNames, text)
	return err
}

// Apply returns e, an opt-out that somebody made without saying from what and that was learnt on a
// message from sender, with what it covers. An event with a scope of its own keeps it.
func (s StopScope) Apply(e Event, sender string) Event {
	switch {
	case e.Kind != OptedOut || e.Scope != All:
	case s == StopEverything:
		e.To = e.To.Everywhere()
	case s == StopSender && sender != "":
		e.Scope = OfSender(sender)
	}
	return e
}

// Sender is the one way of writing who a message comes from: a number as [Number] does where it is
// one, also of another country without its plus, and anything else as it stands, both without the channel in
// front ("whatsapp:"). Region is as for Number.
func Sender(text, region string) string {
	if _, after, ok := strings.Cut(text, ":"); ok {
		text = after
	}
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, " ") || strings.HasPrefix(text, "(") || region != "" && text != "" && text[0] <= '9' {
		if number, err := Number(text, region); err == nil && !isShortCode(text) {
			return number
		}
	}
	text = strings.TrimSpace(text)
	// As many services write it, with its country code. What has more digits is an id.
	if len(text) > 9 && len(text) < 14 && text[0] != '0' && only(text, isDigit) {
		if number, err := Number("+"+text, ""); err == nil {
			return number
		}
	}
	return text
}
