package providers

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// sinchConversation speaks Sinch's Conversation API, whose sends name the channels by which one person may be
// reached: any of them is a message, since any may be the one. Those that are blocked are taken out, also of the
// order in which they are tried. A contact of Sinch's own, and a channel to try of which the request has no
// identity, are unseen. Batches, and events to send, are refused.
// Source: https://developers.sinch.com/docs/conversation/api-reference/conversation/messages
type sinchConversation struct {
	shaped
	*keyring
	nonceSigner
}

var sinchConversationService = known{host: "https://us.conversation.api.sinch.com", channel: filter.SMS, text: sinchConversationText, make: newSinchConversation,
	enter: "a webhook of the app for MESSAGE_INBOUND, MESSAGE_DELIVERY and OPT_OUT; secrets: its secret"}

// sinchConversationText is the longest text that surely passes on any channel, in characters.
const sinchConversationText = 1000

// sinchConversationLongest is how long a message may be as it is written, in bytes: each identity may have a copy.
const sinchConversationLongest = 64 << 10

// sinchConversationSent are what was sent, which is marked, or forgotten.
var sinchConversationSent = []string{"/v1/projects/*/messages/*", "/v1/projects/*/events/*"}

var sinchConversationShape = (&shape{
	service: "Sinch",
	sends:   []string{"/v1/projects/*/messages:send"},
	others:  append([]string{"/v1/projects/*/messages:transcode", "/v1/projects/*/messages:fetch-last-message"}, sinchConversationSent...),
	traces:  []string{"messages", "events"},
	recipients: []reach{
		{at: "recipient.identified_by.channel_identities[]", inside: "identity"},
	},
	most:        100,
	unseen:      []string{"recipient.contact_id", "contact_id"},
	kind:        []string{"message_content_type"},
	promotional: []string{"content_marketing"},
	medium:      []string{"recipient.identified_by.channel_identities[].channel"},
	media:       sinchConversationMedia,
	ids:         map[filter.Channel]bool{filter.Messenger: true, filter.Telegram: true, filter.LINE: true},
	sender:      []string{"app_id"},
	own:         sinchConversationOwn,
	channel:     filter.SMS,
}).mustCompile()

// sinchConversationMedia are the channels that have an address here. Those of Viber are of its business messages.
var sinchConversationMedia = map[string]filter.Channel{"SMS": filter.SMS, "MMS": filter.SMS, "RCS": filter.SMS, "WHATSAPP": filter.WhatsApp,
	"MESSENGER": filter.Messenger, "VIBERBM": filter.Viber, "TELEGRAM": filter.Telegram, "LINE": filter.LINE}

// sinchConversationOwn are members that sinchConversation reads itself.
var sinchConversationOwn = []string{"message", "channel_priority_order", "channel_properties", "explicit_channel_message", "explicit_channel_omni_message",
	"channel_specific_message", "text_message", "text", "card_message", "choice_message", "list_message", "carousel_message", "media_message", "location_message",
	"template_message", "template_reference", "contact_info_message", "omni_template", "channel_template", "template_id", "title", "description", "identity"}

// sinchConversationKeyring: https://developers.sinch.com/docs/conversation/api-reference/conversation#section/Authentication.
// Tokens live an hour, so that the gate puts in the access key itself.
var sinchConversationKeyring = &keyring{
	name:   "Sinch",
	takes:  []string{"account", "user", "secret"},
	holes:  []keyhole{{in: inHeader, at: "authorization", scheme: "Basic", key: func(c *Credentials) string { return c.User + ":" + c.Secret }}},
	gives:  []string{"/apps", "/webhooks"},
	denial: denial{401, `{"error":{"code":401,"message":"Request had invalid credentials. {detail}","status":"UNAUTHENTICATED","details":[]}}`},
}

func newSinchConversation(cfg Config) (Provider, error) {
	return sinchConversation{newShaped(sinchConversationShape, cfg), sinchConversationKeyring, sinchSigner}, nil
}

