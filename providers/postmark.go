package providers

import (
	"encoding/json"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// postmark speaks Postmark's Email API.
// Sources: https://postmarkapp.com/developer/api/email-api, https://postmarkapp.com/developer/api/bulk-email and
// https://github.com/ActiveCampaign/postmark.js/blob/master/src/client/ServerClient.ts
type postmark struct {
	shaped // for one e-mail
	*keyring
	byHeader
	several       []shaped
	batches, bulk int // of several: the last that is answered by a list, and the one for e-mails that are marketing
}

var postmarkService = known{host: "https://api.postmarkapp.com", channel: filter.Email, text: postmarkText, make: newPostmark,
	enter: "the webhook of each message stream, with subscription change and spam complaint, and a header of your own; header and value: that"}

// postmarkKeyring: the token of a server, which is all that a send asks for; that of an account makes servers.
// Sources: https://postmarkapp.com/developer/api/overview and https://github.com/PipedreamHQ/pipedream/issues/10254
var postmarkKeyring = &keyring{
	name:   "Postmark",
	takes:  []string{"secret"},
	holes:  []keyhole{{in: inHeader, at: "x-postmark-server-token", key: secretKey}, {in: inHeader, at: "x-postmark-account-token"}},
	gives:  []string{"/server"}, // which shows the tokens
	denial: denial{401, `{"ErrorCode":10,"Message":"Request does not contain a valid Server token. {detail}"}`},
}

// postmarkText is the longest text Postmark takes, in characters of one byte.
// Source: https://postmarkapp.com/support/article/1056-what-are-the-attachment-and-email-size-limits
const postmarkText = 5 << 20

// postmarkMarketing are the ids of the stream for broadcasts that each server has.
var postmarkMarketing = []string{"broadcast", "broadcasts"}

// postmarkShape is for e-mails in a place of the body, such as "Messages[].", with their content in another.
// The text in HTML comes first, being what people read.
func postmarkShape(sends []string, to, content string) *compiled {
	s := &shape{
		service: "Postmark",
		sends:   sends,
		others:  []string{"/email/bulk/*"},
		traces:  []string{"email"},
		recipients: []reach{
			{at: to + "To", split: ",", quoted: true},
			{at: to + "Cc", split: ",", quoted: true, optional: true},
			{at: to + "Bcc", split: ",", quoted: true, optional: true},
		},
		text:        []bounded{{content + "HtmlBody", postmarkText}, {content + "TextBody", postmarkText}},
		pages:       []string{content + "HtmlBody"},
		sender:      []string{content + "From"},
		template:    []string{content + "TemplateAlias", content + "TemplateId"},
		kind:        []string{content + "MessageStream"},
		promotional: postmarkMarketing,
		extra:       []string{content + "Subject", to + "TemplateModel"},
		channel:     filter.Email,
		address:     mailbox,
	}
	switch to {
	case "":
		s.most = 50 // https://postmarkapp.com/support/article/1180-what-does-errorcode-300-mean
	case "Messages[].":
		s.refused = []string{"To", "Cc", "Bcc"}
	}
	return s.mustCompile()
}

var (
	postmarkOne     = postmarkShape([]string{"/email", "/email/", "/email/withTemplate", "/email/withTemplate/"}, "", "")
	postmarkSeveral = []*compiled{
		postmarkShape([]string{"/email/batch", "/email/batch/"}, "[].", "[]."),
		postmarkShape([]string{"/email/batchWithTemplates", "/email/batchWithTemplates/"}, "Messages[].", "Messages[]."),
		postmarkShape([]string{"/email/bulk", "/email/bulk/"}, "Messages[].", ""),
	}
)

func newPostmark(cfg Config) (Provider, error) {
	p := postmark{shaped: newShaped(postmarkOne, cfg), keyring: postmarkKeyring, batches: 1, bulk: 2}
	for _, c := range postmarkSeveral {
		p.several = append(p.several, newShaped(c, cfg))
	}
	return p, nil
}

// mailbox is the address of a recipient of e-mail.
func mailbox(text, _ string) (address string, ok bool) {
	address, err := filter.Address(filter.Email, text, "")
	return address, err == nil
}

// Parse reads one e-mail or several, by the path.
func (p postmark) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	for i, s := range p.several {
		if s.path(path) != send {
			continue
		}
		err := s.Parse(req, b)
		b.parsed.items = i <= p.batches
		for n := range b.Messages {
			b.Messages[n].MarketingOnly = b.Messages[n].MarketingOnly || i == p.bulk
		}
		return err
	}
	return p.shaped.Parse(req, b)
}

// postmarkInactive are the reasons that Postmark has a word for: clients stop writing to whom it is said of.
var postmarkInactive = [filter.Reasons]bool{filter.HasOptedOut: true, filter.NoConsent: true, filter.ConsentExpired: true}

