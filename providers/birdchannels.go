package providers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// birdchannels speaks Bird's Channels API, whose paths name one of the account's channels, and nothing but a route's
// `channels` says what its messages go by. A contact of Bird's own, and one who is named in any other way than by an
// address of the channel, is unseen. Conversations, flows, campaigns, calls and verifications are refused.
// Sources: https://docs.bird.com/api/channels-api/api-reference/messaging and
// https://docs.bird.com/api/channels-api/send-batch-messages
type birdchannels struct {
	*keyring
	birdchannelsSigner
	region   string
	unseen   bool
	channels map[string]birdchannelsReader
	none     shaped // for what is no send
}

// A birdchannelsReader reads one message of a channel, and a batch.
type birdchannelsReader struct {
	channel    filter.Channel
	one, batch shaped
}

var birdchannelsService = known{host: "https://api.bird.com", channel: filter.SMS, text: birdchannelsText, make: newBirdchannels,
	enter: "a webhook subscription for the inbound and outbound events of each channel; secrets: its signing key"}

// birdchannelsText is the longest text that surely passes by SMS, in characters: nine parts beyond GSM 7.
const birdchannelsText = 9 * 67

// birdchannelsTexts are the longest texts that surely pass on each channel that may be named, in characters.
var birdchannelsTexts = map[filter.Channel]int{filter.SMS: birdchannelsText, filter.WhatsApp: 4096, filter.Viber: 1000, filter.Email: 5 << 20,
	filter.Messenger: 1000, filter.Telegram: 4096, filter.LINE: 5000}

// birdchannelsIdentifiers are how contacts are named on channels that have numbers or mailboxes for addresses.
// Source: https://docs.bird.com/api/conversations-api/api-reference/conversation-participants
var birdchannelsIdentifiers = map[filter.Channel]string{filter.SMS: "phonenumber", filter.WhatsApp: "phonenumber", filter.Viber: "phonenumber", filter.Email: "emailaddress"}

// birdchannelsUserID is how somebody is named on WhatsApp by their business-scoped user id.
// Source: https://docs.bird.com/api/channels-api/supported-channels/programmable-whatsapp/business-scoped-user-ids
const birdchannelsUserID = "whatsappbsuid"

// birdchannelsContact are the members of a contact, of which the first three say who they are.
var birdchannelsContact = []string{"identifierValue", "identifierKey", "type", "annotations", "countryCode"}

// birdchannelsHeaders are headers of an e-mail that name recipients, of which the last does so to the servers that Bird sends by.
// Source: https://developers.sparkpost.com/api/smtp/#header-using-the-x-msys-api-custom-header
var birdchannelsHeaders = []string{"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc", "X-MSYS-API"}

const (
	birdchannelsSend  = "/workspaces/*/channels/*/messages"
	birdchannelsBatch = "/workspaces/*/channels/*/batch/messages"
)

// birdchannelsShape is for messages on a channel, at a place of the body.
func birdchannelsShape(channel filter.Channel, path, at string) *compiled {
	most := birdchannelsTexts[channel]
	s := &shape{
		service:    "Bird",
		sends:      []string{path},
		recipients: []reach{{at: at + "receiver.contacts[]", inside: "identifierValue"}},
		text:       []bounded{{at + "body.text.text", most}},
		template:   []string{at + "template.projectId", at + "template.name"},
		kind:       []string{at + "meta.extraInformation.useCase"}, promotional: []string{"marketing"},
		extra: []string{at + "body.image", at + "body.file", at + "body.list", at + "body.carousel", at + "body.link", at + "body.gif", at + "body.location",
			at + "body.text.actions", at + "body.html.metadata", at + "template.locale", at + "template.variables", at + "template.parameters", at + "meta.email.subject"},
		unseen:  []string{at + "receiver.contacts[].id"},
		own:     append([]string{"receiver", "contacts", "body", "template", "messageRequests"}, birdchannelsContact...),
		channel: channel,
	}
	switch channel {
	case filter.Email:
		s.text = append([]bounded{{at + "body.html.html", most}, {at + "body.html.text", most}}, s.text...)
		s.pages = []string{at + "body.html.html"}
		s.address = mailbox
		for _, name := range birdchannelsHeaders {
			s.unseen = append(s.unseen, at+"meta.email.headers."+name, at+"body.html.metadata.headers."+name)
		}
	case filter.Messenger, filter.Telegram, filter.LINE:
		s.ids = map[filter.Channel]bool{channel: true}
	}
	if at == "" {
		s.refused = []string{"messageRequests"}
	} else {
		s.refused, s.most = []string{"receiver"}, maxRecipients
	}
	return s.mustCompile()
}

