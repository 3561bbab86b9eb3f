package providers

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// whatsapp speaks Meta's WhatsApp Cloud API, at Meta or at somebody who passes it on.
// Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
type whatsapp struct {
	*keyring
	metaSigner
	name, region string
	unseen       bool // what reaches groups passes
	path         func(path []byte) (kind pathKind, from []byte)
}

var whatsappService = cloudAPI("https://graph.facebook.com", "the callback URL of the app, with the verify_token, subscribed to messages, user_preferences, "+
	"template_category_update and phone_number_quality_update; secrets: the app secret", func(cfg Config) (Provider, error) {
	return newCloud("whatsapp", cfg, whatsappKeyring, whatsappPath)
})

var whatsappKeyring = graphKeyring("the Cloud API")

func newCloud(name string, cfg Config, keys *keyring, path func([]byte) (pathKind, []byte)) (whatsapp, error) {
	return whatsapp{keyring: keys, name: name, region: cfg.Region, unseen: cfg.Unseen, path: path}, nil
}

// cloudAPI is a service that speaks the Cloud API. Of its refusals it says which mean that it is busy:
// https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
func cloudAPI(host, enter string, make func(Config) (Provider, error)) known {
	return known{host: host, channel: filter.WhatsApp, text: whatsappBody, address: whatsappAddress,
		withdrawn: whatsappWithdrawn, busy: []int{4, 80007, 130429, 131056}, enter: enter, make: make}
}

// The longest texts the Cloud API takes, in characters.
const (
	whatsappBody    = 4096
	whatsappCaption = 1024 // also the body of an interactive message
)

// whatsappKeys are the members that are read, at any level: nothing that differs from one of them
// by letter case alone is let through.
var whatsappKeys = []string{
	"messaging_product", "recipient_type", "to", "recipient", "type", "status", "typing_indicator",
	"text", "image", "video", "document", "interactive", "template", "body", "caption", "name",
	"batch", "method", "_method",
}

// Parse reads one message. Batches, method overrides and encrypted messages are refused: none of them shows whom it
// would reach. Nor do groups, of which the route says whether they are written to.
func (w whatsapp) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, _ := splitURI(req.Header.RequestURI())
	kind, from := w.path(path)
	h := b.readHead(&req.Header)
	method := req.Header.Method()
	if h.overridden(method) || b.tricks(query, graphTricks) {
		return b.unreadable(0, hidden)
	}
	switch {
	case reads(method):
		return b.otherOfGraph(req, &h, kind)
	case kind == sendMany:
		return b.unreadable(0, hidden)
	case kind == disguised:
		return b.unreadable(0, disguisedCloud)
	case kind == sendElsewhere:
		return foreignError{b.unreadable(0, disguisedCloud)}
	case kind != send && kind != sendMarketing:
		return b.otherOfGraph(req, &h, kind)
	case string(method) != "POST":
		return b.unreadable(0, "a send of the Cloud API is a POST")
	}
	if err := b.queried(query); err != nil {
		return err
	}
	body, err := b.body(req, &h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	if kind, charset, ok := mediaType(h.contentType); !ok || !fold(kind, "application/json") || !inUTF8(charset) {
		err := b.unreadable(0, "the Content-Type of a send is not application/json in UTF-8")
		if ok && fold(kind, "application/x-www-form-urlencoded") && !b.tricks(body, graphProduct) {
			return foreignError{err}
		}
		return err
	}
	if b.parsed.nodes, err = scanJSON(body, b.parsed.nodes[:0]); err != nil {
		return b.unreadable(0, "%w", err)
	}
	d := document{body, b.parsed.nodes}
	return w.message(b, d, filter.Message{From: b.parsed.copied(from), MarketingOnly: kind == sendMarketing})
}

// Sentences for the sender. Meta takes no message of WhatsApp without its product.
const (
	disguisedCloud = "the path looks like a send of the Cloud API but is not one this gate reads"
	noCloud        = `messaging_product is not "whatsapp"`
)

// message makes the message of b out of the JSON body. m has what the path says.
func (w whatsapp) message(b *Batch, d document, m filter.Message) error {
	if d.nodes[0].kind != '{' {
		return b.unreadable(0, "%w", errNoObject)
	}
	if d.nearly(0, whatsappKeys) {
		return b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
	}
	if d.any(0, graphTricks) {
		return b.unreadable(0, hidden)
	}
	to, recipient := d.member(0, "to"), d.member(0, "recipient")
	if d.member(0, "status") != 0 || d.member(0, "typing_indicator") != 0 {
		if to == 0 && recipient == 0 {
			return ErrNotSend
		}
		return b.unreadable(0, "the body is a read receipt and names a recipient: it cannot be both")
	}
	if i := d.member(0, "messaging_product"); i == 0 {
		return foreignError{b.unreadable(0, noCloud)}
	} else if !d.is(i, "whatsapp") {
		return b.unreadable(0, noCloud)
	}
	switch i := d.member(0, "recipient_type"); {
	case i == 0 || d.is(i, "individual"):
	case d.is(i, "group") && w.unseen && (to == 0 || recipient != 0 || !d.lettered(to)):
		return b.unreadable(0, "a group is named by its id alone, in the member to")
	case d.is(i, "group") && w.unseen:
		return ErrUnseen
	case d.is(i, "group"):
		return b.unreadable(0, "%w", errUnseen)
	default:
		return b.unreadable(0, `recipient_type is not "individual"`)
	}
	m.To.Channel = filter.WhatsApp
	var ok bool
	switch {
	case to != 0:
		m.To.Address, ok = w.number(b, d, to)
	case recipient != 0:
		m.To.Address, ok = w.scoped(b, d, recipient)
	default:
		return b.unreadable(131008, "the body names no recipient: neither to nor recipient is there")
	}
	if !ok {
		return b.unreadable(0, "the recipient is neither text nor a whole number")
	}
	shown, err := w.content(b, d, &m)
	if err != nil {
		return err
	}
	if b.Extras {
		m.Extra = b.extra(d, shown, b.parsed.at)
	}
	b.Messages = append(b.Messages[:0], m)
	return nil
}

