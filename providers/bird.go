package providers

import (
	"bytes"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// bird speaks version 1 of Bird's platform: its sends of SMS, WhatsApp and e-mail. What else at its host reaches people,
// such as verifications, calls, and messages of mailboxes, is refused. Broadcasts, groups, audiences and contacts are unseen.
// Source: https://github.com/messagebird/bird-sdk-typescript/blob/main/packages/sdk/src/generated/types.gen.ts
type bird struct {
	shaped // for one SMS, and whatever is none of sends
	*keyring
	standardSigner
	sends []shaped // of birdShapes, and shaped
}

var birdService = known{host: "https://us1.platform.bird.com", channel: filter.SMS, text: birdText, pooled: pooledByID, later: true, regional: birdRegional,
	withdrawn: birdWithdrawn, make: newBird, enter: "a webhook for all events of sms, whatsapp, email and preference, and for sms_suppression.created; secrets: its signing secret, whsec_…"}

// birdRegional: the region stands in the key of the workspace, and libraries take it from there.
func birdRegional(host string) bool {
	region, ok := strings.CutSuffix(host, ".platform.bird.com")
	return ok && word([]byte(region))
}

// birdText is the longest text of an SMS that surely passes, in characters: 12 segments that hold signs beyond GSM 7.
const birdText = 12 * 67

// birdMailText is the longest text of an e-mail that surely passes, in characters of one byte: a request has up to 20 MB.
const birdMailText = 5 << 20

var birdSMS = (&shape{
	service: "Bird",
	sends:   []string{"/v1/sms/messages"},
	wide:    []string{"/v1/email/broadcasts", "/v1/email/broadcasts/*", "/v1/email/broadcasts/*/send"},
	others: []string{"/v1/email/messages/*/cancel", "/v1/email/broadcasts/*/cancel", "/v1/whatsapp/messages/*/read",
		"/v1/verify/verifications/check"},
	traces: []string{"message", "batches", "broadcast", "verifications", "/calls", "/reply"},

	recipients: []reach{{at: "to"}},
	text:       []bounded{{"text", birdText}},
	sender:     []string{"from", "messaging_profile_id"},
	template:   []string{"template.id", "template.slug", "template.name"},
	when:       []string{"scheduled_at"},
	kind:       []string{"category"}, promotional: birdMarketing,
	extra:   []string{"template.language", "template.parameters", "media_urls", "personalization"},
	unseen:  []string{"audience_id", "contact_id"},
	refused: []string{"messages", "cc", "bcc"},
	channel: filter.SMS,
}).mustCompile()

var birdMarketing = []string{"marketing"}

// birdTexts is for SMS in a batch, which older libraries write as a list, and newer ones as an object with one.
func birdTexts(at string) *compiled {
	s := &shape{
		service:    "Bird",
		sends:      []string{"/v1/sms/batches"},
		recipients: []reach{{at: at + "to"}},
		most:       100,
		text:       []bounded{{at + "text", birdText}},
		sender:     []string{at + "from", at + "messaging_profile_id"},
		template:   []string{at + "template.id", at + "template.slug", at + "template.name"},
		when:       []string{at + "scheduled_at"},
		kind:       []string{at + "category"}, promotional: birdMarketing,
		extra:   []string{at + "template.language", at + "template.parameters", at + "media_urls", at + "personalization"},
		unseen:  []string{at + "audience_id", at + "contact_id"},
		channel: filter.SMS,
	}
	if at != "[]." {
		s.refused = []string{"to", "cc", "bcc"}
	}
	return s.mustCompile()
}

// birdMails is for e-mails at a place of the body, in which an address is text or an object.
func birdMails(path, at string) *compiled {
	s := &shape{
		service: "Bird",
		sends:   []string{path},
		recipients: []reach{
			{at: at + "to[]", inside: "email", bare: true},
			{at: at + "cc[]", inside: "email", bare: true, optional: true},
			{at: at + "bcc[]", inside: "email", bare: true, optional: true},
		},
		text:        []bounded{{at + "html", birdMailText}, {at + "text", birdMailText}},
		pages:       []string{at + "html"},
		sender:      []string{at + "from.email", at + "from"},
		template:    []string{at + "template.id", at + "template.slug", at + "template.name"},
		when:        []string{at + "scheduled_at"},
		kind:        []string{at + "category"},
		promotional: birdMarketing,
		extra:       []string{at + "subject", at + "parameters", at + "template.language", at + "template.parameters"},
		unseen:      []string{at + "contact_id", at + "audience_id"},
		channel:     filter.Email,
		address:     mailbox,
	}
	for _, name := range birdMailHeaders {
		s.unseen = append(s.unseen, at+"headers."+name)
	}
	switch at {
	case "":
		s.refused = []string{"messages"}
	case "messages[].":
		s.refused = []string{"to", "cc", "bcc"}
	}
	return s.mustCompile()
}

// birdMailHeaders are headers that name recipients, of which the last does so to the servers that Bird sends by.
// Source: https://developers.sparkpost.com/api/smtp/#header-using-the-x-msys-api-custom-header
var birdMailHeaders = []string{"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc", "X-MSYS-API"}

// birdShapes are the sends but for one SMS. Those of a batch come twice: as a list, and as an object.
var birdShapes = []*compiled{
	(&shape{
		service:    "Bird",
		sends:      []string{"/v1/whatsapp/messages"},
		recipients: []reach{{at: "to"}},
		text: []bounded{{"text.body", 4096}, {"interactive.body_text", 1024}, {"image.caption", 1024}, {"video.caption", 1024},
			{"document.caption", 1024}},
		sender:   []string{"from"},
		template: []string{"template.id", "template.slug", "template.name"},
		extra: []string{"template.language", "template.components", "image.url", "video.url", "audio", "sticker", "document.url", "location",
			"interactive.header", "interactive.footer_text", "interactive.buttons", "interactive.list", "interactive.cta_url", "interactive.cards",
			"contact_cards"},
		refused: []string{"messages", "cc", "bcc"},
		channel: filter.WhatsApp,
	}).mustCompile(),
	birdMails("/v1/email/messages", ""),
	birdTexts("[]."),
	birdTexts("messages[]."),
	birdMails("/v1/email/batches", "[]."),
	birdMails("/v1/email/batches", "messages[]."),
}

// birdKeyring: a key of the workspace, or the session of somebody in Bird's own pages.
// Source: https://github.com/messagebird/bird-sdk-typescript/blob/main/packages/sdk/src/generated/sdk.gen.ts
var birdKeyring = &keyring{
	name:  "Bird",
	takes: []string{"secret"},
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "Bearer", key: secretKey},
		{in: inHeader, at: "cookie", public: true},
	},
	gives:  []string{"api-key", "api_key", "credential", "token", "secret", "/session", "/webhooks"},
	denial: denial{401, `{"error":{"type":"auth_error","code":"unauthorized","name":"unauthorized","message":"{detail}"}}`},
}

