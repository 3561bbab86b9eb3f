package providers

import (
	"bytes"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// sendgrid speaks SendGrid's Mail Send API.
// Sources: https://github.com/twilio/sendgrid-oai/blob/main/spec/json/tsg_mail_v3.json and tsg_mc_singlesends_v3.json beside it
type sendgrid struct {
	shaped
	*keyring
	asSigned
}

var sendgridService = known{host: "https://api.sendgrid.com", channel: filter.Email, text: sendgridText, later: true, make: newSendGrid,
	regional: func(host string) bool { return host == "api.eu.sendgrid.com" },
	enter:    "the event webhook, signed, with dropped, spam report, unsubscribe, group unsubscribe and group resubscribe; public_keys: its verification key"}

// sendgridText is the longest text that surely passes, in characters: an e-mail may have 30 MB in all.
const sendgridText = 5 << 20

var sendgridShape = (&shape{
	service: "SendGrid",
	sends:   []string{"/v3/mail/send"},
	// Single Sends, and the campaigns that were before them, go to lists; until they are scheduled they are drafts.
	wide: []string{"/v3/marketing/singlesends/*/schedule", "/v3/campaigns/*/schedules", "/v3/campaigns/*/schedules/now", "/v3/campaigns/*/schedules/test"},
	others: []string{"/v3/mail/batch", "/v3/mail/batch/*", "/v3/user/scheduled_sends", "/v3/user/scheduled_sends/*", "/v3/mail_settings",
		"/v3/mail_settings/*", "/v3/user/email", "/v3/validations/email", "/v3/validations/email/jobs", "/v3/marketing/contacts/search/emails",
		"/v3/marketing/contacts/search/identifiers/*", "/v3/marketing/singlesends", "/v3/marketing/singlesends/*", "/v3/campaigns", "/v3/campaigns/*"},
	traces: []string{"mail", "singlesends", "campaigns"},
	recipients: []reach{
		{at: "personalizations[].to[]", inside: "email"},
		{at: "personalizations[].cc[]", inside: "email", optional: true},
		{at: "personalizations[].bcc[]", inside: "email", optional: true},
	},
	most:     1000,                                                                                       // https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
	unseen:   []string{"mail_settings.bcc", "headers.X-SMTPAPI", "personalizations[].headers.X-SMTPAPI"}, // by SMTP that header names recipients
	sender:   []string{"personalizations[].from.email", "from.email"},
	template: []string{"template_id"},
	when:     []string{"personalizations[].send_at", "send_at"},
	epoch:    true,
	extra: []string{"subject", "personalizations[].subject", "personalizations[].substitutions",
		"personalizations[].dynamic_template_data"},
	channel: filter.Email,
	address: mailbox,
}).mustCompile()

func newSendGrid(cfg Config) (Provider, error) {
	return sendgrid{newShaped(sendgridShape, cfg), sendgridKeyring, asSigned{}}, nil
}

// sendgridKeyring: https://www.twilio.com/docs/sendgrid/for-developers/sending-email/authentication. Its second version
// has them in the form.
var sendgridKeyring = &keyring{
	name:  "SendGrid",
	takes: []string{"secret"},
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "Bearer", key: secretKey},
		{in: inQuery, at: "api_key"}, {in: inQuery, at: "api_user", public: true},
	},
	gives:  []string{"/api_keys", "/subusers", "/teammates", "/sso"},
	denial: denial{401, `{"errors":[{"message":"The provided authorization grant is invalid, expired, or revoked. {detail}","field":null,"help":null}]}`},
}

// Parse reads the e-mails of a request, which have their content in common.
func (s sendgrid) Parse(req *fasthttp.Request, b *Batch) error {
	err := s.shaped.Parse(req, b)
	if path, _, _ := splitURI(req.Header.RequestURI()); err == ErrNotSend && s.path(path) == disguised && sendgridSecond(path) {
		return b.unreadable(0, "this is a call to version 2 of SendGrid's API, in which a GET may be a send: use version 3")
	}
	if err != nil {
		return err
	}
	body := req.Body()
	if b.parsed.gzipped {
		body = b.parsed.plain
	}
	return b.sendgridContent(document{body, b.parsed.nodes})
}