// number reads the member to: a string of digits and what people write between them, or a JSON
// number, whose digits are never computed with. ok is false for anything else. What is no number,
// or may be one of two, gives an empty address: without a plus, Meta may take a number for a
// national one of the business's country, which the region of the route is.
func (w whatsapp) number(b *Batch, d document, i int) (address string, ok bool) {
	n := &d.nodes[i]
	switch {
	case n.kind == '0' && digits(d.raw(i)):
	case n.kind == '"':
	default:
		return "", false
	}
	p := &b.parsed
	text := p.unquoted(d, i)
	start := len(p.text)
	p.text = append(p.text, '+')
	for at, c := range []byte(text) {
		switch {
		case '0' <= c && c <= '9':
			p.text = append(p.text, c)
		case c == '+' && at == 0, c == ' ', c == '-', c == '(', c == ')':
		default:
			return "", true
		}
	}
	number := p.keep(start)
	var err error
	if w.region == "" || strings.HasPrefix(text, "+") {
		address, err = filter.Number(number, "")
	} else {
		address, err = filter.NumberWithoutPlus(number[1:], w.region)
	}
	if err != nil {
		return "", true
	}
	return address, true
}

// whatsappAddress reads what stands in a list as the members to and recipient are read.
func whatsappAddress(text, region string) (string, error) {
	if strings.Trim(strings.TrimPrefix(text, "+"), "0123456789 -()") == "" {
		return filter.NumberWithoutPlus(text, region)
	}
	address, err := filter.Address(filter.WhatsApp, text, "")
	if strings.HasPrefix(address, "+") {
		return "", errors.New("a number on WhatsApp has nothing but digits, spaces, hyphens and brackets")
	}
	return address, err
}

// scoped reads the member recipient: a business-scoped user id, and no number.
func (w whatsapp) scoped(b *Batch, d document, i int) (address string, ok bool) {
	if d.nodes[i].kind != '"' {
		return "", false
	}
	address, err := filter.Address(filter.WhatsApp, b.parsed.unquoted(d, i), "")
	if err != nil || address[0] == '+' {
		return "", true
	}
	return address, true
}

// unquoted is the text of string node i; it lives as long as the batch.
func (p *parsed) unquoted(d document, i int) string {
	start := len(p.text)
	p.text = d.text(p.text, i)
	return p.keep(start)
}

// content reads what the message says. A type that is not known here is judged by its recipient,
// as a message without text. shown is the member with what is more to see than the text; 0 for none.
func (w whatsapp) content(b *Batch, d document, m *filter.Message) (shown int, err error) {
	kind := "text" // what the Cloud API takes a message without a type for
	if i := d.member(0, "type"); i != 0 {
		if d.nodes[i].kind != '"' {
			return 0, b.unreadable(0, "type is not text")
		}
		kind = b.parsed.unquoted(d, i)
	}
	part := d.member(0, kind)
	switch kind {
	case "text":
		return 0, w.text(b, d, m, part, "body", whatsappBody, true)
	case "image", "video", "document":
		return part, w.text(b, d, m, part, "caption", whatsappCaption, false)
	case "interactive":
		if part == 0 || d.nodes[part].kind != '{' || d.nearly(part, whatsappKeys) {
			return 0, b.unreadable(0, "the body lacks the object that its type names")
		}
		body := d.member(part, "body")
		if body == 0 {
			return part, nil
		}
		return part, w.text(b, d, m, body, "text", whatsappCaption, true)
	case "template":
		if part == 0 || d.nodes[part].kind != '{' || d.nearly(part, whatsappKeys) {
			return 0, b.unreadable(0, "the body lacks the object that its type names")
		}
		name := d.member(part, "name")
		if name == 0 || d.nodes[name].kind != '"' || d.nodes[name].start == d.nodes[name].end {
			return 0, b.unreadable(0, "the template has no name")
		}
		m.Template = b.parsed.unquoted(d, name)
		return part, nil
	}
	for _, known := range []string{"text", "image", "video", "document", "interactive", "template"} {
		if fold([]byte(kind), known) {
			return 0, b.unreadable(0, "type differs from a known one by letter case alone")
		}
	}
	return part, nil
}

// text reads the string called key of object part into m.Text, and notes where its end is. most is
// how many characters it may have.
func (w whatsapp) text(b *Batch, d document, m *filter.Message, part int, key string, most int, needed bool) error {
	if part == 0 || d.nodes[part].kind != '{' || d.nearly(part, whatsappKeys) {
		return b.unreadable(0, "the body lacks the object that its type names")
	}
	i := d.member(part, key)
	if i == 0 && !needed {
		return nil
	}
	if i == 0 || d.nodes[i].kind != '"' {
		return b.unreadable(0, "the message has no %s, or it is not text", key)
	}
	m.Text = b.parsed.unquoted(d, i)
	if m.Text != "" {
		m.Room = max(0, most-utf8.RuneCountInString(m.Text))
		b.parsed.place, b.parsed.at = inBody, int(d.nodes[i].end)
	}
	return nil
}
