package providers

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// cm speaks CM.com's Business Messaging API in JSON, in which the case of keys means nothing. A message is one by each
// of its allowedChannels, since CM takes the next where one does not deliver. Where it names none CM takes those that
// the account has, which cannot be seen here: it is refused, or read as an SMS on a route with `unseen: pass`. Refused
// are also the gateway for XML and GET, and messages whose ways an app of the account knows.
// Sources: https://developers.cm.com/messaging/docs/shared-features and
// https://developers.cm.com/messaging/docs/xml-protocol
type cm struct {
	shaped
	*keyring
	byHeader
}

var cmService = known{host: "https://gw.messaging.cm.com", channel: filter.SMS, text: cmText, make: newCM,
	enter: "the addresses for messages and status reports, in JSON, of each channel; header: Authorization, of a name and a password in them"}

// cmText is the longest text CM takes, in characters of GSM 7: eight parts.
const cmText = 8 * 153

var cmShape = (&shape{
	service:    "CM.com",
	sends:      []string{"/v1.0/message"},
	traces:     []string{"message", "gateway", "hybrid"},
	query:      true, // of the gateway, which is not read
	folds:      true,
	recipients: []reach{{at: "messages.msg[].to[].number"}},
	text:       []bounded{{"messages.msg[].body.content", cmText}},
	sender:     []string{"messages.msg[].from"},
	channel:    filter.SMS,
	zeros:      true,
}).mustCompile()

func newCM(cfg Config) (Provider, error) {
	return cm{newShaped(cmShape, cfg), cmKeyring, byHeader{}}, nil
}

// cmKeyring: the token stands in the body or in a header.
// Source: https://developers.cm.com/messaging/docs/integration
var cmKeyring = &keyring{
	name:  "CM.com",
	takes: []string{"secret"},
	holes: []keyhole{
		{in: inHeader, at: "x-cm-producttoken", key: secretKey},
		{in: inBody, at: "messages.authentication.productToken", key: secretKey},
		{in: inBody, at: "messages.authentication.producttoken", key: secretKey},
		{in: inQuery, at: "producttoken"},
	},
	denial: denial{400, `{"details":"{detail}","errorCode":103,"messages":[]}`},
}

// cmChannels are the channels on which people have phone numbers, in lower case. RCS is what else an SMS may come by.
var cmChannels = [...]cmChannel{{"sms", filter.SMS}, {"rcs", filter.SMS}, {"whatsapp", filter.WhatsApp}, {"viber", filter.Viber}}

type cmChannel struct {
	word    string
	channel filter.Channel
}

// A cmWay is a channel, and where the text stands that it takes.
type cmWay struct {
	channel filter.Channel
	wording int32
}

// Parse reads the messages, by each of their channels.
func (c cm) Parse(req *fasthttp.Request, b *Batch) error {
	if err := c.shaped.Parse(req, b); err != nil {
		return err
	}
	r := shapeReader{shaped: c.shaped, b: b, d: document{b.parsed.out, b.parsed.nodes}}
	for at, m := 0, r.d.child(r.d.within(0, "messages", "msg")); m != 0; m = int(r.d.nodes[m].next) {
		n := at
		for to := r.d.child(r.d.within(m, "to")); to != 0; to = int(r.d.nodes[to].next) {
			n++ // each has a number, or the request was refused
		}
		b.cmRoom(r.d, m, b.Messages[at:n], b.parsed.spread.at[at].wording)
		if err := r.cmWays(m, at, n); err != nil {
			return err
		}
		at = n
	}
	if len(b.Messages) > maxRecipients {
		return b.unreadable(0, "it has more recipients than a request to CM.com may have")
	}
	return nil
}

// cmRoom is how much room the text of an SMS, node m, has in as many parts as it may have, or in one.
// Source: https://developers.cm.com/messaging/docs/multipart
func (b *Batch) cmRoom(d document, m int, all []filter.Message, wording int32) {
	if wording < 0 {
		return
	}
	parts := 1
	if most := d.member(m, "maximumnumberofmessageparts"); most != 0 {
		parts, _ = strconv.Atoi(string(d.raw(most))) // what is no number leaves no room
	}
	w, one, more := &b.parsed.spread.wordings[wording], 160, 153
	if strings.ContainsFunc(w.text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		one, more = 70, 67
	}
	if parts = min(parts, 8); parts > 1 {
		one = parts * more
	}
	w.room = min(w.room, max(0, min(parts, 1)*one-utf8.RuneCountInString(w.text)))
	for i := range all {
		all[i].Room = w.room
	}
}

