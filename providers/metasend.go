package providers

import (
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
)

// A metaSend is a request of which the parameters are known.
type metaSend struct {
	metaPlatform
	b                  *Batch
	from               string
	recipient, message metaPart
	kind, tag, action  string
}

// A metaPart is an object of a request: node at of d. Where it stands in a parameter of a form, raw is how that is
// written, which begins at byte start of the body.
type metaPart struct {
	d     document
	at    int
	there bool
	raw   []byte
	start int
}

// json reads the parameters from a JSON body.
func (s *metaSend) json(body []byte) (err error) {
	b := s.b
	if b.parsed.nodes, err = scanJSON(body, b.parsed.nodes[:0]); err != nil {
		return b.unreadable(0, "%w", err)
	}
	d := document{src: body, nodes: b.parsed.nodes}
	switch {
	case d.nodes[0].kind != '{':
		return b.unreadable(0, "%w", errNoObject)
	case d.nearly(0, platformMembers):
		return b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
	case d.any(0, graphTricks):
		return b.unreadable(0, hidden)
	case d.any(0, graphProduct):
		return foreignError{b.unreadable(0, notPlatform)}
	}
	if s.kind, err = s.textAt(d, 0, "messaging_type"); err != nil {
		return err
	}
	if s.tag, err = s.textAt(d, 0, "tag"); err != nil {
		return err
	}
	if s.action, err = s.textAt(d, 0, "sender_action"); err != nil {
		return err
	}
	if i := d.member(0, "recipient"); i != 0 {
		s.recipient = metaPart{d: d, at: i, there: true}
	}
	if i := d.member(0, "message"); i != 0 {
		s.message = metaPart{d: d, at: i, there: true}
	}
	return nil
}

// form reads them from a form, in which recipient and message are JSON.
func (s *metaSend) form(body []byte) error {
	b := s.b
	b.parsed.spread.written = formText
	if b.tricks(body, graphTricks) {
		return b.unreadable(0, hidden)
	}
	if b.tricks(body, graphProduct) {
		return foreignError{b.unreadable(0, notPlatform)}
	}
	var fields [msFields]field
	if err := b.fields(body, inBody, 0, platformNames, fields[:]); err != nil {
		return err
	}
	s.kind, s.tag, s.action = fields[msKind].text, fields[msTag].text, fields[msAction].text
	for _, p := range [...]struct {
		f  field
		to *metaPart
	}{{fields[msRecipient], &s.recipient}, {fields[msMessage], &s.message}} {
		if !p.f.set {
			continue
		}
		src := []byte(p.f.text)
		nodes, err := scanJSON(src, nil)
		if err != nil {
			return b.unreadable(0, "the JSON in a parameter cannot be read: %w", err)
		}
		*p.to = metaPart{d: document{src: src, nodes: nodes}, there: true, raw: body[p.f.start:p.f.end], start: p.f.start}
	}
	return nil
}

// read makes the message of b.
func (s *metaSend) read() error {
	b := s.b
	if s.action != "" && s.message.there {
		return b.unreadable(0, "the body has an action and a message: it cannot be both")
	}
	if !s.recipient.there {
		return b.unreadable(errMissing, "the body names no recipient")
	}
	m := filter.Message{To: filter.Recipient{Channel: filter.Messenger}, From: s.from}
	seen, err := s.person(&m)
	switch {
	case err != nil:
		return err
	case s.action != "": // that somebody types, has read, or likes a message
		return ErrNotSend
	case !s.message.there:
		return b.unreadable(0, "the body has no message")
	case !seen && s.unseen:
		return ErrUnseen
	case !seen:
		return b.unreadable(0, "%w", errUnseen)
	}
	if err := s.content(&m); err != nil {
		return err
	}
	b.Messages = append(b.Messages[:0], m)
	return nil
}

