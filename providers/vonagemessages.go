package providers

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// vonageMessages speaks version 1 of Vonage's Messages API. A message may have others that are sent where it fails,
// on other channels or to other people: each is a message of its own, and the blocked ones among them are taken out.
// Where the first is blocked they are not sent in its stead: that would be another message than was written, by what
// was meant as the last resort.
//
// The older forms (v0.1/messages, dispatch) and conversations are refused. Verification is none of its paths.
// Source: https://developer.vonage.com/en/api/messages
type vonageMessages struct {
	shaped
	*keyring
	quiet
}

var vonageMessagesService = known{host: "https://api.nexmo.com", channel: filter.SMS, text: vonageMessagesText,
	withdrawn: vonageMessagesWithdrawn, busy: []int{vonageMessagesThrottled}, make: newVonageMessages,
	enter: "the inbound and status URLs of the application; secrets: the signature secret of the account"}

// The longest texts, in characters: of any channel, below a file, and of an SMS.
const (
	vonageMessagesText    = 1000
	vonageMessagesLongest = 4096
	vonageMessagesCaption = 1000
)

// vonageMessagesMost are the longest texts of channels.
var vonageMessagesMost = map[string]int{"sms": vonageMessagesText, "mms": vonageMessagesText, "viber_service": 1000, "messenger": 640, "rcs": 3072,
	"whatsapp": vonageMessagesLongest}

// vonageMessagesTexts are the texts of a message, and vonageMessagesExtra what else is seen of it.
var vonageMessagesTexts = []bounded{{"text", vonageMessagesLongest}, {"image.caption", vonageMessagesCaption}, {"video.caption", vonageMessagesCaption},
	{"file.caption", vonageMessagesCaption}, {"audio.caption", vonageMessagesCaption}, {"content[].caption", vonageMessagesCaption},
	{"card.text", vonageMessagesCaption}, {"carousel.cards[].text", vonageMessagesCaption}}

var vonageMessagesExtra = []string{"image.url", "video.url", "file.url", "audio.url", "vcard", "content", "card.title", "card.media_url", "carousel.cards",
	"template", "custom", "sticker", "reaction", "suggestions", "whatsapp", "viber_service", "messenger"}

var vonageMessagesShape = (&shape{
	service:    "Vonage",
	sends:      []string{"/v1/messages"},
	others:     []string{"/v1/messages/*"}, // what was sent is revoked, or marked as read
	traces:     []string{"messages", "dispatch", "conversations", "/bulk"},
	recipients: []reach{{at: "to"}, {at: "failover[].to", spare: true}},
	text:       withFailover(vonageMessagesTexts),
	sender:     []string{"failover[].from", "from"},
	template:   []string{"failover[].template.name", "template.name"},
	medium:     []string{"failover[].channel", "channel"},
	media: map[string]filter.Channel{"sms": filter.SMS, "mms": filter.SMS, "rcs": filter.SMS, "whatsapp": filter.WhatsApp,
		"messenger": filter.Messenger, "viber_service": filter.Viber},
	ids:     map[filter.Channel]bool{filter.Messenger: true},
	extra:   append(below("failover[].", vonageMessagesExtra), vonageMessagesExtra...),
	own:     []string{"message_type"},
	channel: filter.SMS,
}).mustCompile()

// withFailover are texts of a message and of those in its failover.
func withFailover(texts []bounded) (all []bounded) {
	for _, t := range texts {
		all = append(all, bounded{"failover[]." + t.at, t.most})
	}
	return append(all, texts...)
}

// below are expressions behind another.
func below(prefix string, expressions []string) (all []string) {
	for _, e := range expressions {
		all = append(all, prefix+e)
	}
	return all
}

func newVonageMessages(cfg Config) (Provider, error) {
	return vonageMessages{newShaped(vonageMessagesShape, cfg), vonageMessagesKeyring, quiet{}}, nil
}

// vonageMessagesKeyring: https://developer.vonage.com/en/messages/technical-details. The API takes the key of an account as it
// does the token of an application.
var vonageMessagesKeyring = &keyring{
	name:  "Vonage",
	takes: []string{"account", "secret"},
	holes: []keyhole{{in: inHeader, at: "authorization", scheme: "Basic", key: pairKey}},
	gives: []string{"/secret", "/subaccounts", "/applications"},
	denial: denial{401, `{"type":"https://developer.vonage.com/api-errors#unauthorized","title":"Unauthorized",` +
		`"detail":"You did not provide correct credentials. {detail}","instance":"sendgate"}`},
}

// Parse reads the message and those in its failover.
func (v vonageMessages) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	if v.path(path) == notSend && string(req.Header.Method()) != "PATCH" && !reads(req.Header.Method()) {
		return b.unreadable(0, "a call about a message that was sent is a PATCH")
	}
	if err := v.shaped.Parse(req, b); err != nil {
		return err
	}
	d := document{b.source(req, nil), b.parsed.nodes}
	if to := d.member(0, "to"); to == 0 || d.nodes[to].kind == 'n' {
		return b.unreadable(errMissing, "the request names no recipient")
	}
	if err := b.vonageMessage(d, 0, 0); err != nil {
		return err
	}
	if list := d.member(0, "failover"); list != 0 {
		n := 1
		for i := d.child(list); i != 0; i = int(d.nodes[i].next) {
			if d.member(i, "failover") != 0 || d.nearly(i, []string{"failover"}) {
				return b.unreadable(0, "a message in a failover has one of its own")
			}
			if err := b.vonageMessage(d, i, n); err != nil {
				return err
			}
			b.instead(n)
			n++
		}
	}
	return nil
}

