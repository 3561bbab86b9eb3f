package providers

import (
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// infobip speaks Infobip's APIs for SMS and WhatsApp, version 1 of that for Viber, its Messages API, and the sending of a
// PIN. Everything else at its host by which people are reached is refused, as are bodies in XML and bulks that
// are moved to another time.
// Source: https://github.com/api-evangelist/infobip/tree/main/openapi, which are the vendor's specifications
type infobip struct {
	sends []shaped // of infobipShapes
	*keyring
	byHeader
}

var infobipService = known{host: "https://api.infobip.com", channel: filter.SMS, text: infobipText, later: true, withdrawn: infobipWithdrawn,
	enter: "the subscriptions for inbound messages, delivery reports and marketing updates, with a name and a password; header and value: Authorization, with those", make: newInfobip}

// infobipText is the longest text that surely passes, in characters: 25 parts that hold signs beyond GSM 7.
// WhatsApp and Viber have limits of their own.
const infobipText = 25 * 67

// The forms that answers of Infobip have.
const (
	infobipList uint8 = iota // a result for each recipient, under to
	infobipV3                // likewise under destination; its errors have a form of their own
	infobipOne               // the result of the one recipient
	infobipPIN               // nothing of that
)

// infobipSends is a shape without what it is for.
func infobipSends(s shape) *compiled {
	s.service = "Infobip"
	if s.channel == "" {
		s.channel = filter.SMS
	}
	return s.mustCompile()
}

// infobipOtt is for messages of a channel that may fall back to SMS.
func infobipOtt(path string, channel filter.Channel) *compiled {
	return infobipSends(shape{
		sends: []string{path},
		recipients: []reach{
			{at: "messages[].to"},
			{at: "messages[].smsFailover", optional: true, also: &fallback{to: "messages[].to", channel: filter.SMS,
				sender: "messages[].smsFailover.from", text: bounded{"messages[].smsFailover.text", infobipText}}},
		},
		text:        []bounded{{"messages[].content.text", 1000}},
		sender:      []string{"messages[].from"},
		template:    []string{"messages[].content.templateName"},
		kind:        []string{"messages[].label"},
		promotional: []string{"promotional"},
		extra: []string{"messages[].content.templateData", "messages[].content.language", "messages[].content.mediaUrl",
			"messages[].content.fileUrl", "messages[].content.button"},
		channel: channel,
	})
}

// infobipShapes are the sends, of which the first that has a path reads it, and which form their answers have.
// The last tells what any other call is.
var infobipShapes = []struct {
	*compiled
	form uint8
}{
	{infobipSends(shape{
		sends:      []string{"/sms/3/messages"},
		recipients: []reach{{at: "messages[].destinations[].to"}},
		text:       []bounded{{"messages[].content.text", infobipText}},
		sender:     []string{"messages[].sender"},
		when:       []string{"options.schedule.sendAt"},
		extra:      []string{"messages[].content.hex"},
	}), infobipV3},
	{infobipSends(shape{
		sends:      []string{"/sms/2/text/advanced", "/sms/2/binary/advanced", "/sms/1/text/advanced", "/sms/1/binary/advanced"},
		recipients: []reach{{at: "messages[].destinations[].to"}},
		text:       []bounded{{"messages[].text", infobipText}},
		sender:     []string{"messages[].from"},
		when:       []string{"messages[].sendAt"},
		extra:      []string{"messages[].binary"},
	}), infobipList},
	{infobipSends(shape{
		sends:      []string{"/sms/2/text/single", "/sms/1/text/single", "/sms/2/binary/single", "/sms/1/binary/single"},
		recipients: []reach{{at: "to[]"}},
		text:       []bounded{{"text", infobipText}},
		sender:     []string{"from"},
		when:       []string{"sendAt"},
		extra:      []string{"binary"},
		refused:    []string{"messages", "destinations"},
	}), infobipList},
	{infobipSends(shape{
		sends:      []string{"/sms/2/text/multi", "/sms/1/text/multi", "/sms/2/binary/multi", "/sms/1/binary/multi"},
		recipients: []reach{{at: "messages[].to[]"}},
		text:       []bounded{{"messages[].text", infobipText}},
		sender:     []string{"messages[].from"},
		when:       []string{"messages[].sendAt"},
		extra:      []string{"messages[].binary"},
		refused:    []string{"to", "destinations"},
	}), infobipList},
	{infobipSends(shape{
		sends: []string{"/sms/2/text/query", "/sms/1/text/query"},
		form:  true, query: true,
		recipients: []reach{{at: "to[]", split: ","}},
		text:       []bounded{{"text", infobipText}},
		sender:     []string{"from"},
		when:       []string{"sendAt"},
	}), infobipList},
	{infobipSends(shape{
		sends:  []string{"/sms/3/text/query"},
		others: infobipQueries, traces: []string{"query", "sendsms"},
		form: true, query: true,
		recipients: []reach{{at: "to[]", split: ","}},
		text:       []bounded{{"text", infobipText}},
		sender:     []string{"from"},
		when:       []string{"sendAt"},
	}), infobipV3},
	{infobipOtt("/whatsapp/1/message/template", filter.WhatsApp), infobipList},
	{infobipOtt("/viber/1/message/*", filter.Viber), infobipList},
	{infobipSends(shape{
		sends:      []string{"/whatsapp/1/message/*", "/whatsapp/1/message/interactive/*"},
		recipients: []reach{{at: "to"}},
		text:       []bounded{{"content.text", 4096}, {"content.caption", 3000}, {"content.body.text", 1024}},
		sender:     []string{"from"},
		extra: []string{"content.mediaUrl", "content.filename", "content.header", "content.footer", "content.action", "content.contacts",
			"content.latitude", "content.longitude", "content.name", "content.address"},
		refused: []string{"messages", "destinations"},
		channel: filter.WhatsApp,
	}), infobipOne},
	{infobipSends(shape{
		sends:      []string{"/messages-api/1/messages"},
		recipients: []reach{{at: "messages[].destinations[].to"}},
		text:       []bounded{{"messages[].content.body.text", 1000}},
		sender:     []string{"messages[].sender"},
		template:   []string{"messages[].template.templateName"},
		when:       []string{"options.schedule.sendAt"},
		kind:       []string{"messages[].options.trafficType"}, promotional: []string{"promotional"},
		extra: []string{"messages[].content.header", "messages[].content.footer", "messages[].content.buttons", "messages[].content.body.url",
			"messages[].template.language"},
		medium: []string{"messages[].channel"}, media: infobipMedia,
	}), infobipV3},
	{infobipSends(shape{
		sends:      []string{"/2fa/2/pin"},
		recipients: []reach{{at: "to"}},
		template:   []string{"messageId"},
		sender:     []string{"from"},
	}), infobipPIN},
	{infobipSends(shape{
		sends: []string{"/sms/0"}, recipients: []reach{{at: "to"}}, // none
		wide:   []string{"/sms/1/bulks", "/2fa/2/pin/*/resend", "/2fa/2/pin/*/resend/*"},
		others: infobipOthers,
		traces: []string{"/sms/", "/2fa/", "message", "/send", "/advanced", "/single", "/multi", "/text", "/binary", "/omni", "/tts", "/calls", "/voice",
			"/participants", "/push", "/email", "/mms", "/rcs", "/viber", "/campaign", "conversation", "peopleevents", "/people/3/events", "/bulk",
			"/forms/", "/vocalize", "/bots/"},
	}), infobipList},
}

// infobipMedia are the channels of the Messages API on which people have phone numbers. RCS is what else an SMS
// may come by.
var infobipMedia = map[string]filter.Channel{"SMS": filter.SMS, "MMS": filter.SMS, "RCS": filter.SMS, "WHATSAPP": filter.WhatsApp, "VIBER_BM": filter.Viber}

// infobipQueries are calls that ask, and whose paths say so.
var infobipQueries = []string{"/number/1/query", "/mi/number-intelligence/1/query", "/billing/1/usage/query", "/metrics/1/query-aggregate-data",
	"/rcs/2/capability-check/query", "/ai/1/aiassistants/*/query"}

// infobipOthers are calls that send nothing.
var infobipOthers = []string{"/sms/1/preview", "/messages-api/1/messages/validate", "/2fa/2/pin/*/verify", "/2fa/2/applications",
	"/2fa/2/applications/*", "/2fa/2/applications/*/messages", "/2fa/2/applications/*/messages/*", "/email/2/validation", "/email/2/validations",
	"/email/1/suppressions", "/whatsapp/1/senders/*/message/*/read",
	"/messages-api/1/events", "/rcs/1/events", "/whatsapp/1/events", // that somebody types or has read
	"/auth/1/session", "/auth/1/oauth2/token"}

func newInfobip(cfg Config) (Provider, error) {
	p := infobip{keyring: infobipKeyring}
	for _, s := range infobipShapes {
		p.sends = append(p.sends, newShaped(s.compiled, cfg))
	}
	return p, nil
}

// infobipKeyring: a key, the name and the password of a user, or a token that was made of these.
// Source: https://www.infobip.com/docs/essentials/api-essentials/api-authentication
var infobipKeyring = &keyring{
	name:  "Infobip",
	takes: []string{"secret"},
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "App", key: secretKey},
		{in: inQuery, at: "password"}, {in: inQuery, at: "username", public: true},
	},
	gives:  []string{"/auth/", "/settings/", "/api-keys"},
	denial: denial{401, `{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"Invalid login details. {detail}"}}}`},
}

