package filter

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A Preset is what is demanded of the evidence of consents.
type Preset uint8

// The presets. Until November 2024 Meta asked for an opt-in that names WhatsApp. Since then it takes
// a general one where the law does, as long as it names the business:
// https://business.whatsapp.com/policy
const (
	Meta2024   Preset = iota // the business must be named; the rest is advice
	Strict                   // what Meta asked for before, and data protection authorities still do
	NoEvidence               // nothing but what a consent cannot be without
	Presets    = iota
)

var presetNames = []string{"meta-2024", "strict", "none"}

// String is the word for p in the configuration.
func (p Preset) String() string { return name(presetNames, p) }

// MarshalText writes the word for p.
func (p Preset) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a word for a preset.
func (p *Preset) UnmarshalText(text []byte) (err error) {
	*p, err = word[Preset]("preset of evidence", presetNames, text)
	return err
}

// A Severity is what becomes of an event with a [Finding].
type Severity uint8

// The severities; the zero value is none.
const (
	_      Severity = iota
	Warn            // it is kept, and whoever brought it is told
	Refuse          // it is not kept
)

var severityNames = []string{"none", "warn", "refuse"}

// String is the word for s.
func (s Severity) String() string { return name(severityNames, s) }

// MarshalText writes the word for s.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a word for a severity.
func (s *Severity) UnmarshalText(text []byte) (err error) {
	*s, err = word[Severity]("severity", severityNames, text)
	return err
}

// A Finding is one thing wrong with an event that somebody wants to enter.
type Finding struct {
	Field    string   `json:"field"`   // named as in JSON: proof.wording
	Problem  string   `json:"problem"` // a sentence: what is wrong, what would be right
	Severity Severity `json:"severity"`
}

// EvidenceMethods and EvidenceActions are the words for how consent reached the business, and for
// what the person did. "other: " and words of one's own stand for any further one.
var (
	EvidenceMethods = []string{"sms", "web form", "web chat", "whatsapp thread", "ivr", "missed call", "in person", "paper", "import", "api"}
	EvidenceActions = []string{"typed number", "ticked box", "replied", "signed", "spoke", "called"}
)

// Severities by preset: meta-2024, strict, none.
var (
	never   = [Presets]Severity{Refuse, Refuse, Refuse} // without it there is no consent
	demand  = [Presets]Severity{Refuse, Refuse, 0}
	advice  = [Presets]Severity{Warn, Refuse, 0}
	hint    = [Presets]Severity{Warn, Warn, 0}
	wording = [Presets]Severity{Refuse, Refuse, Warn} // what nobody can read later
	notes   = [Presets]Severity{Warn, Warn, Warn}
)

// A linter collects what is wrong with e.
type linter struct {
	brand Brand
	e     *Event
	found []Finding
}

func (l *linter) find(by [Presets]Severity, field, problem string, args ...any) {
	if l.brand.Evidence < Presets && by[l.brand.Evidence] != 0 {
		l.found = append(l.found, Finding{field, fmt.Sprintf(problem, args...), by[l.brand.Evidence]})
	}
}

// Lint is what is wrong with e as something to enter into the brand's consents, by the brand's
// preset. An opt-out is never refused for its evidence. Whether e is well formed is the store's to
// say. Lint keeps nothing of e.
func (b Brand) Lint(e Event) []Finding {
	l := &linter{brand: b, e: &e}
	if topic, ok := e.Scope.Topic(); ok {
		if err := b.undeclared(topic); err != nil {
			l.find(never, "scope", "%s", err)
		}
	}
	known := wording
	if e.Kind != OptedIn {
		known = notes
	}
	l.word(known, "proof.method", e.Proof.Method, EvidenceMethods)
	l.word(known, "proof.action", e.Proof.Action, EvidenceActions)
	switch {
	case e.Kind != OptedIn:
	case e.Basis == Express:
		l.express()
	case e.Basis == ByTransaction:
		l.transaction()
	}
	return l.found
}

// word finds a word that is not in the list.
func (l *linter) word(by [Presets]Severity, field, text string, list []string) {
	own, other := strings.CutPrefix(text, "other:")
	if text == "" || other && strings.TrimSpace(own) != "" || slices.Contains(list, text) {
		return
	}
	l.find(by, field, "unknown word %q: want one of %s, or other: and your own", text, strings.Join(list, ", "))
}