var (
	// birdchannelsNone tells what a call is that is no send.
	birdchannelsNone = (&shape{
		service: "Bird",
		sends:   []string{birdchannelsSend, birdchannelsBatch},
		traces: []string{"message", "batch", "conversation", "flow", "run", "journey", "campaign", "broadcast", "calls", "verif", "navigator", "transmission",
			"reach/", "notify", "push", "touchpoint", "chains"},
		recipients: []reach{{at: "receiver.contacts[]"}},
		channel:    filter.SMS,
	}).mustCompile()
	birdchannelsShapes      = birdchannelsShapesOf(birdchannelsSend, "")
	birdchannelsBatchShapes = birdchannelsShapesOf(birdchannelsBatch, "messageRequests[].")
)

func birdchannelsShapesOf(path, at string) map[filter.Channel]*compiled {
	all := map[filter.Channel]*compiled{}
	for channel := range birdchannelsTexts {
		all[channel] = birdchannelsShape(channel, path, at)
	}
	return all
}

// birdchannelsKeyring: https://docs.bird.com/api/api-access/api-authorization.
var birdchannelsKeyring = &keyring{
	name:  "Bird",
	takes: []string{"secret", "account?"}, // the workspace, by which the gate writes
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "AccessKey", key: secretKey},
		{in: inHeader, at: "cookie", public: true},
	},
	gives:  []string{"access-key", "accesskey", "credential", "token", "secret", "session", "webhook"},
	denial: denial{401, `{"code":"Unauthorized","message":"{detail}"}`},
}

func newBirdchannels(cfg Config) (Provider, error) {
	p := birdchannels{keyring: birdchannelsKeyring, region: cfg.Region, unseen: cfg.Unseen, channels: map[string]birdchannelsReader{}, none: newShaped(birdchannelsNone, cfg)}
	for id, channel := range cfg.Channels {
		if birdchannelsShapes[channel] == nil {
			return nil, fmt.Errorf("channels: %s: unknown channel %q: want one of %v", id, channel, slices.Sorted(maps.Keys(birdchannelsShapes)))
		}
		p.channels[id] = birdchannelsReader{channel, newShaped(birdchannelsShapes[channel], cfg), newShaped(birdchannelsBatchShapes[channel], cfg)}
	}
	return p, nil
}

// Parse reads one message or a batch of them on the channel that the path names.
func (p birdchannels) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	if p.none.path(path) != send || reads(req.Header.Method()) {
		return p.none.Parse(req, b)
	}
	id := path
	for range 4 { // "", workspaces, one, channels
		_, id, _ = bytes.Cut(id, []byte("/"))
	}
	id, _, _ = bytes.Cut(id, []byte("/"))
	c, ok := p.channels[string(id)]
	if !ok {
		return b.unreadable(0, "it goes by a channel of Bird's that the route does not list in `channels`, with what its messages go by")
	}
	s := c.one
	if matches(path, birdchannelsBatch) {
		s = c.batch
	}
	if err := s.Parse(req, b); err != nil {
		return err
	}
	d := document{b.source(req, nil), b.parsed.nodes}
	from := b.parsed.copied(id)
	for i := range b.Messages {
		m := &b.Messages[i]
		if m.From = from; m.Template != "" && m.Text != "" {
			return b.unreadable(0, "a message has a template or a body, and not both")
		}
	}
	if s.recipients[0].at == "receiver.contacts[]" {
		return p.contacts(d, 0, c.channel, b)
	}
	for i := d.child(d.member(0, "messageRequests")); i != 0; i = int(d.nodes[i].next) {
		if err := p.contacts(d, i, c.channel, b); err != nil {
			return err
		}
	}
	return nil
}

