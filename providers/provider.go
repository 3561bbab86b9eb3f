// Package providers speaks the APIs of messaging services: it reads the messages of a request, adds to
// them, refuses them in the service's own words, and learns from the service's answers and webhooks.
//
// A [Provider] translates and does not judge. It reads strictly: a request in which two readers
// could see two different messages is an error, and an error is not sent.
package providers

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// ErrNotSend is what Parse answers for a call that sends nothing: it may pass untouched.
var ErrNotSend = errors.New("this call sends nothing")

// ErrUnseen is the ErrNotSend for a send to nobody who can be seen here, where [Config] lets those pass.
var ErrUnseen error = unseenError{}

type unseenError struct{}

func (unseenError) Error() string        { return "this call writes to nobody who can be seen here" }
func (unseenError) Is(target error) bool { return target == ErrNotSend }

// ErrUnknownPath is what Parse answers for a path outside the provider's send families. The
// route says whether such calls pass.
var ErrUnknownPath = errors.New("this path belongs to no send this gate knows")

// ErrForeign is what an error of Parse wraps, without a word of its own, for what must be a send of another service at
// the same host, if it is any: it blocks the request, unless the gate knows a provider of that host that reads it.
var ErrForeign = errors.New("this is a send of another service")

// A foreignError says why a request is none of a provider's.
type foreignError struct{ error }

func (foreignError) Is(target error) bool { return target == ErrForeign }

// A Provider speaks the send API of one messaging service. Its methods are safe for concurrent
// use, each call with a batch of its own, and keep no reference to what they are given. What
// req.Header.RequestURI returns is the provider's own path and query, as the client wrote them,
// without the gate's route prefix; header names may be spelled in any case.
type Provider interface {
	// Parse reads the messages of req into b, which is empty. Strings in b belong to b and live
	// until b is reset, whatever becomes of req. It returns ErrNotSend, [ErrUnseen] or ErrUnknownPath for
	// what is no send to judge; any other error, such as one that is [ErrForeign], blocks the request, and its text is a sentence for the sender
	// that shows no address, no query and no credential. It never guesses and changes nothing.
	Parse(req *fasthttp.Request, b *Batch) error
	// Rewrite edits the body of req, or its URI where the text stands there, so that it carries
	// exactly what b.Decisions allow, and changes nothing else: a compressed body stays
	// compressed, and Content-Length is for the caller to set. b is as Parse left it, with
	// Decisions filled in. An error means that req must not be sent: a message was blocked, or
	// there is no place for the edit. After a rewritten URI, req.URI is to be read anew.
	//
	// Of several messages the blocked ones are taken out. Others that cannot go without them, or whose
	// text cannot have the line it needs beside that of another message, go too and are blocked in
	// b.Decisions; and who reads a text that was changed for somebody else is rewritten there.
	Rewrite(req *fasthttp.Request, b *Batch) error
	// Refuse answers as the service itself would, so that the caller's library understands and
	// does not retry. Where Parse failed, b.Fault says why and b has one unreadable message; b
	// was not reset since.
	Refuse(resp *fasthttp.Response, b *Batch)
	// Learn reads the service's answer to a forwarded request: its status, its Content-Encoding and its
	// body, since resp may hold no more. Refusal is the service's own code where it refused the
	// request for what it is (a status of 4xx, or for some services of 2xx), [Declined] where it took
	// nothing for another reason, and 0 where it took it or its status says all. Events have no ID, no
	// Time and no brand of their own: the gate gives them those.
	Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event)
}

// Declined is the refusal in an answer of 2xx by which a service took nothing for what is no fault of the request, such as
// want of money or a token that expired.
const Declined = -1

// A Merger is a Provider whose service answers with what became of each message.
type Merger interface {
	// Merge adds to the service's answer to a rewritten request that the blocked messages of b were not
	// sent, each in its place. It changes the body of resp alone, and keeps its compression. An error
	// means that the answer is as it was.
	Merge(resp *fasthttp.Response, b *Batch) error
}