// Refuse answers 422 with Postmark's error, or 200 with one for each e-mail of a batch. Clients find the addresses by
// the words around them.
// Source: https://github.com/ActiveCampaign/postmark.js/blob/master/src/client/errors/Errors.ts
func (postmark) Refuse(resp *fasthttp.Response, b *Batch) {
	out := b.parsed.out[:0]
	if b.Fault != "" || !b.parsed.items {
		b.refuse(resp, fasthttp.StatusUnprocessableEntity, "application/json", b.postmarkFault(out, func(int) bool { return true }))
		return
	}
	of, n := b.parsed.spread.elements()
	for element := range n {
		out = append(out, "[,"[min(element, 1)])
		out = b.postmarkFault(out, func(i int) bool { return of[i] == element })
	}
	b.refuse(resp, fasthttp.StatusOK, "application/json", append(out, ']'))
}

// postmarkFault appends the error for an e-mail whose messages are those that are in it.
func (b *Batch) postmarkFault(out []byte, in func(i int) bool) []byte {
	inactive, reason := b.postmarkBlocked(in)
	if b.Fault != "" || len(inactive) == 0 {
		why := b.Fault
		if why == "" {
			why = reason.Text()
		}
		out = append(out, `{"ErrorCode":300,"Message":"Invalid email request. `+marker...)
		return append(escapeJSON(out, why), `"}`...)
	}
	out = append(out, `{"ErrorCode":406,"Message":"You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: `...)
	out = escapeJSON(out, strings.Join(inactive, ", "))
	out = append(out, ". Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression. "+marker...)
	return append(escapeJSON(out, reason.Text()), `"}`...)
}

// postmarkBlocked are the addresses of the messages that are in an e-mail and blocked for what Postmark has a word
// for, and the reason of the first; where there are none, that of the first that is blocked.
func (b *Batch) postmarkBlocked(in func(i int) bool) (inactive []string, reason filter.Reason) {
	for i := range b.Decisions {
		d := &b.Decisions[i]
		if d.Action != filter.Block || !in(i) {
			continue
		}
		known := postmarkInactive[d.Reason]
		if reason == filter.Undecided || known && len(inactive) == 0 {
			reason = d.Reason
		}
		if address := b.Messages[i].To.Address; known && address != "" {
			inactive = append(inactive, address)
		}
	}
	return inactive, reason
}

// Merge tells in the result of an e-mail whom it was not sent to, in the words that clients look for, and puts in
// those of a batch that were not sent at all.
// Source: https://github.com/anymail/django-anymail/blob/main/anymail/backends/postmark.py
func (p postmark) Merge(resp *fasthttp.Response, b *Batch) error {
	return b.merge(resp, func(d document) ([]edit, error) {
		if d.nodes[0].kind == '{' {
			at, err := b.postmarkPartly(d, 0, func(int) bool { return true })
			return []edit{at}, err
		}
		of, _ := b.parsed.spread.elements()
		return b.placed(d, 0, func(out []byte, element int) []byte {
			return b.postmarkFault(out, func(i int) bool { return of[i] == element })
		}, func(element, node int) (edit, error) {
			return b.postmarkPartly(d, node, func(i int) bool { return of[i] == element })
		})
	})
}

// postmarkPartly is the edit that tells in result i, of an e-mail that was sent, who of it was left out. A refusal
// stays as it is.
func (b *Batch) postmarkPartly(d document, i int, in func(i int) bool) (edit, error) {
	code, message := d.member(i, "ErrorCode"), d.member(i, "Message")
	if code == 0 || message == 0 || d.nodes[message].kind != '"' {
		return edit{}, errUnlike
	}
	at := int(d.nodes[message].start)
	if string(d.raw(code)) != "0" {
		return edit{start: at, end: at}, nil
	}
	inactive, _ := b.postmarkBlocked(in)
	if len(inactive) == 0 {
		return edit{start: at, end: at}, nil
	}
	const words, after = "Message OK, but will not deliver to these inactive addresses: ", ". Inactive recipients are ones that have generated a hard bounce or a spam complaint."
	if already := d.raw(message); strings.HasPrefix(string(already), words) { // the service left out others
		return edit{start: at + len(words), end: at + len(words), text: escapeJSON(nil, strings.Join(inactive, ", ")+", ")}, nil
	}
	return edit{start: at, end: int(d.nodes[message].end), text: escapeJSON(nil, words+strings.Join(inactive, ", ")+after)}, nil
}

// Learn reads the code of a refusal. That an address is inactive may mean that nothing could be delivered to it, and
// says nothing about anybody's will.
func (postmark) Learn(resp *fasthttp.Response, _ *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j struct{ ErrorCode int }
	if !ok || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	return j.ErrorCode, nil
}
