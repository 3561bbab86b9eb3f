package filter

import "time"

// An Action is what happens to a message.
type Action uint8

// Block is the zero value: a decision nobody took sends nothing.
const (
	Block Action = iota
	Rewrite
	Forward
)

// Actions is how many actions there are, for arrays indexed by one.
const Actions = 3

var actionNames = []string{"block", "rewrite", "forward"}

// String is the word for a in headers, metrics and the decision log.
func (a Action) String() string { return name(actionNames, a) }

// MarshalText writes the word for a.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a word for an action.
func (a *Action) UnmarshalText(text []byte) (err error) {
	*a, err = word[Action]("action", actionNames, text)
	return err
}

// A Reason is why a message was blocked, edited or let through: one word of a closed list, the
// same in the log, the metric label, the header and the command line.
type Reason uint8

// Undecided is the zero value.
const (
	Undecided      Reason = iota // the store could not be asked
	Allowed                      // nothing objected
	Unreadable                   // the request could not be understood, so nothing in it was sent
	BadAddress                   // what stands for the recipient is no address
	HasOptedOut                  // the recipient withdrew
	NoConsent                    // no consent of the needed kind
	ConsentExpired               // there was one, but it has run out
	WindowClosed                 // free-form message outside the customer service window
	Content                      // the text lacks what it must have; blocked, or sent with a warning, where it cannot be given it
	InQuietHours                 // the recipient's hours are to be left in peace
	CapReached                   // the recipient got as many messages as they are to get
	Duplicate                    // the recipient got the same message a short while ago
	Suspended                    // somebody, or the gate itself, paused what the message belongs to
	OverBudget                   // the sender used up what the platform lets it send
	Own                          // the gate wrote it itself, to answer the recipient
	Reasons        = iota        // how many reasons there are, for arrays indexed by one
)

var reasonNames = []string{"undecided", "allowed", "unreadable", "bad-address", "opted-out",
	"no-consent", "consent-expired", "window-closed", "content", "quiet-hours",
	"cap-reached", "duplicate", "suspended", "over-budget", "own"}

// reasonTexts holds one plain sentence a reason, for people.
var reasonTexts = [Reasons]string{
	"the consent store could not be asked, and what cannot be decided is not sent",
	"nothing objected",
	"the request could not be read, and what cannot be read is not sent",
	"the recipient is not an address that can be written to",
	"the recipient opted out",
	"there is no consent of the kind this message needs",
	"the consent for this message has run out",
	"a free-form message needs an open customer service window, and it is closed",
	"the text lacks what it must say, such as how to opt out, and a line that does is added only where there is room",
	"it would reach the recipient at an hour that is to be left in peace",
	"the recipient got as many messages as they are to get in this time",
	"the recipient got the same message a short while ago",
	"sending is paused for what this message belongs to",
	"the sender used up what the platform lets it send in this time",
	"the gate wrote it itself to answer the recipient, and no rule holds that back",
}

// String is the word for r.
func (r Reason) String() string { return name(reasonNames, r) }

// Text is one plain sentence for people, without a full stop.
func (r Reason) Text() string {
	if r < Reasons {
		return reasonTexts[r]
	}
	return r.String()
}

// MarshalText writes the word for r.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a word for a reason.
func (r *Reason) UnmarshalText(text []byte) (err error) {
	*r, err = word[Reason]("reason", reasonNames, text)
	return err
}

// A Decision is what happens to one message, and why.
type Decision struct {
	Action Action
	Reason Reason
	Rule   string    // the rule that settled it, of several edits the last; empty when nothing objected
	Until  time.Time // when the same message would pass, if waiting helps; of a rewrite, when it will
	Edit   Edit      // what Rewrite changes
	Why    string    // what the rule went by, in words; left empty where nobody reads it, see [Policy.Why]
}

// An Edit is what a rule wants changed in a message.
type Edit struct {
	Footer string    // a line to add below the text
	Notice bool      // Footer tells the recipient how their data is handled; see [Noticed]
	SendAt time.Time // when the provider is to deliver it instead; zero: as asked
}
