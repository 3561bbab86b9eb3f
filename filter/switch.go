package filter

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Target is what a switch pauses: the messages that agree with every field that is set. The zero
// Target is everything.
type Target struct {
	Brand    string `json:"brand,omitempty"`
	Route    string `json:"route,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Topic    string `json:"topic,omitempty"`
	Sender   string `json:"sender,omitempty"` // as [Sender] writes it
	Template string `json:"template,omitempty"`
}

// covers reports whether m, which takes route, belongs to t.
func (t *Target) covers(route string, m *Message) bool {
	return (t.Brand == "" || t.Brand == m.To.Brand) &&
		(t.Route == "" || t.Route == route) &&
		(t.Campaign == "" || t.Campaign == m.Campaign) &&
		(t.Topic == "" || t.Topic == m.Topic || slices.Contains(m.Others[:], t.Topic)) &&
		(t.Sender == "" || m.isFrom(t.Sender)) &&
		(t.Template == "" || t.Template == m.Template)
}

// Problem says which field of t, named as in JSON, no switch can have, and why. Both are empty where
// there is none.
func (t *Target) Problem() (field, problem string) {
	for _, f := range [...]struct{ name, value string }{
		{"brand", t.Brand}, {"route", t.Route}, {"campaign", t.Campaign}, {"topic", t.Topic}, {"sender", t.Sender}, {"template", t.Template},
	} {
		if problem := TextProblem(f.value); problem != "" {
			return f.name, problem
		}
	}
	return "", ""
}

// personal is what is wrong with a text that reads as if it named a person.
const personal = "it holds what reads as somebody's phone number: pauses are kept when a person is erased, so leave it out"

// String is t in words: campaign "spring" of brand "acme".
func (t Target) String() string {
	var words []string
	for _, f := range [...]struct{ name, value string }{
		{"campaign", t.Campaign}, {"topic", t.Topic}, {"template", t.Template}, {"sender", t.Sender},
		{"route", t.Route}, {"brand", t.Brand},
	} {
		if f.value != "" {
			words = append(words, fmt.Sprintf("%s %q", f.name, f.value))
		}
	}
	if words == nil {
		return "everything"
	}
	return strings.Join(words, " of ")
}

// A Switch pauses sending: somebody pulled it, or the gate itself did. It says nothing about
// recipients, and no consent outweighs it.
type Switch struct {
	ID string `json:"id"`
	On Target `json:"on"`
	// Categories are those of the messages it pauses. None: every one but authentication, since
	// somebody waits for a login code at that moment and whoever pauses a campaign rarely means it.
	Categories []Category `json:"categories,omitempty"`
	Reason     string     `json:"reason"`
	Actor      string     `json:"actor"`
	// Admin says that it was set with the role admin: then only that role lifts it.
	Admin bool      `json:"admin,omitempty"`
	Set   time.Time `json:"set"`
	Until time.Time `json:"until,omitzero"` // its end; zero: when somebody lifts it
	Cause Cause     `json:"cause,omitzero"` // what made the gate set it

	Lifted        time.Time `json:"lifted,omitzero"` // zero: nobody lifted it
	LiftedBy      string    `json:"lifted_by,omitempty"`
	LiftedBecause string    `json:"lifted_because,omitempty"`
}

// A Cause is what made the gate set a switch.
type Cause uint8

// The zero Cause is that of a switch that somebody set.
const (
	_        Cause = iota
	Refusals       // a provider refused too many messages: it is on trial from its end on, see [Breaker]
	Quality        // a provider rates the sender as low
)

var causeNames = []string{"", "refusals", "quality"}

// String is the word for c.
func (c Cause) String() string { return name(causeNames, c) }

// MarshalText writes the word for c.
func (c Cause) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a word for a cause.
func (c *Cause) UnmarshalText(text []byte) (err error) {
	*c, err = word[Cause]("cause", causeNames, text)
	return err
}

// Covers reports whether m, which takes route, is one of the messages that s pauses.
func (s *Switch) Covers(route string, m *Message) bool {
	if !s.On.covers(route, m) {
		return false
	}
	if len(s.Categories) == 0 {
		return m.Category != Authentication
	}
	return slices.Contains(s.Categories, m.Category)
}

// Trial reports whether a few messages that s covers are to go through, to show whether to lift it.
func (s *Switch) Trial(now time.Time) bool { return s.Cause == Refusals && s.Ended(now) }

// Ended reports whether the end of s has come. It takes no notice of lifting.
func (s *Switch) Ended(now time.Time) bool { return !s.Until.IsZero() && !now.Before(s.Until) }

// Decision is the block by s.
func (s *Switch) Decision() Decision {
	return Decision{Action: Block, Reason: Suspended, Rule: "switch", Until: s.Until}
}

// String is s for people: what, who, when, why and until when.
func (s *Switch) String() string {
	end := "until somebody lifts it"
	switch {
	case s.Cause == Refusals:
		end = fmt.Sprintf("until %s, and then for as long as trials fail", when(s.Until))
	case !s.Until.IsZero():
		end = "until " + when(s.Until)
	}
	text := fmt.Sprintf("switch %s, set by %s on %s for %s, %s: %q", s.ID, s.Actor, when(s.Set), s.On, end, s.Reason)
	if !s.Lifted.IsZero() {
		text += fmt.Sprintf(" (lifted by %s on %s: %q)", s.LiftedBy, when(s.Lifted), s.LiftedBecause)
	}
	return text
}

// Switches are those that nobody lifted. They are shared and must not be changed.
type Switches []Switch

// Holding is the switch that keeps m, which takes route, from being handed to the provider now: of
// several the one that ends last, and nil where there is none. The asked delivery time does not
// matter: what was handed over cannot be held any more. It allocates nothing.
func (all Switches) Holding(route string, m *Message, now time.Time) (last *Switch) {
	for i := range all {
		s := &all[i]
		if s.Ended(now) || !s.Covers(route, m) {
			continue
		}
		if last == nil || !last.Until.IsZero() && (s.Until.IsZero() || s.Until.After(last.Until)) {
			last = s
		}
	}
	return last
}

// Trying is a switch on trial that covers m, which takes route, or nil.
func (all Switches) Trying(route string, m *Message, now time.Time) *Switch {
	for i := range all {
		if s := &all[i]; s.Trial(now) && s.Covers(route, m) {
			return s
		}
	}
	return nil
}

// Find is the switch with this id, or nil.
func (all Switches) Find(id string) *Switch {
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return nil
}

// Problem says what is wrong with s as somebody sets it: the field, and a sentence. Both are empty
// where nothing is. Nobody's phone number may be in what people write and senders claim; a sender is the
// operator's own, and the rest of the target are names of the configuration.
func (s *Switch) Problem() (field, problem string) {
	for _, f := range [...]struct{ name, value string }{{"reason", s.Reason}, {"actor", s.Actor}} {
		if problem := TextProblem(f.value); problem != "" {
			return f.name, problem
		}
	}
	if field, problem := s.On.Problem(); problem != "" {
		return "on." + field, problem
	}
	if problem := categoriesProblem(s.Categories); problem != "" {
		return "categories", problem
	}
	switch {
	case s.Cause == 0 && ShowsNumber(s.Reason):
		return "reason", personal
	case ShowsNumber(s.On.Campaign):
		return "on.campaign", personal
	case s.Reason == "":
		return "reason", "missing: want a sentence for those who find sending paused"
	case s.Actor == "":
		return "actor", "missing: want who pauses"
	}
	return "", ""
}

func categoriesProblem(all []Category) string {
	for i, c := range all {
		if c >= Categories || slices.Contains(all[:i], c) {
			return fmt.Sprintf("%s is no category, or is there twice", c)
		}
	}
	return ""
}

// longestText is how many bytes each text of a switch may take.
const longestText = 1024

// TextProblem says why text is none that can be kept with a switch.
func TextProblem(text string) string {
	switch {
	case len(text) > longestText:
		return fmt.Sprintf("%d bytes are too many: want at most %d", len(text), longestText)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "want text in UTF-8 on one line"
	}
	return ""
}