// sendgridSecond reports whether some server might read path as one of version 2, whose sends may be a GET.
// Source: https://github.com/sendgrid/docs/blob/develop/content/docs/API_Reference/Web_API/mail.md
func sendgridSecond(path []byte) bool {
	var buf [256]byte
	return bytes.Contains(unmasked(buf[:0], path), []byte("/api/"))
}

// sendgridKinds are the types of contents, from the one that most people read. What has no name here may be shown
// before a text is, and has no place for a line; the last is shown in the place of all by the programs that know it, and
// has no room alone.
var sendgridKinds = [...]string{sendgridPage: "text/html", sendgridOther: "", sendgridPlain: "text/plain", sendgridAMP: "text/x-amp-html"}

const (
	sendgridPage = iota
	sendgridOther
	sendgridPlain
	sendgridAMP
)

// sendgridContent reads the text of all messages, of which there may be several forms.
func (b *Batch) sendgridContent(d document) error {
	if d.nearly(0, []string{"content"}) {
		return b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
	}
	content := d.member(0, "content")
	if content == 0 {
		return nil
	}
	if d.nodes[content].kind != '[' && d.nodes[content].kind != 'n' {
		return b.unreadable(0, "content is no list")
	}
	s, first := &b.parsed.spread, int32(-1)
	for n := range sendgridKinds {
		twice := false
		for part := d.child(content); part != 0; part = int(d.nodes[part].next) {
			value, of := d.member(part, "value"), d.member(part, "type")
			if value == 0 || of == 0 || d.nodes[value].kind != '"' || d.nodes[of].kind != '"' {
				return b.unreadable(0, "a content has no type, or no text for a value")
			}
			if sendgridKind(d.raw(of)) != n || d.nodes[value].start == d.nodes[value].end {
				continue
			}
			w := wordingOf(value, b.parsed.unquoted(d, value), sendgridText, inBody, int(d.nodes[value].end))
			if n == sendgridPage || n == sendgridAMP {
				w.page(int(d.nodes[value].start))
			}
			if twice || n == sendgridOther || n == sendgridAMP && first < 0 {
				w.room = 0
			}
			first, twice = s.alternative(first, w), true
		}
	}
	if first < 0 {
		return nil
	}
	for i := range b.Messages {
		b.Messages[i].Text, s.at[i].wording = s.wordings[first].text, first
		if b.Messages[i].Template == "" {
			b.Messages[i].Room = s.wordings[first].room
		}
	}
	return nil
}

// sendgridKind is the number of a content's type among sendgridKinds, and -1 for what is not shown.
func sendgridKind(text []byte) int {
	kind, charset, ok := mediaType(text)
	for n, known := range sendgridKinds {
		if ok && n != sendgridOther && fold(kind, known) && inUTF8(charset) {
			return n
		}
	}
	if fold(kind, "text/calendar") {
		return -1
	}
	return sendgridOther
}

// Refuse answers 400 with SendGrid's list of errors. The service itself would take the e-mail, and drop it later
// where somebody unsubscribed, which nobody would see.
// Source: https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors
func (sendgrid) Refuse(resp *fasthttp.Response, b *Batch) {
	field := `"personalizations"`
	if reason := b.reason(); reason == filter.Unreadable && b.parsed.code != errMissing {
		field = "null"
	} else if reason == filter.Content {
		field = `"content"`
	}
	out := append(b.parsed.out[:0], `{"errors":[{"message":"`+marker...)
	out = escapeJSON(out, b.why())
	out = append(append(append(out, `","field":`...), field...), `,"help":null}]}`...)
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
}

// Learn reads nothing: SendGrid's errors have no codes, and tell of an opt-out in an event alone.
func (sendgrid) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) { return 0, nil }
