package providers

import (
	"encoding/base64"
	"errors"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// awsSES speaks version 2 of Amazon SES' API. Version 1 takes forms at the same host, and is refused.
// Source: https://github.com/aws/api-models-aws/blob/main/models/sesv2/service/2019-09-27/sesv2-2019-09-27.json
type awsSES struct {
	awsDoor
	awsNotifier
	shaped       // for one e-mail
	bulk, verify shaped
}

var awsSESService = known{host: "https://email.us-east-1.amazonaws.com", channel: filter.Email, text: awsSESText, regional: isRegional, make: newAWSSES,
	enter: "an HTTPS subscription, without raw delivery, to the topic of Amazon SNS that is the event destination of the configuration set, with complaint and subscription; topics: its ARN"}

// awsSESText is the longest text that surely passes, in characters: an e-mail may have 40 MB in all.
const awsSESText = 5 << 20

// awsSESOthers are calls that write to nobody, and what is below them.
var awsSESOthers = []string{"account", "configuration-sets", "contact-lists", "identities", "list-identities", "suppression", "templates"}

// awsSESShape is for e-mails in a place of the body, such as "BulkEmailEntries[].", with their content in another. The
// texts in HTML come first, being what people read.
func awsSESShape(path, to, content string) *compiled {
	s := &shape{
		service:    "SES",
		sends:      []string{path, path + "/"},
		traces:     []string{"outbound"},
		recipients: []reach{{at: to + "Destination.ToAddresses[]", optional: true}, {at: to + "Destination.CcAddresses[]", optional: true}, {at: to + "Destination.BccAddresses[]", optional: true}},
		most:       50, // https://docs.aws.amazon.com/ses/latest/dg/quotas.html
		text: []bounded{{content + "Simple.Body.Html.Data", awsSESText}, {content + "Simple.Body.Text.Data", awsSESText},
			{content + "Template.TemplateContent.Html", awsSESText}, {content + "Template.TemplateContent.Text", awsSESText}},
		pages:    []string{content + "Simple.Body.Html.Data", content + "Template.TemplateContent.Html"},
		own:      []string{"Content", "Raw", "Data"},
		sender:   []string{"FromEmailAddress", "FromEmailAddressIdentityArn"},
		template: []string{content + "Template.TemplateName", content + "Template.TemplateArn"},
		extra: []string{content + "Simple.Subject.Data", content + "Template.TemplateContent.Subject", content + "Template.TemplateData",
			"BulkEmailEntries[].ReplacementEmailContent"},
		channel: filter.Email,
		address: mailbox,
	}
	if to != "" {
		s.refused, s.most = []string{"Destination", "Content"}, 50*50
	}
	for _, other := range awsSESOthers {
		for _, below := range []string{"", "/*", "/*/*", "/*/*/*"} {
			s.others = append(s.others, "/v2/email/"+other+below)
		}
	}
	return s.mustCompile()
}

var (
	awsSESOne    = awsSESShape("/v2/email/outbound-emails", "", "Content.")
	awsSESBulk   = awsSESShape("/v2/email/outbound-bulk-emails", "BulkEmailEntries[].", "DefaultContent.")
	awsSESVerify = (&shape{
		service:    "SES",
		sends:      []string{"/v2/email/outbound-custom-verification-emails", "/v2/email/outbound-custom-verification-emails/"},
		recipients: []reach{{at: "EmailAddress"}},
		template:   []string{"TemplateName"},
		channel:    filter.Email,
		address:    mailbox,
	}).mustCompile()
)

func newAWSSES(cfg Config) (Provider, error) {
	return awsSES{awsDoor{service: "ses", speech: awsREST}, awsNotifier{}, newShaped(awsSESOne, cfg), newShaped(awsSESBulk, cfg), newShaped(awsSESVerify, cfg)}, nil
}

// Parse reads one e-mail or several, by the path.
func (p awsSES) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, _ := splitURI(req.Header.RequestURI())
	switch {
	case string(path) == "/" && (!reads(req.Header.Method()) || len(query) > 0):
		return b.unreadable(0, "this is a call to version 1 of SES' API, in which sends are not read: use version 2")
	case p.bulk.path(path) == send:
		err := p.bulk.Parse(req, b)
		b.parsed.items = true
		return err
	case p.verify.path(path) == send:
		return p.verify.Parse(req, b)
	}
	err := p.shaped.Parse(req, b)
	if err != nil && b.parsed.code != errMissing || p.path(path) != send || len(b.parsed.nodes) == 0 {
		return err
	}
	body := req.Body()
	if b.parsed.gzipped {
		body = b.parsed.plain
	}
	d := document{body, b.parsed.nodes}
	raw := 0
	if content := d.member(0, "Content"); content != 0 && d.nodes[content].kind == '{' {
		if raw = d.member(content, "Raw"); raw != 0 && d.nodes[d.child(content)].next != 0 {
			return b.unreadable(0, "an e-mail is one of Simple, Raw and Template")
		}
	}
	if raw == 0 {
		return err
	}
	return b.awsSESRaw(d, raw)
}

