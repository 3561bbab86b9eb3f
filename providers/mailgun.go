package providers

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// mailgun speaks Mailgun's Messages API. Customers of its other region have the upstream https://api.eu.mailgun.net.
// An address of the domain that sends may be that of a mailing list, and is taken for one.
// Sources: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages and
// https://github.com/mailgun/mailgun-go/blob/master/messages.go
type mailgun struct {
	shaped        // of texts and files
	ready  shaped // of an e-mail that the sender built
	*keyring
	asSigned // the signature stands in the body
}

var mailgunService = known{host: "https://api.mailgun.net", channel: filter.Email, text: mailgunText, later: true, make: newMailgun,
	regional: func(host string) bool { return host == "api.eu.mailgun.net" },
	enter:    "the webhooks of the account, or of each domain of the brand, for unsubscribed, complained and permanent failure; secrets: the HTTP webhook signing key"}

// mailgunText is the longest text that surely passes, in characters: an e-mail may have 25 MB in all.
const mailgunText = 4 << 20

// mailgunShape is for the sends at a path. Copies and the time stand beside an e-mail that the sender built, too; that
// copies are not sent then is no reason not to ask.
// Source: https://github.com/mailgun/mailgun-php/issues/81
func mailgunShape(path string) *shape {
	return &shape{
		service:   "Mailgun",
		sends:     []string{path},
		traces:    []string{"/messages"},
		form:      true,
		multipart: true,
		recipients: []reach{
			{at: "to[]", split: ",", quoted: true},
			{at: "cc[]", split: ",", quoted: true, optional: true},
			{at: "bcc[]", split: ",", quoted: true, optional: true},
		},
		most:    1000, // https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending
		own:     []string{mailgunTime, mailgunVariables},
		channel: filter.Email,
		address: mailbox,
	}
}

const (
	mailgunTime      = "o:deliverytime"
	mailgunVariables = "recipient-variables"
)

var mailgunParts, mailgunReady = func() (parts, ready *compiled) {
	p, r := mailgunShape("/v3/*/messages"), mailgunShape("/v3/*/messages.mime")
	p.sender, p.template = []string{"from"}, []string{"template"}
	p.text = []bounded{{"html", mailgunText}, {"text", mailgunText}, {"amp-html", mailgunText}}
	p.pages, p.seldom = []string{"html", "amp-html"}, "amp-html"
	p.extra = []string{"subject", "t:version", "t:variables"}
	r.refused = []string{"template", "html", "text", "amp-html"}
	r.extra = []string{"message"}
	return p.mustCompile(), r.mustCompile()
}()

func newMailgun(cfg Config) (Provider, error) {
	return mailgun{newShaped(mailgunParts, cfg), newShaped(mailgunReady, cfg), mailgunKeyring, asSigned{}}, nil
}

// mailgunKeyring: what shows the passwords of domains, or makes keys.
// Source: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun
var mailgunKeyring = &keyring{
	name:   "Mailgun",
	takes:  []string{"secret"},
	holes:  []keyhole{{in: inHeader, at: "authorization", scheme: "Basic", key: func(c *Credentials) string { return "api:" + c.Secret }}},
	gives:  []string{"/keys", "/credentials", "/subaccounts", "/users", "signing_key"},
	denial: denial{401, `{"message":"Invalid private key. {detail}"}`},
}

// These are sentences for the sender.
var (
	errMailgunList = errors.New("a recipient is at the domain that sends, where it may be a mailing list, and who is in that cannot be seen here: `unseen: pass` on the route lets it through")
	errMailgunHead = errors.New("the e-mail has a header that its parameters stand for, or by which the service reads another e-mail")
	errMailgunWhen = errors.New("the service is to choose the time of delivery, which cannot be judged")
)

// Parse reads the e-mails of a request, and what the parameters that tell of a list say of each.
func (m mailgun) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	s, built := m.shaped, m.ready.path(path) == send
	if built {
		s = m.ready
	}
	err := s.Parse(req, b)
	if err != nil {
		return err
	}
	if err = m.read(s, req, b, built); err == nil {
		domain, _, _ := segment(path[len("/v3/"):])
		for i := range b.Messages {
			if _, at, _ := strings.Cut(b.Messages[i].To.Address, "@"); !m.unseen && fold(domain, at) {
				err = errMailgunList
			}
		}
	}
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	return nil
}