// A Confessor is a Provider whose libraries understand no error but in the form of its service.
type Confessor interface {
	// Confess puts why the service gave no answer into resp, whose status and headers stand.
	Confess(resp *fasthttp.Response, why string)
}

// A Batch is the messages of one send request, and what was decided about each. It is reused:
// Reset before the next request.
type Batch struct {
	Messages  []filter.Message
	Decisions []filter.Decision // one a message
	// Fault is the sentence that tells the sender why the request could not be read.
	Fault string
	// Head is the header lines of the request as the client wrote them, with the blank line that
	// ends them, for a req that holds none. It is for Parse alone.
	Head []byte
	// Extras has Parse fill [filter.Message.Extra], which takes time that is spent only where messages
	// are told apart: by a policy that counts them.
	Extras bool

	parsed parsed
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() {
	clear(b.Messages)
	clear(b.Decisions)
	b.Messages, b.Decisions, b.Fault, b.Head, b.Extras = b.Messages[:0], b.Decisions[:0], "", nil, false
	b.parsed.reset()
}

// Config is what a provider must be told about a route.
type Config struct {
	// Region is the ISO 3166 country of numbers written without a country code, such as "US".
	// Empty: such numbers are no addresses. For WhatsApp it is the country of the business number,
	// whose code Meta may put before a recipient without a plus; empty: all begin with a code.
	Region string
	// Unseen has Parse leave out recipients that it cannot see, such as groups and audiences, where it
	// would refuse them: a request that names nobody else is no send then.
	Unseen bool
	// Channels says what messages go by on each channel of the account at Bird, by its id. A send to one that is not
	// among them is refused.
	Channels map[string]filter.Channel
	// Custom describes the API of the provider called custom, and of no other.
	Custom *Custom
	// Replaced says that calls go out with credentials of the gate's own in place of those they came with.
	Replaced bool
}

// known is one provider this gate speaks.
type known struct {
	host    string         // its real host
	channel filter.Channel // what most of its messages go by
	text    int            // how many characters its longest text has
	// moves reports whether the service can deliver m at another time than now, where it comes from
	// one of its messaging services or not. Nil: it never can.
	moves func(m *filter.Message, service bool) bool
	// later reports that it takes a delivery time for any message. Otherwise for those that moves says.
	later bool
	// address is what it takes for a recipient on its channel. Nil: [filter.Address].
	address func(text, region string) (string, error)
	// regional reports whether a host is one of the service's own in some region. Nil: it has none by region.
	regional func(host string) bool
	// pooled reports whether a sender, as sends name it, stands for numbers that it does not show. Nil: none does.
	pooled func(sender string) bool
	// withdrawn is what a refusal with each of these codes says that its recipient opted out of. Other
	// codes say nothing about anybody's will.
	withdrawn map[int]filter.Scope
	// category is what all its messages are, or something stricter, unless the route says so itself.
	category filter.Category
	// busy are codes by which it says that it took nothing because too much comes at once, whatever the status.
	busy []int
	// enter is where people enter the address that the service calls, and what with. Empty: it calls nobody.
	enter string
	make  func(Config) (Provider, error)
}

// byName is the whole list: a provider that is not here does not exist.
var byName = map[string]known{
	"360dialog":          d360dialogService,
	"aws-pinpoint":       awsPinpointService,
	"aws-ses":            awsSESService,
	"aws-sms":            awsSMSService,
	"aws-sns":            awsSNSService,
	"bird":               birdService,
	"bird-channels":      birdchannelsService,
	"cm":                 cmService,
	"custom":             {channel: filter.SMS, later: true, make: newCustom},
	"infobip":            infobipService,
	"instagram":          instagramService,
	"line":               lineService,
	"mailgun":            mailgunService,
	"messagebird":        messagebirdService,
	"messenger":          messengerService,
	"plivo":              plivoService,
	"postmark":           postmarkService,
	"sendgrid":           sendgridService,
	"sinch-conversation": sinchConversationService,
	"sinch-sms":          sinchSMSService,
	"telegram":           telegramService,
	"telnyx":             telnyxService,
	"twilio":             twilioService,
	"viber":              viberService,
	"vonage-messages":    vonageMessagesService,
	"vonage-sms":         vonageSMSService,
	"wechat":             wechatService,
	"whatsapp":           whatsappService,

	"twilio-conversations": twilioConversationsService,
	"twilio-notify":        twilioNotifyService,
	"twilio-studio":        twilioStudioService,
	"twilio-verify":        twilioVerifyService,
}

// New makes the provider called name.
func New(name string, cfg Config) (Provider, error) {
	k, ok := byName[name]
	if !ok {
		return nil, fmt.Errorf("unknown provider %q: want custom, or one of %v", name, Names())
	}
	return k.make(cfg)
}

// Enter says where, at the service called name, people enter the address that it calls back, and by what its calls are
// known. Empty: the service calls nobody.
func Enter(name string) string { return byName[name].enter }

// Names lists the services this gate speaks by itself, sorted: all providers but custom.
func Names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(byName)), func(name string) bool { return byName[name].host == "" })
}