func newBird(cfg Config) (Provider, error) {
	p := bird{shaped: newShaped(birdSMS, cfg), keyring: birdKeyring}
	for _, c := range birdShapes {
		p.sends = append(p.sends, newShaped(c, cfg))
	}
	p.sends = append(p.sends, p.shaped)
	return p, nil
}

// Parse reads one message or a batch of them, by the path.
func (p bird) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	for i, s := range p.sends {
		if s.path(path) != send && i+1 < len(p.sends) {
			continue
		}
		b.parsed.items = strings.HasSuffix(s.shape.sends[0], "/batches")
		if b.parsed.items && !b.birdList(req) {
			s = p.sends[i+1]
		}
		if err := s.Parse(req, b); err != nil {
			return err
		}
		d := document{b.source(req, nil), b.parsed.nodes}
		if err := b.birdTemplates(d); err != nil || s.channel != filter.Email {
			return err
		}
		b.birdMail(d)
		return nil
	}
	return ErrUnknownPath
}

// birdList reports whether the body of a batch is a list.
func (b *Batch) birdList(req *fasthttp.Request) bool {
	h := b.readHead(&req.Header)
	body, err := b.body(req, &h)
	return err == nil && bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("["))
}

// birdTemplates refuses a message of which two readers could see two.
func (b *Batch) birdTemplates(d document) error {
	for i := range b.Messages {
		if m := &b.Messages[i]; m.Template != "" && m.Text != "" {
			return b.unreadable(0, "a message has a template or a text, and not both")
		}
	}
	if !b.parsed.items {
		return b.birdTemplate(d, 0)
	}
	for i := d.child(d.member(0, "messages")); i != 0; i = int(d.nodes[i].next) { // a list has no members, and is node 0
		if err := b.birdTemplate(d, i); err != nil {
			return err
		}
	}
	return nil
}

// birdTemplate refuses a template in the message at a node that is named twice.
func (b *Batch) birdTemplate(d document, at int) error {
	names, template := 0, d.member(at, "template")
	for _, name := range [...]string{"id", "slug", "name"} {
		if n := d.within(template, name); template != 0 && n != 0 && d.nodes[n].kind != 'n' {
			names++
		}
	}
	if names > 1 {
		return b.unreadable(0, "the request names a template in more than one way")
	}
	return nil
}

// birdMail has e-mails be marketing that say by neither a category nor a template what they are, as they are to Bird.
func (b *Batch) birdMail(d document) {
	each := []int{0}
	if b.parsed.items {
		each = each[:0]
		for i := d.child(d.member(0, "messages")); i != 0; i = int(d.nodes[i].next) {
			each = append(each, i)
		}
	}
	of, _ := b.parsed.spread.elements()
	for i := range b.Messages {
		at := each[0]
		if b.parsed.items {
			at = each[of[i]]
		}
		category := d.member(at, "category")
		if m := &b.Messages[i]; m.Template == "" && (category == 0 || d.nodes[category].kind != '"') {
			m.MarketingOnly = true
		}
	}
}
