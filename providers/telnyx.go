package providers

import (
	"encoding/json"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// telnyx speaks Telnyx's Messages API: SMS and MMS, RCS with what is sent where that does not arrive, and WhatsApp.
// Sources: https://github.com/team-telnyx/telnyx-go/blob/master/message.go and
// https://github.com/team-telnyx/telnyx-node/blob/master/src/resources/messages/messages.ts
type telnyx struct {
	shaped
	rcs, whatsapp shaped
	*keyring
	asSigned
}

var telnyxService = known{host: "https://api.telnyx.com", channel: filter.SMS, text: telnyxText, later: true, withdrawn: telnyxWithdrawn, make: newTelnyx,
	enter: "the webhook URL of the messaging profile; public_keys: the public key of the account"}

// telnyxText is the longest text that surely passes, in characters.
const telnyxText = 1600

// telnyxCaption is the longest text of WhatsApp's below a picture or above buttons, in characters.
const telnyxCaption = 1024

var telnyxShape = (&shape{
	service: "Telnyx",
	sends: []string{"/v2/messages", "/v2/messages/long_code", "/v2/messages/short_code", "/v2/messages/number_pool",
		"/v2/messages/alphanumeric_sender_id", "/v2/messages/group_mms", "/v2/messages/schedule"},
	others:     []string{"/v2/messaging_profiles", "/v2/messaging_profiles/*"},
	traces:     []string{"messages", "/chat/sms", "/scheduled_events"}, // the last two have an assistant write
	recipients: []reach{{at: "to[]", together: true}},                  // a list is a group's
	most:       8,
	text:       []bounded{{"text", telnyxText}},
	sender:     []string{"from", "messaging_profile_id"},
	when:       []string{"send_at"},
	medium:     []string{"type"},
	media:      map[string]filter.Channel{"SMS": filter.SMS, "MMS": filter.SMS},
	extra:      []string{"subject", "media_urls"},
	channel:    filter.SMS,
}).mustCompile()

// telnyxRCS is for messages of an agent, and for the SMS or MMS in the stead of one.
var telnyxRCS = (&shape{
	service:    "Telnyx",
	sends:      []string{"/v2/messages/rcs"},
	recipients: []reach{{at: "to"}, telnyxFallback("sms_fallback"), telnyxFallback("mms_fallback")},
	text: []bounded{{"agent_message.content_message.text", 3072},
		{"agent_message.content_message.rich_card.standalone_card.card_content.description", 2000},
		{"agent_message.content_message.rich_card.carousel_card.card_contents[].description", 2000}},
	sender:  []string{"agent_id"},
	medium:  []string{"type"},
	media:   map[string]filter.Channel{"RCS": filter.SMS},
	refused: telnyxNow,
	extra: below("agent_message.content_message.", []string{"rich_card.standalone_card.card_content.title", "rich_card.standalone_card.card_content.media",
		"rich_card.standalone_card.card_content.suggestions", "rich_card.carousel_card.card_contents", "content_info", "suggestions"}),
	own:     []string{"agent_message.event"},
	channel: filter.SMS,
}).mustCompile()

// telnyxNow is what RCS and WhatsApp do not have: whether they go out later or at once with it is written nowhere.
var telnyxNow = []string{"send_at"}

// telnyxFallback is for who is written to by SMS where RCS does not arrive.
func telnyxFallback(at string) reach {
	return reach{at: at, optional: true, also: &fallback{to: "to", channel: filter.SMS, sender: at + ".from", text: bounded{at + ".text", telnyxText},
		extra: []string{at + ".subject", at + ".media_urls"}}}
}

var telnyxWhatsApp = (&shape{
	service:    "Telnyx",
	sends:      []string{"/v2/messages/whatsapp"},
	recipients: []reach{{at: "to"}},
	text: []bounded{{"whatsapp_message.text.body", 4096}, {"whatsapp_message.image.caption", telnyxCaption},
		{"whatsapp_message.video.caption", telnyxCaption}, {"whatsapp_message.document.caption", telnyxCaption},
		{"whatsapp_message.interactive.body.text", telnyxCaption}},
	sender:   []string{"from", "messaging_profile_id"},
	template: []string{"whatsapp_message.template.name", "whatsapp_message.template.template_id"},
	medium:   []string{"type"},
	media:    map[string]filter.Channel{"WHATSAPP": filter.WhatsApp},
	refused:  telnyxNow,
	extra: below("whatsapp_message.", []string{"image.link", "video.link", "document.link", "document.filename", "interactive.header", "interactive.footer",
		"interactive.action", "template", "location", "contacts"}),
	own:     []string{"whatsapp_message.type"},
	channel: filter.WhatsApp,
}).mustCompile()

// telnyxKeyring: https://developers.telnyx.com/development/api-fundamentals/authentication. The other headers are those
// of its first version.
var telnyxKeyring = &keyring{
	name:  "Telnyx",
	takes: []string{"secret"},
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "Bearer", key: secretKey},
		{in: inHeader, at: "x-profile-secret"}, {in: inHeader, at: "x-api-token"}, {in: inHeader, at: "x-api-user", public: true},
	},
	gives: []string{"/api_keys", "/oauth", "token", "/messaging_profiles"}, // which show the secret that x-profile-secret takes
	denial: denial{401, `{"errors":[{"code":"10009","title":"Authentication failed","detail":"{detail}",` +
		`"meta":{"url":"https://developers.telnyx.com/docs/overview/errors/10009"}}]}`},
}

