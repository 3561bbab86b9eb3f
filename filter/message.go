package filter

import "time"

// A Channel is what the recipient experiences: SMS, WhatsApp, e-mail. It is not the company that
// carries the message.
type Channel string

// The channels of the providers spoken today. MMS and RCS count as SMS: the same number, and
// since March 2026 the same STOP (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
const (
	SMS       Channel = "sms"
	WhatsApp  Channel = "whatsapp"
	Messenger Channel = "messenger"
	Telegram  Channel = "telegram"
	LINE      Channel = "line"
	Viber     Channel = "viber"
	WeChat    Channel = "wechat"
	Email     Channel = "email"
)

// A Category says what a message is for, in WhatsApp's four words, used here for all channels.
// They are ordered from the strictest: of two claims the smaller value holds.
type Category uint8

// Marketing is the zero value: what nobody classified counts as the strictest.
const (
	Marketing Category = iota
	Utility
	Service
	Authentication
)

// Categories is how many categories there are, for arrays indexed by one.
const Categories = 4

var categoryNames = []string{"marketing", "utility", "service", "authentication"}

// String is the word for c in configuration, headers and the decision log.
func (c Category) String() string { return name(categoryNames, c) }

// MarshalText writes the word for c.
func (c Category) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads one of the four words.
func (c *Category) UnmarshalText(text []byte) (err error) {
	*c, err = word[Category]("category", categoryNames, text)
	return err
}

// A Recipient is one address, on one channel, as one brand writes to it. It is the key of
// everything remembered: consent is given to a business on a channel, not to the world.
type Recipient struct {
	// Brand is the business or list the consent was given to; the route knows it. Empty means
	// every brand: what is recorded there holds for all of them.
	Brand string `json:"brand,omitempty"`
	// Channel is never empty.
	Channel Channel `json:"channel"`
	// Address is canonical: E.164 with its plus (see [Number]), or a platform's user id. Empty
	// means that what the sender wrote is no address; the rule bad-address blocks it.
	Address string `json:"address"`
}

// Everywhere is the same address as every brand writes to it.
func (r Recipient) Everywhere() Recipient { r.Brand = ""; return r }

// A Message is one outgoing message to one recipient. Its strings may point into the request
// that carried it and die with it: whoever keeps one copies it.
type Message struct {
	To   Recipient
	From string // number, sender ID, messaging service or phone-number id; see [Sender]
	// Service is a second sender: the messaging service that a request names beside From. What is said of
	// one of the two is said of m. Empty: From is all there is.
	Service string
	// Anonymous is set where a request says nothing of whom it comes from, or names a pool whose numbers nobody sees:
	// it may come from anybody, so that an opt-out of any sender binds. A question that is about no sender leaves it out.
	Anonymous bool

	Category Category
	Topic    string // the brand's own subdivision of a category; empty for none
	Campaign string // the sender's label for one broadcast; empty for none

	// Strays is set where Category is stricter than the one that the brand declares for Topic:
	// consent to the topic is then no consent to this message.
	Strays bool

	// Others are further topics that m was labelled with and that gave way to Topic. Consent to one
	// of them carries nothing, but an opt-out of one binds.
	Others [4]string

	// MarketingOnly is set where the endpoint itself carries nothing but marketing: then no list
	// and no claim can say otherwise.
	MarketingOnly bool

	Template string // name or id of an approved template; empty for a free-form message
	Text     string // what the recipient would read, where the request shows it
	// Extra is what else the recipient would see, as the request writes it: the values of a template,
	// media, buttons. It is there to tell two messages apart, and may be empty where nothing does.
	Extra string
	// Room is how many more characters Text may take before the provider refuses the message.
	// It is 0 where text cannot be added: templates, media without a caption.
	Room int

	// Instead is 1 + which message of the same request, to the same recipient, m goes in the stead of where that does
	// not arrive: what is counted, counts once for both. 0: m goes for itself.
	Instead int

	// Movable is set where the request can be changed to have the provider itself deliver m at
	// another time; see [Edit].
	Movable bool

	// SendAt is the asked delivery time; zero or the past means now. Windows are judged at this
	// time.
	SendAt time.Time
}

// isFrom reports whether m comes from sender.
func (m *Message) isFrom(sender string) bool {
	return sender == m.From || sender == m.Service && sender != ""
}

// at is the moment at which m would be delivered. Nothing is delivered in the past: a window that
// was open then says nothing about now.
func (m *Message) at(now time.Time) time.Time { return later(now, m.SendAt) }

// topics is how many topics m has. Without any it has one that is empty.
func (m *Message) topics() int {
	n := 1
	for n <= len(m.Others) && m.Others[n-1] != "" {
		n++
	}
	return n
}

// topic is topic number i of m: Topic is 0, and Others follow.
func (m *Message) topic(i int) string {
	if i == 0 {
		return m.Topic
	}
	return m.Others[i-1]
}
