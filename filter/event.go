package filter

import "time"

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
	_          Kind = iota
	OptedOut        // the recipient withdrew, within Scope
	OptedIn         // the recipient agreed, within Scope, on a Basis
	Wrote           // an inbound message: opens the customer service window, and is never an opt-in
	Asked           // the recipient was asked to agree, within Scope, and has not answered yet
	Refused         // the recipient was asked, and said no, within Scope
	Erased          // their personal fields were removed on request; stands for an opt-out of everything
	Noticed         // the recipient was told how their data is handled, under the topic [Privacy]
	Unanswered      // the recipient was asked, within Scope, and gave no answer in time: they stand as Asked
)

// Kinds is how many kinds there are with the zero Kind, for arrays indexed by one.
const Kinds = 9

var kindNames = []string{"none", "opted-out", "opted-in", "wrote", "asked", "refused", "erased", "noticed", "unanswered"}

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