func newTelnyx(cfg Config) (Provider, error) {
	return telnyx{newShaped(telnyxShape, cfg), newShaped(telnyxRCS, cfg), newShaped(telnyxWhatsApp, cfg), telnyxKeyring, asSigned{}}, nil
}

// Parse reads the messages of a request, by its path.
func (t telnyx) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	rcs, whatsapp := t.rcs.path(path) == send, t.whatsapp.path(path) == send
	switch {
	case rcs:
		t.shaped = t.rcs
	case whatsapp:
		t.shaped = t.whatsapp
	}
	if err := t.shaped.Parse(req, b); err != nil || !rcs && !whatsapp {
		return err
	}
	d := document{b.source(req, nil), b.parsed.nodes}
	if whatsapp {
		return b.telnyxContent(d, d.member(0, "whatsapp_message"))
	}
	if len(b.Messages) == 1 && d.within(0, "agent_message", "event") != 0 && d.within(0, "agent_message", "content_message") == 0 {
		b.Messages = b.Messages[:0]
		return ErrNotSend // the person is shown that somebody types or has read
	}
	for n := range b.Messages {
		b.instead(n)
	}
	return nil
}

// telnyxContent checks that a message on WhatsApp says nothing but what its type names.
func (b *Batch) telnyxContent(d document, message int) error {
	if message == 0 || d.nodes[message].kind != '{' {
		return b.unreadable(0, "whatsapp_message is no object")
	}
	kind, said := d.member(message, "type"), false
	for _, name := range telnyxContents {
		if i := d.member(message, name); i == 0 || d.nodes[i].kind == 'n' {
			continue
		}
		if said || kind != 0 && !d.is(kind, name) {
			return b.unreadable(0, "whatsapp_message has something beside what its type names")
		}
		said = true
	}
	return nil
}

// telnyxContents are what a message on WhatsApp may be, of what this gate reads.
var telnyxContents = []string{"text", "image", "video", "document", "interactive", "template"}

// telnyxRefusals are Telnyx's codes by our reasons. Who reads 40001, which means a landline, or 40310 strikes the
// number, so that the others get what is said of any bad request.
// Sources: https://developers.telnyx.com/docs/messaging/messages/error-codes and
// https://developers.telnyx.com/development/api-fundamentals/api-errors
var telnyxRefusals = [filter.Reasons]native{
	filter.BadAddress:     {40310, "Invalid 'to' address"},
	filter.HasOptedOut:    {40300, "Blocked due to STOP message"},
	filter.NoConsent:      {40300, "Blocked due to STOP message"},
	filter.ConsentExpired: {40300, "Blocked due to STOP message"},
}

// Refuse answers 400 with Telnyx's list of errors. Its documentation has no status for 40300, and programs of its
// customers expect 400, 403, 409 or 422; its libraries repeat a 409, and obey x-should-retry.
// Source: https://github.com/team-telnyx/telnyx-go/blob/master/internal/requestconfig/requestconfig.go
func (telnyx) Refuse(resp *fasthttp.Response, b *Batch) {
	n := telnyxRefusals[b.reason()]
	if n.code == 0 {
		n = native{10015, "Bad Request"}
	}
	out := append(b.parsed.out[:0], `{"errors":[{"code":"`...)
	out = strconv.AppendInt(out, int64(n.code), 10)
	out = append(append(out, `","title":"`...), n.text...)
	out = append(out, `","detail":"`+marker...)
	out = escapeJSON(out, b.why())
	out = append(out, `","meta":{"url":"https://developers.telnyx.com/docs/overview/errors/`...)
	out = append(strconv.AppendInt(out, int64(n.code), 10), `"}}]}`...)
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
	resp.Header.Set("x-should-retry", "false")
}

// telnyxWithdrawn are the codes that are opt-outs. In a receipt 40300 may also be the carrier's own block. Those of WhatsApp
// are Meta's: of 131050 the recipient stopped marketing.
// Sources: https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out and
// https://github.com/team-telnyx/skills/blob/main/skills/telnyx-whatsapp-curl/SKILL.md
var telnyxWithdrawn = map[int]filter.Scope{40300: filter.All, 131050: filter.OfCategory(filter.Marketing)}

// Learn reads the codes of telnyxWithdrawn as opt-outs.
func (telnyx) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if !ok || json.Unmarshal(body, &j) != nil || len(j.Errors) == 0 {
		return 0, nil
	}
	refusal, _ = strconv.Atoi(j.Errors[0].Code) // what is no number is no code
	if scope, ok := telnyxWithdrawn[refusal]; ok {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: scope, Source: "telnyx answer", Note: strconv.Itoa(refusal)})
	}
	return refusal, events
}