// Parse reads the ways to a person, each with the text that it would carry.
func (s sinchConversation) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	if string(req.Header.Method()) == "POST" && slices.ContainsFunc(sinchConversationSent, func(p string) bool { return matches(path, p) }) {
		return b.unreadable(0, "a call about what was sent is a PATCH or a DELETE")
	}
	if err := s.shaped.Parse(req, b); err != nil {
		return err
	}
	d := document{b.source(req, nil), b.parsed.nodes}
	if d.respelled(s.keys) {
		return b.unreadable(0, "a key of the JSON body is spelled in another way than the service documents")
	}
	if !s.unseen && b.triesOthers(d) {
		return b.unreadable(0, "channel_priority_order has a channel of which the request names no identity: who is reached there cannot be seen here")
	}
	message := d.member(0, "message")
	if message == 0 || d.nodes[message].kind != '{' {
		return b.unreadable(0, "the request has no message")
	}
	if len(d.raw(message)) > sinchConversationLongest {
		return b.unreadable(0, "its message is longer than 64 KiB")
	}
	i := 0
	list := d.within(0, "recipient", "identified_by", "channel_identities")
	for one := d.child(list); one != 0; one = int(d.nodes[one].next) {
		channel := d.member(one, "channel")
		if channel == 0 || d.nodes[channel].kind != '"' {
			return b.unreadable(0, "an identity has no channel")
		}
		word := b.parsed.unquoted(d, channel)
		if err := s.message(b, d, message, word, i); err != nil {
			return err
		}
		b.instead(i)
		i++
	}
	return nil
}

// triesOthers reports whether the order of channels has one that no identity is of. A contact that Sinch knows may
// have one there.
func (b *Batch) triesOthers(d document) bool {
	list := d.within(0, "recipient", "identified_by", "channel_identities")
	_, first := d.order()
	for i := first; i != 0; i = int(d.nodes[i].next) {
		named := false
		for one := d.child(list); one != 0; one = int(d.nodes[one].next) {
			channel := d.member(one, "channel")
			named = named || channel != 0 && bytes.Equal(d.raw(channel), d.raw(i))
		}
		if !named {
			return true
		}
	}
	return false
}

// order is the list of the channels to try, and the first of it; 0 where there is none.
func (d document) order() (list, first int) {
	if list = d.member(0, "channel_priority_order"); list != 0 {
		first = d.child(list)
	}
	return list, first
}

// Rewrite takes out who is blocked, on their channels, and these of the order in which channels are tried.
func (s sinchConversation) Rewrite(req *fasthttp.Request, b *Batch) error {
	d := document{b.source(req, nil), b.parsed.nodes}
	_, first := d.order()
	if len(b.Decisions) != len(b.Messages) {
		return errUndecided
	}
	left, tried := first == 0, false
	for i := first; i != 0; i = int(d.nodes[i].next) {
		tried = tried || b.silenced(d, d.raw(i))
		left = left || !b.silenced(d, d.raw(i))
	}
	if !left {
		return errBlocked
	}
	if err := s.shaped.Rewrite(req, b); err != nil || !tried {
		return err
	}
	return b.again(req, func(after document) []edit {
		list, _ := after.order()
		return after.without(list, func(i int) bool { return b.silenced(d, after.raw(i)) })
	})
}

// silenced reports whether the identity on a channel, as written, is blocked, and none is left there.
func (b *Batch) silenced(d document, word []byte) (blocked bool) {
	n := 0
	for one := d.child(d.within(0, "recipient", "identified_by", "channel_identities")); one != 0; one = int(d.nodes[one].next) {
		if channel := d.member(one, "channel"); channel != 0 && bytes.Equal(d.raw(channel), word) {
			if b.Decisions[n].Action != filter.Block {
				return false
			}
			blocked = true
		}
		n++
	}
	return blocked
}

// message reads what message n of b, on the channel called word, carries.
func (s sinchConversation) message(b *Batch, d document, message int, word string, n int) error {
	m, at := &b.Messages[n], &b.parsed.spread.at[n]
	if number := d.within(0, "channel_properties", "SMS_SENDER"); number != 0 && m.To.Channel == filter.SMS && d.nodes[number].kind == '"' {
		r := shapeReader{shaped: s.shaped, b: b}
		m.From, m.Service = r.abroad(b.parsed.unquoted(d, number)), m.From
	}
	own, err := b.override(d, message, word, m)
	if own || err != nil {
		return err
	}
	if template := d.member(message, "template_message"); template != 0 {
		id := d.within(template, "channel_template", word, "template_id")
		if id == 0 {
			id = d.within(template, "omni_template", "template_id")
		}
		if id == 0 || d.nodes[id].kind != '"' {
			return b.unreadable(0, "a template has no id for a channel that the message may go by")
		}
		m.Template = b.parsed.unquoted(d, id)
	} else if text := d.said(message); text != 0 {
		if at.wording = b.parsed.spread.worded(text); at.wording < 0 {
			at.wording = b.parsed.spread.word(wordingOf(text, b.parsed.unquoted(d, text), sinchConversationText, inBody, int(d.nodes[text].end)))
		}
		w := &b.parsed.spread.wordings[at.wording]
		m.Text, m.Room = w.text, w.room
	}
	if b.Extras {
		m.Extra = b.sinchConversationExtra(d, message)
	}
	return nil
}

