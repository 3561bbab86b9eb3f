package mock

import (
	"net/url"
	"strings"
	"sync"
)

// A reaction is what follows a message that a magic recipient was sent.
type reaction struct {
	writes  string // the answer
	leaves  bool   // the message fails later, because the person had left
	setting string // what they choose in the settings of WhatsApp: stop or resume
	rating  string // how Meta rates the sender from now on
}

// reactions are those of the magic recipients, by the digits of their numbers. Everybody else
// answers nothing.
var reactions = map[string]reaction{
	"15005550710": {writes: "STOP"},
	"15005550711": {writes: "AGREE"},
	"15005550712": {writes: "Who is this?"},
	"15005550714": {writes: "START"},
	"15005550715": {writes: "HELP"},
	"15005550716": {writes: "PRIVACY"},
	"15005550720": {leaves: true},
	"15005550721": {setting: "stop"},
	"15005550722": {setting: "resume"},
	"15005550730": {rating: "FLAGGED"},
	"15005550731": {rating: "UNFLAGGED"},
}

// Says reports whether a service tells its callers what people write, or that they leave, see Say.
func Says(service string) bool {
	c := callbacks[service]
	return triesOf(service) > 0 && (c == nil || c.inbound != nil)
}

// Say has a person write to the business's side of a service, us: a number, or a phone-number id. It
// returns when that call was answered with 2xx, or when the service gave it up.
func (m *Mock) Say(service, person, us, text string) Call {
	hook := m.cfg.Webhooks[service]
	number := strings.TrimPrefix(person, "+")
	var c *Call
	switch {
	case hook.URL == "":
		return Call{Provider: service, Error: "this service has no webhook"}
	case callbacks[service] != nil:
		one := callbacks[service]
		all := one.call(service, "message", person, hook, one.inbound(&talk{id: randomHex(16), person: number, us: strings.TrimPrefix(us, "+"), text: text, now: m.cfg.Now(), secret: hook.Secret}), m.cfg.Now)
		if len(all) == 0 {
			return Call{Provider: service, Error: "this service tells of no such thing"}
		}
		c = all[0]
	case service == "twilio":
		c = twilioCall("message", person, hook, twilioInbound(person, us, url.Values{"ApiVersion": {"2010-04-01"}}, text))
	default:
		c = graphWebhook("message", person, hook, m.cfg.Now().Unix(), "messages", graphInbound(us, whatsAppID(number), text, m.cfg.Now()))
	}
	b := m.board
	b.mu.Lock()
	taken := b.take(c)
	b.mu.Unlock()
	if taken {
		b.make(c, 0)
	}
	return *c
}

// A departed is who answered STOP by SMS, and to whom: Twilio itself then refuses further messages,
// until they answer START. https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
type departed struct {
	mu    sync.Mutex
	pairs map[[2]string]bool // sender and person
}

func (d *departed) hears(sender, person, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case text == "START":
		delete(d.pairs, [2]string{sender, person})
	case text == "STOP" && len(d.pairs) < maxCalls:
		if d.pairs == nil {
			d.pairs = map[[2]string]bool{}
		}
		d.pairs[[2]string{sender, person}] = true
	}
}

func (d *departed) has(sender, person string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pairs[[2]string{sender, person}]
}