// awsSESRaw reads an e-mail in MIME. Some say that SES writes to the people of Destination alone, and some to those in the
// header: all of them are read, and who is taken out is taken out of both.
// Sources: https://github.com/savvyagents/larasend/pull/2 and https://github.com/aws/aws-sdk-rails/pull/93
func (b *Batch) awsSESRaw(d document, raw int) error {
	data := d.child(raw)
	if data == 0 || d.nodes[raw].kind != '{' || d.nodes[data].next != 0 || d.member(raw, "Data") != data || d.nodes[data].kind != '"' {
		return b.unreadable(0, "Raw has more than Data, or none")
	}
	m, err := unpackMail(unquote(nil, d.raw(data)))
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	s := &b.parsed.spread
	if len(b.Messages) == 0 && d.member(0, "Destination") != 0 {
		return b.unreadable(errMissing, "Destination names nobody, and the e-mail may: one of them has to say who gets it")
	}
	sender := b.awsSESSender(d)
	if sender == "" {
		sender = b.parsed.copied([]byte(m.from))
	}
	b.awsSESHeader(d, m)
	if len(b.Messages) == 0 {
		return b.unreadable(errMissing, "the request names no recipient")
	}
	b.parsed.code = 0
	w := wordingOf(data, b.parsed.copied([]byte(m.text())), awsSESText, inBody, int(d.nodes[data].end))
	if w.start, w.form = int(d.nodes[data].start), packed; !m.room() {
		w.room = 0
	}
	n := s.word(w)
	for i := range b.Messages {
		to := &b.Messages[i]
		to.Text, to.Room, to.From, s.at[i].wording = w.text, w.room, sender, n
		if b.Extras {
			to.Extra = b.parsed.copied([]byte(m.subject + "\n"))
		}
	}
	s.more = func(b *Batch) ([]edit, error) { return b.awsSESMail(m, w) }
	return nil
}

// awsSESSender is who the request says the e-mail is from; empty where its header alone does.
func (b *Batch) awsSESSender(d document) string {
	for _, name := range []string{"FromEmailAddress", "FromEmailAddressIdentityArn"} {
		if at := d.member(0, name); at != 0 && d.nodes[at].kind == '"' && d.nodes[at].start < d.nodes[at].end {
			return b.parsed.unquoted(d, at)
		}
	}
	return ""
}