// said is the text of a message that a line can be added to, or 0.
func (d document) said(message int) int {
	for _, i := range [...]int{d.within(message, "text_message", "text"), d.within(message, "choice_message", "text_message", "text"),
		d.within(message, "card_message", "description"), d.within(message, "list_message", "description")} {
		if i != 0 && d.nodes[i].kind == '"' && d.nodes[i].start < d.nodes[i].end {
			return i
		}
	}
	return 0
}

// sinchConversationExtra is what else is seen of a message: all of it that is no text.
func (b *Batch) sinchConversationExtra(d document, message int) string {
	start := len(b.parsed.text)
	text := d.said(message)
	for i := d.first(message); i != 0; i = int(d.nodes[i].next) {
		n := &d.nodes[i]
		switch {
		case int(n.end) < int(d.nodes[text].start) || text == 0 || n.start > d.nodes[text].end:
			b.parsed.text = append(append(b.parsed.text, d.raw(i)...), '\n')
		default: // with what stands around the text
			b.parsed.text = append(append(b.parsed.text, d.src[n.start:d.nodes[text].start]...), d.src[d.nodes[text].end:n.end]...)
			b.parsed.text = append(b.parsed.text, '\n')
		}
	}
	return b.parsed.keep(start)
}

// overrides are the members of a message that have another for a channel.
var overrides = []string{"explicit_channel_message", "explicit_channel_omni_message", "channel_specific_message"}

// override reads what message m says instead on the channel called word. Nothing can be added to that.
func (b *Batch) override(d document, message int, word string, m *filter.Message) (own bool, err error) {
	for _, key := range overrides {
		members := d.member(message, key)
		if members == 0 {
			continue
		}
		for i := d.first(members); i != 0; i = int(d.nodes[i].next) {
			var buf [64]byte
			name := string(d.key(i, buf[:0]))
			if strings.ToUpper(name) != name {
				return false, b.unreadable(0, "a channel that has another message is written in small letters")
			}
			if name != word {
				continue
			}
			own = true
			m.Extra = b.parsed.copied(d.raw(i))
			if d.nodes[i].kind == '"' {
				err = b.explicit(d, i, m)
			} else if text := d.said(i); text != 0 {
				m.Text = b.parsed.unquoted(d, text)
			}
			if id := d.within(i, "template_reference", "template_id"); id != 0 && d.nodes[id].kind == '"' {
				m.Template = b.parsed.unquoted(d, id)
			}
		}
	}
	if !b.Extras {
		m.Extra = ""
	}
	return own, err
}

// explicit reads a message in the form of a channel, which is JSON in a text. Who it is to is not said in it.
func (b *Batch) explicit(d document, i int, m *filter.Message) error {
	inner := []byte(b.parsed.unquoted(d, i))
	nodes, err := scanJSON(inner, nil)
	if err != nil || nodes[0].kind != '{' {
		return b.unreadable(0, "a message in the form of its channel is no JSON object")
	}
	e := document{inner, nodes}
	foreign := []string{"to", "recipient", "recipients", "recipient_type", "chat_id", "receiver"}
	if e.any(0, foreign) || e.nearly(0, foreign) {
		return b.unreadable(0, "a message in the form of its channel names a recipient of its own")
	}
	for _, way := range [...]int{e.within(0, "text", "body"), e.within(0, "interactive", "body", "text"), e.member(0, "text"), e.member(0, "body")} {
		if way != 0 && e.nodes[way].kind == '"' && m.Text == "" && utf8.Valid(e.raw(way)) {
			m.Text = b.parsed.unquoted(e, way)
		}
	}
	if name := e.within(0, "template", "name"); name != 0 && e.nodes[name].kind == '"' {
		m.Template = b.parsed.unquoted(e, name)
	}
	return nil
}
