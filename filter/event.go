package filter

import (
	"fmt"
	"strings"
	"time"
)

// An Event is something learnt about a recipient. Events are facts: they are appended, never
// changed, and a [Record] is what they add up to.
type Event struct {
	// ID names the event: the same ID twice is the same event. The store gives one where it is
	// empty; whoever may repeat himself (an import, a webhook) derives it from what he read.
	ID string `json:"id"`
	// Time is when it happened, as far as known. Recorded is when this store learnt of it and is
	// set by the store; what was known at a past moment is what was recorded until then.
	Time     time.Time `json:"time"`
	Recorded time.Time `json:"recorded"`

	To     Recipient `json:"to"`
	Kind   Kind      `json:"kind"`
	Scope  Scope     `json:"scope,omitzero"`
	Basis  Basis     `json:"basis,omitzero"`
	Source string    `json:"source"`         // who says so: "twilio answer", "import leads.csv", "api: ana"
	Note   string    `json:"note,omitempty"` // the address as it was given, a provider's code, a person's words
	Proof  Evidence  `json:"proof,omitzero"`
}

// A Kind is what an event is about. The zero Kind is no event: the store refuses it.
type Kind uint8

// What can be learnt about a recipient.
const (
	_        Kind = iota
	OptedOut      // the recipient withdrew, within Scope
	OptedIn       // the recipient agreed, within Scope, on a Basis
	Wrote         // an inbound message: opens the customer service window, and is never an opt-in
)

var kindNames = []string{"none", "opted-out", "opted-in", "wrote"}

// String is the word for k.
func (k Kind) String() string { return name(kindNames, k) }

// MarshalText writes the word for k.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a word for a kind.
func (k *Kind) UnmarshalText(text []byte) (err error) {
	*k, err = word[Kind]("event kind", kindNames, text)
	return err
}

// A Basis is why an opt-in counts. They are ordered from the weakest; NoBasis carries nothing.
type Basis uint8

// The bases of consent.
const (
	NoBasis       Basis = iota
	ByInquiry           // implied: they asked; good for answers, for a window's length
	ByTransaction       // implied: they ordered or booked; good for messages about it
	Express             // they said yes to exactly this
)

// Bases is how many bases there are, for arrays indexed by one.
const Bases = 4

var basisNames = []string{"none", "inquiry", "transaction", "express"}

// String is the word for b.
func (b Basis) String() string { return name(basisNames, b) }

// MarshalText writes the word for b.
func (b Basis) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a word for a basis.
func (b *Basis) UnmarshalText(text []byte) (err error) {
	*b, err = word[Basis]("basis", basisNames, text)
	return err
}

// A Scope is what an opt-in or opt-out covers: everything (the zero value), one category, or one
// topic. Its text form is "all", a category's name, or "topic:" and a topic's name.
type Scope struct {
	of       uint8 // 0 everything, 1 category, 2 topic
	category Category
	topic    string
}

// All is the scope that covers every message.
var All Scope

// OfCategory is the scope of all messages of category c, whatever their topic.
func OfCategory(c Category) Scope { return Scope{of: 1, category: c} }

// OfTopic is the scope of one topic, which has a name. Topics belong to a brand, as recipients do.
func OfTopic(topic string) Scope { return Scope{of: 2, topic: topic} }

// Covers reports whether a message of category c and topic lies within s.
func (s Scope) Covers(c Category, topic string) bool {
	switch s.of {
	case 0:
		return true
	case 1:
		return s.category == c
	default:
		return s.topic == topic
	}
}

// compare orders scopes, so that a record has one form.
func (s Scope) compare(t Scope) int {
	if s.of != t.of {
		return int(s.of) - int(t.of)
	}
	if s.category != t.category {
		return int(s.category) - int(t.category)
	}
	return strings.Compare(s.topic, t.topic)
}

// String is the text form of s.
func (s Scope) String() string {
	switch s.of {
	case 0:
		return "all"
	case 1:
		return s.category.String()
	default:
		return "topic:" + s.topic
	}
}

// MarshalText writes the text form of s. A topic without a name, and a category that is none, have
// no text form.
func (s Scope) MarshalText() ([]byte, error) {
	var back Scope
	text := []byte(s.String())
	if err := back.UnmarshalText(text); err != nil {
		return nil, err
	}
	return text, nil
}

// UnmarshalText reads the text form of a scope; empty text is everything.
func (s *Scope) UnmarshalText(text []byte) error {
	if len(text) == 0 || string(text) == "all" {
		*s = All
		return nil
	}
	if topic, ok := strings.CutPrefix(string(text), "topic:"); ok {
		if topic == "" {
			return fmt.Errorf("scope %q names no topic", text)
		}
		*s = OfTopic(topic)
		return nil
	}
	var c Category
	if err := c.UnmarshalText(text); err != nil {
		return fmt.Errorf("unknown scope %q: want all, a category (%s) or topic:NAME",
			text, strings.Join(categoryNames, ", "))
	}
	*s = OfCategory(c)
	return nil
}

// Evidence is what proves an event: how it was given and what was shown. All fields are as the
// sender of the event stated them, and personal: they are kept apart from what a send reads.
type Evidence struct {
	Method       string    `json:"method,omitempty"` // sms, web form, paper, ivr, import, api, …
	Action       string    `json:"action,omitempty"` // ticked box, replied, signed, spoke, …
	Wording      string    `json:"wording,omitempty"`
	PolicyURL    string    `json:"policy_url,omitempty"`
	BusinessName string    `json:"business_name,omitempty"`
	Purpose      string    `json:"purpose,omitempty"`
	Language     string    `json:"language,omitempty"`
	FullName     string    `json:"full_name,omitempty"`
	Email        string    `json:"email,omitempty"`
	Postal       string    `json:"postal,omitempty"`
	IP           string    `json:"ip,omitempty"`
	UserAgent    string    `json:"user_agent,omitempty"`
	CapturedAt   time.Time `json:"captured_at,omitzero"`
}