// read reads what no shape describes.
func (m mailgun) read(s shaped, req *fasthttp.Request, b *Batch, built bool) error {
	p := &b.parsed.spread
	if p.written == jsonText {
		return errors.New("a send to Mailgun is a form")
	}
	src := b.source(req, nil)
	for _, at := range p.params {
		if err := b.mailgunName(src[at.name:at.nameEnd], p.written); err != nil {
			return err
		}
	}
	_, query, _ := splitURI(req.Header.RequestURI())
	for i := 0; i < len(query); {
		var in param
		in, i = nextParam(query, i)
		if err := b.mailgunName(in.name, formText); err != nil {
			return err
		}
	}
	r := shapeReader{shaped: s, b: b}
	when, _, _, err := r.named(src, mailgunTime)
	if err != nil {
		return err
	}
	if when != "" {
		at, err := mail.ParseDate(when)
		if err != nil {
			return errors.New("the delivery time is not one of RFC 2822, such as Fri, 04 Dec 2026 10:00:00 +0000")
		}
		for i := range b.Messages {
			b.Messages[i].SendAt = at.UTC()
		}
	}
	if built {
		if err := mailgunMail(src, b, s.keys); err != nil {
			return err
		}
	}
	d, at, err := mailgunPeople(&r, src)
	if err != nil || len(d.nodes) == 0 {
		return err
	}
	raw, written, start := bytes.Clone(src[at.value:at.valueEnd]), p.written, int(at.value)
	p.more = func(b *Batch) ([]edit, error) {
		edits := b.mailgunCut(d)
		for i := range edits {
			e := &edits[i]
			*e = edit{inBody, start + written.offset(raw, e.start), start + written.offset(raw, e.end), written.escape(nil, string(e.text))}
		}
		return edits, nil
	}
	if !b.Extras {
		return nil
	}
	own := map[string]string{}
	var buf [64]byte
	for i := d.first(0); i != 0; i = int(d.nodes[i].next) {
		if key, ok := mailbox(string(d.key(i, buf[:0])), ""); ok && d.child(i) != 0 {
			own[key] += string(d.raw(i))
		}
	}
	for i := range b.Messages {
		b.Messages[i].Extra += own[b.Messages[i].To.Address]
	}
	return nil
}

// mailgunName refuses the parameter, as its name is written, of a header that parameters stand for, or of a time that
// the service chooses.
func (b *Batch) mailgunName(raw []byte, written encoding) error {
	p := &b.parsed
	start, ok := len(p.text), false
	p.text, ok = written.decode(p.text, raw)
	name := bytes.TrimSpace(p.text[start:])
	p.text = p.text[:start]
	kind, rest, _ := bytes.Cut(name, []byte(":"))
	switch {
	case !ok, fold(bytes.TrimSpace(kind), "h") && mailgunForeign(string(bytes.ToLower(rest))):
		return errMailgunHead
	case !fold(kind, "o"):
	case foldPrefix(rest, "deliverytime-"), foldPrefix(rest, "time-zone-localize"):
		return errMailgunWhen
	}
	return nil
}

// foldPrefix reports whether b begins with lower, which is lower-case ASCII, without regard to ASCII case.
func foldPrefix(b []byte, lower string) bool {
	return len(b) >= len(lower) && fold(b[:len(lower)], lower)
}

// mailgunOptions are the headers of Mailgun's own that change nothing of whom an e-mail goes to, what it shows and when
// it goes. Source: https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/pass-sending-options
var mailgunOptions = []string{"tag", "dkim", "secondary-dkim", "secondary-dkim-public", "drop-message", "track", "track-clicks", "track-opens",
	"track-pixel-location-top", "require-tls", "skip-verification", "sending-ip", "sending-ip-pool", "variables"}

// mailgunForeign reports whether a header, in lower case, is one by which an e-mail becomes another.
func mailgunForeign(name string) bool {
	option, own := strings.CutPrefix(strings.TrimSpace(name), "x-mailgun-")
	return own && !slices.Contains(mailgunOptions, option) || strings.HasPrefix(name, "resent-") || strings.HasPrefix(name, "content-") ||
		slices.Contains([]string{"to", "cc", "bcc", "apparently-to", "mime-version"}, strings.TrimSpace(name))
}