// person reads who gets the message; seen is false for somebody who is named by something else than an id.
func (s *metaSend) person(m *filter.Message) (seen bool, err error) {
	d, at, b := s.recipient.d, s.recipient.at, s.b
	if d.nodes[at].kind != '{' || d.nearly(at, platformMembers) {
		return false, b.unreadable(0, "the recipient is not an object such as {\"id\":\"123\"}")
	}
	first := d.first(at)
	if first == 0 {
		return false, b.unreadable(errMissing, "the body names no recipient")
	}
	i := d.member(at, "id")
	switch {
	case i == 0:
		return false, nil
	case d.nodes[first].next != 0:
		return false, b.unreadable(0, "the recipient is named in two ways")
	case d.nodes[i].kind == '0' && digits(d.raw(i)):
		m.To.Address = b.parsed.copied(d.raw(i))
	case d.nodes[i].kind != '"':
		return false, b.unreadable(0, "the id of the recipient is neither text nor a whole number")
	default:
		if address, err := filter.Address(filter.Messenger, b.parsed.unquoted(d, i), ""); err == nil {
			m.To.Address = address
		}
	}
	return true, nil
}

// content reads what the message says.
func (s *metaSend) content(m *filter.Message) error {
	d, at, b := s.message.d, s.message.at, s.b
	if d.nodes[at].kind != '{' || d.nearly(at, platformMembers) {
		return b.unreadable(0, "the message is not an object such as {\"text\":\"Hello\"}")
	}
	m.Template = s.tag
	if i := d.member(at, "template"); i != 0 {
		name, err := s.textAt(d, i, "name")
		if err != nil {
			return err
		}
		m.Template = name
	}
	end, err := s.words(m, d, at, s.room)
	if err != nil {
		return err
	}
	more := false
	for i := d.first(at); i != 0; i = int(d.nodes[i].next) {
		more = more || !d.called(i, "text")
	}
	if i := d.member(at, "attachment"); i != 0 && d.nodes[i].kind != 'n' {
		below, err := s.attachment(m, d, i)
		if err != nil {
			return err
		}
		end = max(end, below)
	}
	if more && b.Extras {
		m.Extra = b.extra(d, at, end)
	}
	return nil
}

// words reads the text of object i, which a line may be added to, and tells where it ends; 0: there is none.
func (s *metaSend) words(m *filter.Message, d document, i int, room func(string) int) (end int, err error) {
	text, err := s.textAt(d, i, "text")
	if err != nil || text == "" {
		return 0, err
	}
	end = int(d.nodes[d.member(i, "text")].end)
	m.Text, m.Room = text, room(text)
	s.b.parsed.place, s.b.parsed.at = inBody, s.message.offset(end)
	return end, nil
}

// platformButtons is the longest text above buttons, in characters.
// Source: https://developers.facebook.com/docs/messenger-platform/reference/templates/button
const platformButtons = 640

// attachment reads what of an attachment says something about the message: a template of its own may be the question
// whether somebody wants marketing, or buttons below a text, of which it tells the end.
func (s *metaSend) attachment(m *filter.Message, d document, i int) (end int, err error) {
	if d.nodes[i].kind != '{' || d.nearly(i, platformMembers) {
		return 0, s.b.unreadable(0, "the attachment of the message is no object")
	}
	payload := d.member(i, "payload")
	if payload == 0 || d.nodes[payload].kind != '{' {
		return 0, nil
	}
	switch kind, err := s.textAt(d, payload, "template_type"); {
	case err != nil:
		return 0, err
	case kind == "notification_messages", kind == "one_time_notif_req":
		m.MarketingOnly = true
	case kind == "button" && m.Text == "":
		return s.words(m, d, payload, func(text string) int { return max(0, platformButtons-utf8.RuneCountInString(text)) })
	}
	return 0, nil
}

// textAt is the text called key in object i; empty for none.
func (s *metaSend) textAt(d document, i int, key string) (string, error) {
	if d.nodes[i].kind != '{' || d.nearly(i, platformMembers) {
		return "", s.b.unreadable(0, "what should hold %s is no object", key)
	}
	n := d.member(i, key)
	switch {
	case n == 0, d.nodes[n].kind == 'n':
		return "", nil
	case d.nodes[n].kind != '"':
		return "", s.b.unreadable(0, "%s is not text", key)
	}
	return s.b.parsed.unquoted(d, n), nil
}

// offset is where byte at of a part stands in the body.
func (p *metaPart) offset(at int) int {
	if p.raw == nil {
		return at
	}
	return p.start + formText.offset(p.raw, at)
}
