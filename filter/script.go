package filter

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// DialogueText is what a [Dialogue] says in one language, and the words that answer it: one row of a
// table that is data, with its source. A row without texts only knows answers; the texts are then English.
//
// In texts {business} stands for the name of the brand, {purpose} for what the consent is to, {channel} for
// SMS, WhatsApp or the like, {policy_url} for where the policy can be read, and {agree} and {refuse} for the
// first words of Agree and Refuse.
type DialogueText struct {
	// Language is two or three letters of ISO 639, such as de.
	Language string `yaml:"language"`
	// Policy is sent first, and Question after it. Again stands above the question when it is repeated.
	Policy   string `yaml:"policy"`
	Question string `yaml:"question"`
	Again    string `yaml:"again"`
	// Granted, Refused, Unanswered and Failed close the dialogue: after a yes, after a no, when no answer
	// came in time, and after the last answer that was none.
	Granted    string `yaml:"granted"`
	Refused    string `yaml:"refused"`
	Unanswered string `yaml:"unanswered"`
	Failed     string `yaml:"failed"`
	// Privacy is {purpose} where the topic is [Privacy] and the brand does not say otherwise.
	Privacy string `yaml:"privacy"`
	// Agree and Refuse are whole answers that are yes and no, as [Fold] makes them.
	Agree  []string `yaml:"agree"`
	Refuse []string `yaml:"refuse"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

// DialogueConfig is how a brand asks for consent to one of its topics.
type DialogueConfig struct {
	// Purposes say by language what the consent is to, such as "our offers, at most twice a month". For
	// the topic privacy they come with the program.
	Purposes map[string]string `yaml:"purposes"`
	// Texts stand in for those of the program, each text and list of words by itself.
	Texts []DialogueText `yaml:"texts"`
	// Language is that of people whose own is not known or has no texts. Default en.
	Language string `yaml:"language"`
	// Window is how long an answer is awaited, from the last question on. Default 5m, at most 30 days.
	Window time.Duration `yaml:"window"`
	// Tries is how often the question is asked where the answers are none, up to its default: 3.
	Tries int `yaml:"tries"`
	// PerDay is how many dialogues one person gets within 24 hours, whatever they are about. Default 2.
	PerDay int `yaml:"per_day"`
	// Joined has the link and the question go out as one message, where each has its price.
	Joined bool `yaml:"joined"`
}

// Bounds of dialogues.
const (
	DefaultAnswerWindow = 5 * time.Minute
	longestAnswerWindow = 30 * 24 * time.Hour
	mostQuestions       = 3
	defaultPerDay       = 2
)

// A Script is how one brand asks for consent to one topic, made ready. It is immutable and safe for
// concurrent use.
type Script struct {
	business, policyURL string
	purposes            map[string]string
	texts               map[string]*DialogueText // by language
	yes, no             map[string][]string      // folded answers by language
	fallback            string                   // language
	guess               optOutLines              // of the language of people
	window              time.Duration
	tries, perDay       int
	joined              bool
}

// NewScripts makes the dialogues of b ready, by topic: see [NewScript]. An error names the key of the brand.
func NewScripts(b Brand, table []DialogueText, lines []OptOutLine) (map[string]*Script, error) {
	scripts := make(map[string]*Script, len(b.Dialogues))
	for _, topic := range slices.Sorted(maps.Keys(b.Dialogues)) {
		s, err := NewScript(b, topic, table, lines)
		if err != nil {
			return nil, fmt.Errorf("dialogues: %s: %w", topic, err)
		}
		scripts[topic] = s
	}
	return scripts, nil
}

// NewScript makes the dialogue about topic of b ready. table is what comes with the program, and lines
// are the opt-out lines by which a person's language is told. An error names the key below the
// brand's dialogues.
func NewScript(b Brand, topic string, table []DialogueText, lines []OptOutLine) (*Script, error) {
	cfg := b.Dialogues[topic]
	s := &Script{
		business: strings.TrimSpace(b.Business), policyURL: b.PolicyURL, purposes: map[string]string{}, texts: map[string]*DialogueText{},
		yes: map[string][]string{}, no: map[string][]string{}, fallback: cmp.Or(cfg.Language, "en"),
		window: cmp.Or(cfg.Window, DefaultAnswerWindow), tries: cmp.Or(cfg.Tries, mostQuestions), perDay: cmp.Or(cfg.PerDay, defaultPerDay), joined: cfg.Joined,
	}
	if err := s.check(topic, &b); err != nil {
		return nil, err
	}
	if err := s.guess.take(lines, map[string]variable{"stop": {value: "STOP"}, "brand": {value: s.business}}); err != nil {
		return nil, fmt.Errorf("opt-out lines%w", err)
	}
	for i := range table {
		s.take(&table[i], topic)
	}
	for i := range cfg.Texts {
		row := &cfg.Texts[i]
		if err := cmp.Or(checkLanguage(row.Language), checkReview(row.Reviewed, row.Confidence)); err != nil {
			return nil, fmt.Errorf("texts[%d]: %w", i, err)
		}
		s.take(row, topic)
	}
	maps.Copy(s.purposes, cfg.Purposes)
	return s, s.lint(topic, b)
}

// check looks at the settings that stand for themselves.
func (s *Script) check(topic string, b *Brand) error {
	u, err := url.Parse(s.policyURL)
	switch {
	case b.undeclared(topic) != nil:
		return b.undeclared(topic)
	case s.business == "":
		return errors.New("who asks has a name: give the brand its business")
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return fmt.Errorf("what is agreed to can be read: give the brand a policy_url, such as https://example.com/privacy, not %q", s.policyURL)
	case s.window < time.Minute || s.window > longestAnswerWindow:
		return fmt.Errorf("window: %s: want 1m to %s", s.window, longestAnswerWindow)
	case s.tries < 1 || s.tries > mostQuestions:
		return fmt.Errorf("tries: %d: want 1 to %d", s.tries, mostQuestions)
	case s.perDay < 1 || s.perDay > 10:
		return fmt.Errorf("per_day: %d: want 1 to 10", s.perDay)
	}
	return nil
}

// take puts what row says over what is there for its language.
func (s *Script) take(row *DialogueText, topic string) {
	t := s.texts[row.Language]
	if t == nil {
		t = &DialogueText{Language: row.Language}
		s.texts[row.Language] = t
	}
	for _, over := range [][2]*string{{&t.Policy, &row.Policy}, {&t.Question, &row.Question}, {&t.Again, &row.Again}, {&t.Granted, &row.Granted},
		{&t.Refused, &row.Refused}, {&t.Unanswered, &row.Unanswered}, {&t.Failed, &row.Failed}, {&t.Privacy, &row.Privacy}} {
		*over[0] = cmp.Or(*over[1], *over[0])
	}
	if row.Agree != nil {
		t.Agree = row.Agree
	}
	if row.Refuse != nil {
		t.Refuse = row.Refuse
	}
	s.yes[row.Language], s.no[row.Language] = folded(t.Agree), folded(t.Refuse)
	if topic == Privacy && t.Privacy != "" {
		s.purposes[row.Language] = t.Privacy
	}
}

func folded(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		if w = Fold(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// PerDay is how many dialogues one person gets within 24 hours.
func (s *Script) PerDay() int { return s.perDay }

// Language is that of a person, as far as what they wrote and where their address is from tell it, in
// ISO 639; empty where neither does.
func (s *Script) Language(to Recipient, text string) string {
	if len(s.guess.rows) == 0 {
		return ""
	}
	if at := s.guess.language(&Message{To: to, Text: text}); at >= 0 {
		return s.guess.rows[at].language
	}
	return ""
}

// text is what is said to people of a language.
func (s *Script) text(language string) *DialogueText {
	if t := s.texts[language]; t != nil && t.Question != "" && s.purposes[language] != "" && len(t.Agree) > 0 && len(t.Refuse) > 0 {
		return t
	}
	if language == s.fallback {
		return &DialogueText{}
	}
	return s.text(s.fallback)
}

// purpose is what people of a language are asked to agree to.
func (s *Script) purpose(language string) string { return s.purposes[s.text(language).Language] }

// Labels are the words that the question tells people of a language to reply with: for yes, and for no.
func (s *Script) Labels(language string) (agree, refuse string) {
	t := s.text(language)
	return t.Agree[0], t.Refuse[0]
}

// means is Agreed or Declined where a is a whole answer in the language of the person or of the question;
// else Pending. Other languages do not count: Polish yes is Danish thanks. No wins over yes.
func (s *Script) means(d *Dialogue, a *Answer) DialogueState {
	asked := s.text(d.Language).Language
	says := func(words map[string][]string, text string) bool {
		text = Fold(text)
		return text != "" && (slices.Contains(words[d.Language], text) || slices.Contains(words[asked], text))
	}
	switch {
	case a.Declines, says(s.no, a.Text), says(s.no, a.Payload):
		return Declined
	case says(s.yes, a.words()) && !strings.ContainsFunc(a.words(), doubtful):
		return Agreed
	}
	return Pending
}

// doubtful reports whether r, beside a yes, leaves open what is meant: "yes?", or with a picture.
func doubtful(r rune) bool {
	return strings.ContainsRune("?？؟", r) || unicode.Is(unicode.So, r) && !strings.ContainsRune("👍✅✔", r)
}

// fill writes the variables of d into text, which lint has read before. On SMS it is in letters that one SMS takes
// as one place each, if it can be.
func (s *Script) fill(text string, d *Dialogue) string {
	text, _ = expand(text, s.values(d))
	if d.To.Channel == SMS {
		text = toGSM(text)
	}
	return text
}

func (s *Script) values(d *Dialogue) map[string]variable {
	t := s.text(d.Language)
	first := func(words []string) string {
		if len(words) == 0 {
			return ""
		}
		return words[0]
	}
	return map[string]variable{
		"business": {value: s.business}, "policy_url": {value: s.policyURL}, "purpose": {s.purpose(d.Language), "it is in purposes beside it"},
		"channel": {value: cmp.Or(channelNames[d.To.Channel], string(d.To.Channel))}, "agree": {first(t.Agree), "it is the first of agree"}, "refuse": {first(t.Refuse), "it is the first of refuse"},
	}
}

// channelNames are what people call a channel.
var channelNames = map[Channel]string{SMS: "SMS", WhatsApp: "WhatsApp", Messenger: "Messenger",
	Telegram: "Telegram", LINE: "LINE", Viber: "Viber", WeChat: "WeChat", Email: "e-mail"}