// Parse reads the messages of a request, by its path.
func (p infobip) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	for i, s := range p.sends {
		kind := s.path(path)
		if kind == unknownPath && i+1 < len(p.sends) {
			continue
		}
		b.parsed.form = infobipShapes[i].form
		switch {
		case string(path) == "/sms/1/bulks/status":
			return b.infobipStatus(req)
		case kind != send || s.medium == nil:
			return s.Parse(req, b)
		}
		if err := s.Parse(req, b); err != nil {
			return err
		}
		return s.infobipFailover(req, b)
	}
	return ErrUnknownPath
}

// Rewrite takes out who is blocked and adds the lines, and changes nothing else.
func (infobip) Rewrite(req *fasthttp.Request, b *Batch) error { return b.rewriteSpread(req, nil) }

// infobipStatus reads what is to become of what was scheduled. What goes on after a pause is not seen.
func (b *Batch) infobipStatus(req *fasthttp.Request) error {
	if reads(req.Header.Method()) {
		return ErrNotSend
	}
	h := b.readHead(&req.Header)
	body, err := b.body(req, &h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	nodes, err := scanJSON(body, b.parsed.nodes[:0])
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	d := document{body, nodes}
	if status := d.member(0, "status"); status != 0 && (d.is(status, "CANCELED") || d.is(status, "PAUSED")) {
		return ErrNotSend
	}
	return b.unreadable(0, "who is written to when it goes on cannot be seen here")
}

// infobipFailover adds a message for each other channel that one of the Messages API may go by. They stand where the
// first does: who may not be written to by one of the channels is written to by none.
func (s shaped) infobipFailover(req *fasthttp.Request, b *Batch) error {
	d := document{b.source(req, nil), b.parsed.nodes}
	of, _ := b.parsed.spread.elements()
	element := -1
	for m := d.child(d.member(0, "messages")); m != 0; m = int(d.nodes[m].next) {
		element++
		near := d.nearly(m, []string{"failover"})
		for to := d.child(d.member(m, "destinations")); to != 0; to = int(d.nodes[to].next) {
			if d.any(to, []string{"byChannel"}) || d.nearly(to, []string{"byChannel"}) {
				return b.unreadable(0, "a destination has an address for each channel, which is not read here")
			}
		}
		list := d.member(m, "failover")
		if near || list != 0 && d.nodes[list].kind != '[' && d.nodes[list].kind != 'n' {
			return b.unreadable(0, "failover is no list, or differs from it by letter case alone")
		}
		at := slices.Index(of, element)
		if at < 0 || list == 0 || d.child(list) == 0 {
			continue
		}
		n := at
		for n < len(of) && of[n] == element {
			n++
		}
		if err := s.infobipWays(d, list, b, at, n); err != nil {
			return err
		}
	}
	return nil
}

// infobipWays adds the messages of a failover for messages at up to n, which all go by one channel.
func (s shaped) infobipWays(d document, list int, b *Batch, at, n int) error {
	starts := map[filter.Channel]int{b.Messages[at].To.Channel: at} // where the first messages by each begin
	for other := d.child(list); other != 0; other = int(d.nodes[other].next) {
		o, wording, err := s.infobipOther(d, other, b)
		if err != nil {
			return err
		}
		start, tried := starts[o.To.Channel]
		if !tried {
			starts[o.To.Channel] = len(b.Messages)
		}
		for i := at; i < n; i++ {
			if len(b.Messages) == maxRecipients {
				return b.unreadable(0, "it has more recipients than a request to Infobip may have")
			}
			b.beside(i, o.To.Channel, wording)
			last := &b.Messages[len(b.Messages)-1]
			if last.From, last.Template = o.From, o.Template; o.Template != "" {
				last.Room = 0
			}
			if tried {
				last.Instead = 1 + start + i - at
			}
		}
	}
	return nil
}

// infobipOther is what an entry of a failover has of its own: its channel, sender, template and wording.
func (s shaped) infobipOther(d document, other int, b *Batch) (m filter.Message, wording int32, err error) {
	medium, sender := d.member(other, "channel"), d.member(other, "sender")
	wording = -1
	channel, ok := infobipMedia[string(d.raw(medium))]
	switch {
	case medium == 0 || !ok:
		return m, wording, b.unreadable(0, "it goes by a channel that this gate does not know of Infobip")
	case d.nearly(other, []string{"channel", "sender", "template", "content"}):
		return m, wording, b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
	case sender != 0 && d.nodes[sender].kind == '"':
		r := shapeReader{shaped: s, b: b}
		m.From = r.abroad(b.parsed.unquoted(d, sender))
	}
	m.To.Channel = channel
	if name := d.within(other, "template", "templateName"); name != 0 && d.nodes[name].kind == '"' {
		m.Template = b.parsed.unquoted(d, name)
	}
	if text := d.within(other, "content", "body", "text"); text != 0 && d.nodes[text].kind == '"' {
		wording = b.parsed.spread.word(wordingOf(text, b.parsed.unquoted(d, text), 1000, inBody, int(d.nodes[text].end)))
	}
	return m, wording, nil
}