// Host is the base URL of the real service called name; empty for an unknown one.
func Host(name string) string { return byName[name].host }

// HostAt is the base URL of the real service called name for a route that leads to upstream: that, where it is one of the
// service's hosts by region.
func HostAt(name, upstream string) string {
	k := byName[name]
	if base, err := url.Parse(upstream); err == nil && k.regional != nil && k.regional(base.Hostname()) {
		return "https://" + base.Hostname()
	}
	return k.host
}

// Channel is what most messages of the provider called name go by; empty for an unknown one.
func Channel(name string) filter.Channel { return byName[name].channel }

// Category is what all messages of the provider called name are, or something stricter, where no route says so.
func Category(name string) filter.Category { return byName[name].category }

// Address is what Parse would read of a recipient who is written as text in a request to the provider called
// name, on a channel, where numbers without a country code are of region; see [Config]. Errors are as those of
// [filter.Address].
func Address(name string, channel filter.Channel, text, region string) (string, error) {
	if k := byName[name]; k.address != nil && channel == k.channel {
		return k.address(text, region)
	}
	return filter.Address(channel, text, region)
}

// Complete sets what Parse would say of m in a request to the provider called name that carries it as
// text or by a template and nothing else: Room and Movable. SendAt stays where the service takes a
// delivery time for m. A messaging service without a number beside it is From.
func Complete(name string, m *filter.Message) {
	if m.From == "" {
		m.From, m.Service = m.Service, ""
	}
	if m.Service == m.From { // said twice, it is one
		m.Service = ""
	}
	k, service := byName[name], m.Service != "" || strings.HasPrefix(m.From, "MG")
	m.Room = 0
	if m.Template == "" && m.Text != "" {
		m.Room = max(0, k.text-utf8.RuneCountInString(m.Text))
	}
	m.Movable = k.moves != nil && k.moves(m, service)
	if !k.later && (k.moves == nil || !service) {
		m.SendAt = time.Time{}
	}
}

// Pooled reports whether a sender of the provider called name, as sends name it, stands for numbers that it does not show,
// such as a pool: a STOP to one of these does not name it. Nil: none does.
func Pooled(name string) func(sender string) bool { return byName[name].pooled }

// longestName is how many characters a sender has that is a name, in all networks.
const longestName = 11

// pooledByID is for services whose senders are numbers, names, addresses of e-mail, and the ids of what has numbers, which are
// longer than names. What stands for an id or a name at AWS may be its address there.
func pooledByID(sender string) bool {
	return len(sender) > longestName && strings.Trim(sender, "+0123456789") != "" && !strings.Contains(sender, "@") && !strings.Contains(sender, ":sender-id/")
}

// Withdrawn is what a refusal by the provider called name, at once or in a receipt, says with its code that the
// recipient opted out of. Most codes say nothing about anybody's will, and then ok is false.
func Withdrawn(name string, code int) (scope filter.Scope, ok bool) {
	scope, ok = byName[name].withdrawn[code]
	return scope, ok
}

// Busy reports whether a refusal with this code by the provider called name means that the same message may be taken
// in a while.
func Busy(name string, code int) bool { return slices.Contains(byName[name].busy, code) }
