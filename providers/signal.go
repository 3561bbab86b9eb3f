package providers

import (
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A SignalKind is what a signal is about. The zero SignalKind is none.
type SignalKind uint8

// What services tell of by webhooks.
const (
	_             SignalKind = iota
	Message                  // a person wrote, or pressed a button
	Preference               // a person stopped or resumed a kind of messages in the service's own settings
	Receipt                  // what became of a message that was sent
	Quality                  // how the service rates a sender, or a template where Template is set
	TemplateMoved            // a template has another category from now on
	PersonMoved              // a person has other addresses from now on, which are Aliases
)

var signalNames = []string{"none", "message", "preference", "receipt", "quality", "template-moved", "person-moved"}

// String is the word for k, such as "template-moved".
func (k SignalKind) String() string { return signalNames[k] }

// MarshalText writes the word for k.
func (k SignalKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a word for a kind.
func (k *SignalKind) UnmarshalText(text []byte) error {
	for i, name := range signalNames {
		if i > 0 && name == string(text) {
			*k = SignalKind(i)
			return nil
		}
	}
	return fmt.Errorf("unknown kind of signal %q: want one of %s", text, strings.Join(signalNames[1:], ", "))
}

// A Signal is one thing that a service told. The business's own words (echoes, the texts of receipts)
// are in none.
type Signal struct {
	Kind SignalKind `json:"kind"`
	// ID is the service's own name for this thing: the same again is the same, however often and to
	// which URL it comes. Ids of WhatsApp messages hold the number of the person, in base64.
	ID string `json:"id"`
	// Undated says that the service gives neither names nor times: the ID is made of what was said, and the same words
	// on another day have it, too.
	Undated bool `json:"undated,omitempty"`
	// Time is when it happened; zero where the service does not say.
	Time time.Time `json:"time,omitzero"`

	// From is the person, canonical and without a brand, and Aliases are further addresses of theirs on
	// the same channel: numbers, and the ids that one business has for them. None in Quality and
	// TemplateMoved.
	From    filter.Recipient `json:"from,omitzero"`
	Aliases []string         `json:"aliases,omitempty"`

	// Sender is the business's side: a number or id as [filter.Sender] writes it, for WhatsApp the
	// phone-number id, and Service the messaging service. Display is the number of a Sender that is an
	// id, in E.164; a rating of WhatsApp names a sender by nothing else. Of TemplateMoved, Sender is the
	// account that the template belongs to.
	Sender  string `json:"sender,omitempty"`
	Service string `json:"service,omitempty"`
	Display string `json:"display,omitempty"`

	// Of a Message: what the person wrote or what stood on the button, what the button means to the
	// sender, and the id of the message that was answered. Media is how many files came with it. Word is
	// what the service took it for, and answered itself. Edited says that they changed words of theirs into these.
	Text    string         `json:"text,omitempty"`
	Payload string         `json:"payload,omitempty"`
	ReplyTo string         `json:"reply_to,omitempty"`
	Media   int            `json:"media,omitempty"`
	Word    filter.Keyword `json:"word,omitzero"`
	Edited  bool           `json:"edited,omitempty"`
	// Part says that it is a piece of what the person wrote: the text was longer than an SMS, and the service joins none.
	Part Part `json:"part,omitzero"`

	// Of a Receipt: the service's word in lower case, its error code or 0, and the id of the message.
	Status    string `json:"status,omitempty"`
	Code      int    `json:"code,omitempty"`
	MessageID string `json:"message_id,omitempty"`

	// Of a Preference: whether it stops messages or has them again, and which. Label is what the sender's account calls
	// them at the service, such as an unsubscribe group or a stream: Scope is what they are where nobody knows the label.
	// Where Template is set they are those by it, which the service itself refuses to deliver.
	Stop  bool         `json:"stop,omitempty"`
	Scope filter.Scope `json:"scope,omitzero"`
	Label string       `json:"label,omitempty"`

	// Of Quality: whether it is low, and the service's own words for it.
	Low    bool   `json:"low,omitempty"`
	Detail string `json:"detail,omitempty"`

	// Template is the name of a template, and of TemplateMoved Category is what it is now.
	Template string          `json:"template,omitempty"`
	Language string          `json:"language,omitempty"`
	Category filter.Category `json:"category,omitzero"`
}

// A Part is which piece of a message a signal has, and of how many, counted from one. Of one person and sender all pieces
// have the same Ref, and may come in any order.
type Part struct {
	Ref    string `json:"ref"`
	Number int    `json:"number"`
	Of     int    `json:"of"`
}

// Whole reports whether there is nothing to join.
func (p Part) Whole() bool { return p.Of < 2 }