// mailgunMail reads the e-mail that the sender built, in the part called message.
func mailgunMail(src []byte, b *Batch, keys []string) error {
	p := &b.parsed.spread
	var found *paramAt
	for i := range p.params {
		if at := &p.params[i]; at.key >= 0 && keys[at.key] == "message" {
			if found != nil {
				return errors.New("the parameter message is there more than once")
			}
			found = at
		}
	}
	if found == nil || p.written != plainText {
		return errors.New("the e-mail is no part called message, of multipart/form-data")
	}
	m, err := readMail(src[found.value:found.valueEnd])
	if err != nil {
		return err
	}
	for name := range m.fields {
		if strings.HasPrefix(name, "x-mailgun-") && mailgunForeign(name) {
			return errMailgunHead
		}
	}
	most := mailgunText
	if !m.room() {
		most = 0
	}
	w := wordingOf(int(found.valueEnd)+1, m.text(), most, inBody, int(found.valueEnd))
	w.form, w.start = mailed, int(found.value)
	n := int32(-1)
	if m.text() != "" {
		n = p.word(w)
	}
	extra := m.subject + "\n"
	for _, f := range m.files {
		if b.Extras {
			extra += fmt.Sprintf("%x\n", sha256.Sum256(f))
		}
	}
	for i := range b.Messages {
		to := &b.Messages[i]
		if to.From, to.Text, p.at[i].wording = m.from, w.text, n; n >= 0 {
			to.Room = w.room
		}
		if b.Extras {
			to.Extra = extra
		}
	}
	return nil
}

// mailgunPeople is what each recipient has of their own, which is an object with their addresses for keys, and where
// that stands. Without any the document is empty.
func mailgunPeople(r *shapeReader, src []byte) (d document, at paramAt, err error) {
	text, at, there, err := r.named(src, mailgunVariables)
	if err != nil || !there {
		return d, at, err
	}
	nodes, err := scanMembers([]byte(text), nil, r.most)
	if err == nil && nodes[0].kind != '{' {
		err = errNoObject
	}
	return document{[]byte(text), nodes}, at, err
}

// mailgunCut are the edits of an object that take out the members of those who are blocked. Without any member nobody
// would have a copy of their own, and each would see the others: then one who stays has an empty one.
func (b *Batch) mailgunCut(d document) (edits []edit) {
	stays := ""
	gone := map[string]bool{}
	for i := range b.Messages {
		address := b.Messages[i].To.Address
		if blocked := b.Decisions[i].Action == filter.Block; !blocked {
			stays, gone[address] = address, false
		} else if _, seen := gone[address]; !seen {
			gone[address] = true
		}
	}
	var buf [64]byte
	kept, before := false, 0
	for i := d.first(0); i != 0; i = int(d.nodes[i].next) {
		start, next := int(d.nodes[i].key)-1, int(d.nodes[i].next)
		end := d.ends(i)
		key, _ := mailbox(string(d.key(i, buf[:0])), "")
		switch {
		case !gone[key]:
			kept = true
		case kept:
			edits = append(edits, edit{start: before, end: end})
		case next != 0:
			edits = append(edits, edit{start: start, end: int(d.nodes[next].key) - 1})
		default:
			edits = append(edits, edit{start: start, end: end, text: append(escapeJSON([]byte{'"'}, stays), `":{}`...)})
		}
		before = end
	}
	return edits
}

// Refuse answers 400 with Mailgun's error, in its own words where it has some.
// Source: https://github.com/mailgun/mailgun-go/blob/master/errors.go
func (mailgun) Refuse(resp *fasthttp.Response, b *Batch) {
	out := append(b.parsed.out[:0], `{"message":"`...)
	if b.reason() == filter.BadAddress {
		out = append(out, "to parameter is not a valid address. please check documentation. "...)
	}
	out = append(escapeJSON(append(out, marker...), b.why()), `"}`...)
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
}

// Learn reads nothing: Mailgun takes what it delivers to nobody, and tells of it in an event.
func (mailgun) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) { return 0, nil }