// cmWays makes of messages at up to n, which are those of node m, one by each channel.
func (r *shapeReader) cmWays(m, at, n int) error {
	b, d := r.b, r.d
	if d.any(m, []string{"hybridappkey", "appkey"}) {
		return b.unreadable(0, "what an app of the account does with it cannot be seen here")
	}
	list := d.member(m, "allowedchannels")
	if list == 0 || d.child(list) == 0 {
		if d.nodes[list].kind == '"' || !r.unseen {
			return b.unreadable(0, "it does not list in allowedChannels what it goes by, as in [\"SMS\"]: `unseen: pass` on the route has it read as an SMS")
		}
		return nil
	}
	conversation := d.within(m, "richcontent", "conversation")
	plain := b.parsed.spread.at[at].wording
	var ways [len(cmChannels)]cmWay
	var starts [len(cmChannels)]int // where the messages by each begin
	known := ways[:0]
	for each := d.child(list); each != 0; each = int(d.nodes[each].next) {
		way := slices.IndexFunc(cmChannels[:], func(c cmChannel) bool { return d.nodes[each].kind == '"' && fold(d.raw(each), c.word) })
		if way < 0 {
			return b.unreadable(0, "it goes by a channel that this gate does not know of CM.com")
		}
		next, rich := cmWay{cmChannels[way].channel, plain}, conversation != 0 && way > 0
		if rich {
			r.rest.wording = -1
			if _, err := r.listed(&locatedText{most: 1000, below: "text"}, conversation); err != nil {
				return err
			}
			next.wording = r.rest.wording
		}
		template, extra := r.cmRich(next.channel, conversation, rich)
		if slices.Contains(known, next) {
			continue
		}
		same := slices.IndexFunc(known, func(w cmWay) bool { return w.channel == next.channel })
		starts[len(known)] = at
		if len(known) > 0 {
			starts[len(known)] = len(b.Messages)
		}
		for i := at; i < n; i++ {
			to := i
			if len(known) > 0 {
				to = len(b.Messages)
				b.beside(i, next.channel, next.wording)
			}
			if r.cmWay(to, next, template, extra); same >= 0 {
				b.Messages[to].Instead = 1 + starts[same] + i - at
			}
		}
		known = append(known, next)
	}
	return nil
}

// cmRich is the template in a conversation, and what else is seen of it, if a channel takes it.
func (r *shapeReader) cmRich(channel filter.Channel, conversation int, rich bool) (template, extra string) {
	if !rich {
		return "", ""
	}
	for part := r.d.child(conversation); part != 0; part = int(r.d.nodes[part].next) {
		name := r.d.within(part, "template", "whatsapp", "element_name")
		if name != 0 && channel == filter.WhatsApp && template == "" {
			template = r.b.parsed.unquoted(r.d, name)
		}
	}
	if r.b.Extras {
		start := len(r.b.parsed.text)
		r.b.parsed.text = r.beside(r.b.parsed.text, conversation, "text")
		extra = r.b.parsed.keep(start)
	}
	return template, extra
}

// cmWay has message i go a way.
func (r *shapeReader) cmWay(i int, way cmWay, template, extra string) {
	m := &r.b.Messages[i]
	r.b.parsed.spread.at[i].wording = way.wording
	m.To.Channel, m.Text, m.Room, m.Template, m.Extra = way.channel, "", 0, template, extra
	if way.wording < 0 {
		return
	}
	w := &r.b.parsed.spread.wordings[way.wording]
	if m.Text = w.text; template == "" {
		m.Room = w.room
	}
}

// cmRefusals are CM's codes by our reasons.
// Source: https://developers.cm.com/messaging/docs/responses-errors-json
var cmRefusals = [filter.Reasons]native{
	filter.BadAddress:     {303, ""},
	filter.HasOptedOut:    {402, ""},
	filter.NoConsent:      {402, ""},
	filter.ConsentExpired: {402, ""},
}

// cmResults appends what became of those who were blocked.
func (b *Batch) cmResults(out []byte) []byte {
	first := true
	for i := range b.Decisions {
		reason, ok := b.blocked(i)
		if !ok {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		code := cmRefusals[reason].code
		if code == 0 {
			code = 403
		}
		out = escapeJSON(append(out, `{"to":"`...), b.parsed.spread.at[i].written)
		out = append(out, `","status":"Rejected","reference":null,"parts":0,"messageDetails":"`+marker...)
		out = append(escapeJSON(out, reason.Text()), `","messageErrorCode":`...)
		out = append(strconv.AppendInt(out, int64(code), 10), '}')
	}
	return out
}

// Refuse answers 400, as CM does where it takes no message of a request.
// Source: https://developers.cm.com/messaging/docs/responses-errors-json
func (cm) Refuse(resp *fasthttp.Response, b *Batch) {
	out := b.parsed.out[:0]
	if b.Fault != "" {
		out = append(escapeJSON(append(out, `{"details":"`+marker...), b.why()), `","errorCode":202,"messages":[]}`...)
	} else {
		out = append(b.cmResults(append(out, `{"details":"Created 0 message(s)","errorCode":201,"messages":[`...)), "]}"...)
	}
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
}

// Learn reads the code by which the one message was rejected, or that of the request. Who is blacklisted may be so by
// the will of the business.
func (cm) Learn(resp *fasthttp.Response, _ *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j struct {
		Code     int `json:"errorCode"`
		Messages []struct {
			Code int `json:"messageErrorCode"`
		} `json:"messages"`
	}
	if !ok || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	if len(j.Messages) == 1 && j.Messages[0].Code != 0 {
		return j.Messages[0].Code, nil
	}
	return j.Code, nil
}

// Merge adds those who were left out to messages, as CM does for those whom it rejects itself.
func (cm) Merge(resp *fasthttp.Response, b *Batch) error {
	return b.merge(resp, func(d document) ([]edit, error) {
		list, code := d.member(0, "messages"), d.member(0, "errorCode")
		if list == 0 || d.nodes[list].kind != '[' || code == 0 {
			return nil, errUnlike
		}
		var out []byte
		if d.child(list) != 0 {
			out = append(out, ',')
		}
		at := int(d.nodes[list].end) - 1
		edits := []edit{{start: at, end: at, text: b.cmResults(out)}}
		if string(d.raw(code)) == "0" {
			edits = append(edits, edit{start: int(d.nodes[code].start), end: int(d.nodes[code].end), text: []byte("201")})
		}
		return edits, nil
	})
}