// awsSESHeader adds the people in the header of an e-mail who are not among those of Destination.
func (b *Batch) awsSESHeader(d document, m *mimeMail) {
	s, first, l := &b.parsed.spread, d.nodes[0].start+1, int32(-1)
	for _, person := range m.people {
		if slices.ContainsFunc(b.Messages, func(m filter.Message) bool { return m.To.Address == person.address }) {
			continue
		}
		if l < 0 {
			l = s.open(inBody, 0, int32(max(0, 1-len(b.Messages))))
		}
		address := b.parsed.copied([]byte(person.address))
		b.Messages = append(b.Messages, filter.Message{To: filter.Recipient{Channel: filter.Email, Address: address}})
		seat := s.take(l, seat{start: first, end: first, before: first, after: first}) // awsSESMail takes them out
		s.at = append(s.at, standing{seat: seat, written: address})
	}
}

// awsSESMail is the edit of an e-mail, m, which stands as w: without who is blocked, and with the line that the others need.
func (b *Batch) awsSESMail(m *mimeMail, w wording) ([]edit, error) {
	line, changed := "", false
	for i := range b.Decisions {
		if d := &b.Decisions[i]; d.Action == filter.Rewrite && d.Edit.Footer != "" {
			line, changed = d.Edit.Footer, true
		}
	}
	gone := func(i int) bool {
		for n := range b.Messages {
			if b.Messages[n].To.Address == m.people[i].address && b.Decisions[n].Action != filter.Block {
				return false
			}
		}
		return true
	}
	for i := range m.people {
		changed = changed || gone(i)
	}
	if !changed {
		return nil, nil
	}
	out, err := m.rewritten(gone, line)
	return []edit{{place: inBody, start: w.start, end: w.at, text: base64.StdEncoding.AppendEncode(nil, out)}}, err
}

// awsSESStatus is what a refusal means to those who asked: the e-mail is not acceptable, or the request is not.
func (b *Batch) awsSESStatus() string {
	if reason := b.reason(); reason == filter.Unreadable || reason == filter.BadAddress {
		return "BadRequestException"
	}
	return "MessageRejected"
}

// Refuse answers 400 with SES' exception, or 200 with a result for each e-mail of several. SES itself would take the
// e-mail, and tell later that the address is on a list, which nobody would see.
// Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
func (p awsSES) Refuse(resp *fasthttp.Response, b *Batch) {
	if b.Fault != "" || !b.parsed.items {
		p.fault(resp, fasthttp.StatusBadRequest, b.awsSESStatus(), marker+b.why(), "")
		return
	}
	of, n := b.parsed.spread.elements()
	out := append(b.parsed.out[:0], `{"BulkEmailEntryResults":[`...)
	for element := range n {
		if element > 0 {
			out = append(out, ',')
		}
		out = b.awsSESResult(out, of, element)
	}
	b.refuse(resp, fasthttp.StatusOK, "application/json", append(out, "]}"...))
}

// awsSESResult appends what became of an e-mail that was not sent at all.
func (b *Batch) awsSESResult(out []byte, of []int, element int) []byte {
	reason := filter.Undecided
	for i := range b.Decisions {
		if of[i] == element && b.Decisions[i].Action == filter.Block {
			reason = b.Decisions[i].Reason
			break
		}
	}
	return append(escapeJSON(append(out, `{"Status":"MESSAGE_REJECTED","Error":"`+marker...), reason.Text()), `"}`...)
}

var errUnnamed = errors.New("the answer to one e-mail names nobody")

// Merge puts the e-mails that were not sent at all in their places among the results of several. One e-mail has no
// place for those whom it was not sent to.
func (p awsSES) Merge(resp *fasthttp.Response, b *Batch) error {
	if !b.parsed.items {
		return errUnnamed
	}
	return b.merge(resp, func(d document) ([]edit, error) {
		results := d.member(0, "BulkEmailEntryResults")
		if results == 0 || d.nodes[results].kind != '[' {
			return nil, errUnlike
		}
		of, _ := b.parsed.spread.elements()
		return b.placed(d, results, func(out []byte, element int) []byte { return b.awsSESResult(out, of, element) }, nil)
	})
}

// Learn reads nothing: SES tells of an opt-out in an event alone.
func (awsSES) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) { return 0, nil }