// transaction looks at consent that an order or appointment implies.
func (l *linter) transaction() {
	p := &l.e.Proof
	if p.Reference == "" {
		l.find(never, "proof.reference", "it is missing: consent by transaction names its order or appointment")
	}
	if p.ReferenceDate.IsZero() {
		l.find(never, "proof.reference_date", "it is missing: consent by transaction runs from the day of its order or appointment")
	}
	c, declared := l.brand.Topics[l.e.Scope.name]
	if l.e.Scope.over == overTopic && declared && c != Utility || l.e.Scope.over != overTopic && l.e.Scope != OfCategory(Utility) {
		l.find(never, "scope", "%s: consent by transaction is for utility, or for a topic under it", l.e.Scope)
	}
}

// express looks at a yes.
func (l *linter) express() {
	p := &l.e.Proof
	if p.PreTicked {
		l.find(never, "proof.pre_ticked", "a box that was ticked beforehand is nobody's consent")
	}
	if l.e.Scope == All {
		l.find(hint, "scope", "it is consent to whatever is sent, marketing too: name the category or topic that was agreed to")
	}
	if p.Method == "" {
		l.find(advice, "proof.method", "it is missing: say how the consent was given, such as web form")
	}
	if p.Action == "" {
		l.find(advice, "proof.action", "it is missing: say what the person did, such as ticked box")
	}
	l.business()
	switch {
	case strings.TrimSpace(p.Wording) == "":
		l.find(advice, "proof.wording", "it is missing: keep the text that was agreed to")
	case !names(p.Wording, l.e.To.Channel):
		l.find(advice, "proof.wording", "it does not say that messages come by %s", l.e.To.Channel)
	}
	switch {
	case strings.TrimSpace(p.Purpose) == "":
		l.find(advice, "proof.purpose", "it is missing: say what kind of messages was promised")
	case l.generic(p.Purpose):
		l.find(advice, "proof.purpose", "%q says nothing about what the messages are for", p.Purpose)
	}
}

// business looks for the name of who was agreed with.
func (l *linter) business() {
	p, name := &l.e.Proof, strings.TrimSpace(l.brand.Business)
	given := strings.TrimSpace(p.BusinessName)
	switch {
	case name == "":
		name = given
	case given != "" && !strings.EqualFold(given, name):
		l.find(never, "proof.business_name", "consent to %q is none to %q", given, name)
	}
	switch {
	case name == "":
		l.find(demand, "proof.business_name", "it is missing: consent is given to a business")
	case strings.TrimSpace(p.Wording) != "" && !mentions(p.Wording, name):
		l.find(demand, "proof.wording", "it does not name the business %q", name)
	}
}

// channelWords are what people call a channel, in the languages of the larger markets.
var channelWords = map[Channel][]string{
	SMS: {"sms", "text", "texts", "texting", "text message", "text messages", "mms", "rcs", "texto", "textos", "torpedo",
		"textnachricht", "textnachrichten", "смс", "短信", "簡訊", "ショートメール", "문자", "एसएमएस"},
	WhatsApp:  {"whatsapp"},
	Messenger: {"messenger"},
	Telegram:  {"telegram"},
	LINE:      {"line"},
	Viber:     {"viber"},
	WeChat:    {"wechat", "微信"},
	Email: {"email", "emails", "e-mail", "e-mails", "mail", "mails", "correo", "correo electrónico", "courriel", "courriels",
		"почта", "почте", "邮件", "郵件", "メール", "이메일", "ईमेल"},
}

// names reports whether wording says the name of the channel.
func names(wording string, channel Channel) bool {
	known, ok := channelWords[channel]
	if !ok {
		known = []string{string(channel)}
	}
	return slices.ContainsFunc(known, func(w string) bool { return mentions(wording, w) })
}

// genericWords name messages and nothing about them.
var genericWords = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(`whatsapp sms mms rcs messenger text texts texting
		a an and any by for from get i in may me my of on or our receive send sending that the to us via we will with you your
		message messages messaging msg msgs notification notifications communication communications contact info information update updates
		mensaje mensajes mensagem mensagens message nachricht nachrichten messaggio messaggi notifiche notificaciones mitteilungen
		de del des di du le les la los las el per por par pour para von über via e et y und da do`) {
		words[w] = true
	}
	return words
}()

// generic reports whether purpose says nothing beyond that there will be messages from the business.
func (l *linter) generic(purpose string) bool {
	split := func(text string) []string {
		return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) })
	}
	own := append(split(l.brand.Business), split(l.e.Proof.BusinessName)...)
	return !slices.ContainsFunc(split(purpose), func(w string) bool { return !genericWords[w] && !slices.Contains(own, w) })
}