// contacts refuses the message at a node where somebody in it is not named by an address of the channel.
func (p birdchannels) contacts(d document, message int, channel filter.Channel, b *Batch) error {
	receiver := d.member(message, "receiver")
	for i := d.first(receiver); i != 0; i = int(d.nodes[i].next) {
		if !d.called(i, "contacts") && !p.unseen {
			return b.unreadable(0, "%w", errUnseen)
		}
	}
	for one := d.child(d.within(message, "receiver", "contacts")); one != 0; one = int(d.nodes[one].next) {
		for i := d.first(one); i != 0; i = int(d.nodes[i].next) {
			if !p.unseen && !d.isOneOf(i, birdchannelsContact) {
				return b.unreadable(0, "%w", errUnseen)
			}
		}
		key, want := d.member(one, "identifierKey"), birdchannelsIdentifiers[channel]
		named := key != 0 && d.nodes[key].kind != 'n'
		switch {
		case named && channel == filter.WhatsApp && d.is(key, birdchannelsUserID):
		case want != "" && named && !d.is(key, want), want == "" && (!named || d.is(key, "phonenumber") || d.is(key, "emailaddress")):
			return b.unreadable(0, "a contact is named by something else than an address of the channel that the message goes by")
		}
	}
	return nil
}

// Rewrite takes out who is blocked and adds the lines, and changes nothing else.
func (birdchannels) Rewrite(req *fasthttp.Request, b *Batch) error { return b.rewriteSpread(req, nil) }

// Refuse answers 422, as Bird does for a message that does not pass its validation. No page of Bird's shows the body of
// such an answer, and no library reads it; a code and a message are what its older API had.
func (birdchannels) Refuse(resp *fasthttp.Response, b *Batch) {
	out := escapeJSON(append(b.parsed.out[:0], `{"code":"UnprocessableEntity","message":"`+marker...), b.why())
	b.refuse(resp, fasthttp.StatusUnprocessableEntity, "application/json", append(out, `"}`...))
}

// Learn reads that Bird took no more than it could see. Why a message is not delivered it tells later.
func (birdchannels) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) {
	return 0, nil
}

// Compose writes a text on the channel that somebody wrote by.
func (p birdchannels) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	channel, ok := p.channels[o.From]
	switch {
	case o.From == "":
		return errNoSender
	case c.Account == "":
		return errors.New("account: missing: it is the id of the workspace that the gate writes by at Bird")
	case !ok || channel.channel != o.To.Channel || birdchannelsIdentifiers[o.To.Channel] == "" || o.To.Channel == filter.Email:
		return fmt.Errorf("no channel %s with this id is known of Bird's", o.To.Channel)
	}
	contact := map[string]string{"identifierKey": birdchannelsIdentifiers[o.To.Channel], "identifierValue": o.To.Address}
	if o.To.Channel == filter.WhatsApp && !strings.HasPrefix(o.To.Address, "+") {
		contact["identifierKey"] = birdchannelsUserID
	}
	postingJSON(req, "/workspaces/"+c.Account+"/channels/"+o.From+"/messages", map[string]any{"receiver": map[string]any{"contacts": []any{contact}},
		"body": map[string]any{"type": "text", "text": map[string]string{"text": o.Text}}})
	return nil
}

// Cancel has nothing to cancel.
func (birdchannels) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the message.
func (birdchannels) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		ID string `json:"id"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil {
		return "", false
	}
	return m.ID, false
}