// vonageMessage completes message n of b, which is the object i.
func (b *Batch) vonageMessage(d document, i, n int) error {
	m, at := &b.Messages[n], &b.parsed.spread.at[n]
	kind := d.member(i, "message_type")
	if text := d.member(i, "text"); text != 0 && d.nodes[text].kind == '"' && kind != 0 && !d.is(kind, "text") {
		return b.unreadable(0, "a message that is no text has one beside what it is")
	}
	channel := ""
	if i := d.member(i, "channel"); i != 0 {
		channel = b.parsed.unquoted(d, i)
	}
	if category := d.within(i, channel, "category"); category != 0 {
		m.MarketingOnly = strings.HasPrefix(strings.ToLower(b.parsed.unquoted(d, category)), "promotion")
	}
	if custom := d.member(i, "custom"); custom != 0 && d.nodes[custom].kind == '{' {
		if d.any(custom, []string{"to", "recipient"}) || d.nearly(custom, []string{"to", "recipient"}) {
			return b.unreadable(0, "a custom message names a recipient of its own")
		}
		b.vonageCustom(d, custom, m)
	}
	if at.wording >= 0 {
		w := &b.parsed.spread.wordings[at.wording]
		most, ok := vonageMessagesMost[channel]
		if !ok {
			most = 640 // the least that any channel has
		}
		w.room = min(w.room, max(0, most-utf8.RuneCountInString(w.text)))
		if m.Template == "" {
			m.Room = w.room
		}
	}
	return nil
}

// vonageCustom reads what a custom message says: a template, or a text, which nothing is added to.
func (b *Batch) vonageCustom(d document, custom int, m *filter.Message) {
	if i := d.within(custom, "template", "name"); i != 0 && m.Template == "" {
		m.Template = b.parsed.unquoted(d, i)
	}
	for _, i := range [...]int{d.within(custom, "interactive", "body", "text"), d.within(custom, "text", "body"), d.within(custom, "contentMessage", "text")} {
		if i != 0 && d.nodes[i].kind == '"' && m.Text == "" {
			m.Text = b.parsed.unquoted(d, i)
		}
	}
}

// Codes of Vonage's errors. Of these, 1240 says that the person sent STOP.
// Source: https://github.com/Nexmo/nexmo-developer/blob/master/_open_api/errors/messages-olympus.md
const (
	vonageMessagesThrottled = 1000
	vonageMessagesStopped   = 1240
)

// vonageMessagesRefusals are Vonage's codes by our reasons.
var vonageMessagesRefusals = [filter.Reasons]native{
	filter.Unreadable:     {1020, "Invalid params"},
	filter.Content:        {1020, "Invalid params"},
	filter.BadAddress:     {1170, "Invalid or Missing Msisdn Param"},
	filter.HasOptedOut:    {vonageMessagesStopped, "Illegal Number"},
	filter.NoConsent:      {vonageMessagesStopped, "Illegal Number"},
	filter.ConsentExpired: {vonageMessagesStopped, "Illegal Number"},
}

// Refuse answers 422 with Vonage's problem, in the form of RFC 7807. The service itself takes a message to somebody
// who sent STOP, and tells of it by a webhook.
// Source: https://developer.vonage.com/en/opt-out-assist/guides/messaging-opted-out-numbers
func (vonageMessages) Refuse(resp *fasthttp.Response, b *Batch) {
	n := vonageMessagesRefusals[b.reason()]
	switch {
	case b.parsed.code == errMissing:
		n = native{1010, "Missing params"}
	case n.code == 0:
		n = native{1040, "Invalid message"}
	}
	out := append(b.parsed.out[:0], `{"type":"https://developer.vonage.com/api-errors/messages#`...)
	out = append(strconv.AppendInt(out, int64(n.code), 10), `","title":"`...)
	out = append(append(out, n.text...), `","detail":"`+marker...)
	out = append(escapeJSON(out, b.why()), `","instance":"sendgate"}`...)
	b.refuse(resp, fasthttp.StatusUnprocessableEntity, "application/json", out)
}

// vonageMessagesWithdrawn are the codes of refusals, also later, that are opt-outs.
var vonageMessagesWithdrawn = map[int]filter.Scope{vonageMessagesStopped: filter.All}

// Learn reads the code of a refusal, and 1240 as an opt-out.
func (vonageMessages) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j struct {
		Type string `json:"type"`
	}
	if !ok || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	_, code, _ := strings.Cut(j.Type, "#")
	refusal, _ = strconv.Atoi(code) // what is no number is no code
	if scope, ok := vonageMessagesWithdrawn[refusal]; ok {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: scope, Source: "vonage-messages answer", Note: code})
	}
	return refusal, events
}

// Compose writes a text from the number or page that somebody wrote to.
func (vonageMessages) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	word := string(o.To.Channel)
	switch o.To.Channel {
	case filter.SMS, filter.WhatsApp, filter.Messenger:
	case filter.Viber:
		word = "viber_service"
	default:
		return fmt.Errorf("no channel %s is known of Vonage's", o.To.Channel)
	}
	if o.From == "" {
		return errors.New("nobody is named that the message could come from")
	}
	body := append([]byte(`{"message_type":"text","channel":"`), word...)
	body = append(escapeJSON(append(body, `","from":"`...), strings.TrimPrefix(o.From, "+")), `","to":"`...)
	body = append(escapeJSON(body, strings.TrimPrefix(o.To.Address, "+")), `","text":"`...)
	posting(req, "/v1/messages", "application/json", append(escapeJSON(body, o.Text), `"}`...))
	basic(req, c.Account, c.Secret)
	return nil
}

// Cancel has nothing to cancel.
func (vonageMessages) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id.
func (vonageMessages) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var j struct {
		ID string `json:"message_uuid"`
	}
	body, ok := answer(resp)
	if resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &j) != nil {
		return "", false
	}
	return j.ID, false
}
