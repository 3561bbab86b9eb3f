package providers

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// awsPinpoint speaks version 1 of Amazon Pinpoint's API, of which the sends by SMS, voice and one-time codes stayed when
// campaigns ended in 2026. Addresses are seen; endpoints, users, segments and the tokens of apps are known to the
// service alone. An event that an app tells of may start a journey, and passes.
// Source: https://github.com/aws/api-models-aws/blob/main/models/pinpoint/service/2016-12-01/pinpoint-2016-12-01.json
type awsPinpoint struct {
	awsDoor
	awsNotifier
	shaped
	codes shaped
}

var awsPinpointService = known{host: "https://pinpoint.us-east-1.amazonaws.com", channel: filter.SMS, text: awsPinpointText, pooled: pooledByID, regional: isRegional, make: newAWSPinpoint,
	enter: "an HTTPS subscription, without raw delivery, to the topic of Amazon SNS that is the two-way SMS of the number; topics: its ARN"}

// awsPinpointText is the longest SMS that the service takes, in characters.
const awsPinpointText = 1600

var (
	awsPinpointShape = (&shape{
		service: "Pinpoint",
		sends:   []string{"/v1/apps/*/messages"},
		wide: []string{"/v1/apps/*/users-messages", "/v1/apps/*/campaigns", "/v1/apps/*/campaigns/*", "/v1/apps/*/journeys",
			"/v1/apps/*/journeys/*", "/v1/apps/*/journeys/*/state"},
		others: []string{"/v1/apps/*/endpoints", "/v1/apps/*/endpoints/*", "/v1/apps/*/endpoints/*/inappmessages", "/v1/apps/*/events",
			"/v1/apps/*/users/*", "/v1/apps/*/verify-otp", "/v1/phone/number/validate", "/v1/templates/*/sms", "/v1/templates/*/email", "/v1/templates/*/voice"},
		traces:     []string{"message", "otp", "campaign", "journey"},
		recipients: []reach{{at: "Addresses{}"}},
		most:       100, // https://docs.aws.amazon.com/pinpoint/latest/developerguide/quotas.html
		unseen:     []string{"Endpoints", "Users"},
		refused:    []string{"MessageRequest"}, // which is the name of the body
		channel:    filter.SMS,
	}).mustCompile()
	awsPinpointCodes = (&shape{
		service:    "Pinpoint",
		sends:      []string{"/v1/apps/*/otp"},
		recipients: []reach{{at: "DestinationIdentity"}},
		sender:     []string{"OriginationIdentity"},
		template:   []string{"TemplateId"},
		medium:     []string{"Channel"},
		media:      map[string]filter.Channel{"SMS": filter.SMS},
		extra:      []string{"BrandName", "ReferenceId"},
		channel:    filter.SMS,
	}).mustCompile()
)

func newAWSPinpoint(cfg Config) (Provider, error) {
	return awsPinpoint{awsDoor{service: "mobiletargeting", speech: awsREST}, awsNotifier{}, newShaped(awsPinpointShape, cfg), newShaped(awsPinpointCodes, cfg)}, nil
}

// Parse reads the messages of a call, which have their content in common but for what an address overrides.
func (p awsPinpoint) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	if p.codes.path(path) == send {
		return p.codes.Parse(req, b)
	}
	if err := p.shaped.Parse(req, b); err != nil || len(b.Messages) == 0 {
		return err
	}
	body := req.Body()
	if b.parsed.gzipped {
		body = b.parsed.plain
	}
	r := awsPinpointReader{b: b, d: document{body, b.parsed.nodes}}
	apps := false
	i := 0
	for at := r.d.child(r.d.member(0, "Addresses")); at != 0; at = int(r.d.nodes[at].next) {
		if r.address(i, at) {
			i++
			continue
		}
		apps = true
		b.Messages, b.parsed.spread.at = slices.Delete(b.Messages, i, i+1), slices.Delete(b.parsed.spread.at, i, i+1)
	}
	switch {
	case r.fault != "":
		return b.unreadable(0, "%s", r.fault)
	case apps && !p.unseen:
		return b.unreadable(0, "%w", errUnseen)
	case len(b.Messages) == 0:
		return ErrUnseen
	}
	return nil
}

// A awsPinpointReader reads what is to be sent to addresses.
type awsPinpointReader struct {
	b     *Batch
	d     document
	fault string // what is wrong with the request
}

// An awsPinpointPart is where the content of a channel stands: its text, of so many characters, and its sender.
type awsPinpointPart struct {
	channel           filter.Channel
	template, message string
	texts             []awsPinpointPlace
	from              []string
}

// An awsPinpointPlace is where a text may stand in a message, and how many characters it may have.
type awsPinpointPlace struct {
	path []string
	most int
}

// awsPinpointParts are the channels on which people are known by their addresses.
var awsPinpointParts = map[string]awsPinpointPart{
	"SMS":   {filter.SMS, "SMSTemplate", "SMSMessage", []awsPinpointPlace{{[]string{"Body"}, awsPinpointText}}, []string{"OriginationNumber", "SenderId"}},
	"VOICE": {filter.SMS, "VoiceTemplate", "VoiceMessage", []awsPinpointPlace{{[]string{"Body"}, 0}}, []string{"OriginationNumber"}},
	"EMAIL": {filter.Email, "EmailTemplate", "EmailMessage", []awsPinpointPlace{{[]string{"SimpleEmail", "HtmlPart", "Data"}, 0}, {[]string{"SimpleEmail", "TextPart", "Data"}, 5 << 20}, {[]string{"Body"}, 0}}, []string{"FromAddress"}},
}

// address completes message i, whose address is member at, and reports whether it goes to somebody who can be seen.
func (r *awsPinpointReader) address(i, at int) bool {
	part, known := awsPinpointParts[strings.ToUpper(r.text(r.member(at, "ChannelType")))]
	if !known {
		return false
	}
	m, where := &r.b.Messages[i], &r.b.parsed.spread.at[i]
	configuration := r.root("MessageConfiguration")
	message := r.member(configuration, part.message)
	if m.To.Channel = part.channel; part.channel == filter.Email {
		m.To.Address, _ = mailbox(where.written, "")
	}
	m.Template = r.text(r.member(r.member(r.root("TemplateConfiguration"), part.template), "Name"))
	if r.member(message, "RawEmail") != 0 {
		r.fault = "an e-mail that is written in MIME is not read"
	}
	for _, name := range part.from {
		if m.From == "" {
			m.From = r.text(r.member(message, name))
		}
	}
	m.MarketingOnly = strings.EqualFold(r.text(r.member(message, "MessageType")), "promotional")
	node, most := r.member(at, "BodyOverride"), 0
	if part.message == "SMSMessage" {
		most = awsPinpointText
	}
	for n := 0; r.text(node) == "" && n < len(part.texts); n++ {
		node, most = message, part.texts[n].most
		for _, name := range part.texts[n].path {
			node = r.member(node, name)
		}
	}
	if r.text(node) == "" {
		node, most = r.member(r.member(configuration, "DefaultMessage"), "Body"), 0
	}
	if text := r.text(node); text != "" {
		w := wordingOf(node, text, most, inBody, int(r.d.nodes[node].end))
		where.wording = r.b.parsed.spread.word(w)
		if m.Text = text; m.Template == "" {
			m.Room = w.room
		}
	}
	if r.b.Extras {
		m.Extra = r.extra(at, message)
	}
	return true
}

// extra is what else an address would see.
func (r *awsPinpointReader) extra(at, message int) (all string) {
	for _, name := range []string{"Substitutions", "TitleOverride", "RawContent"} {
		if node := r.member(at, name); node != 0 {
			all += string(r.d.raw(node)) + "\n"
		}
	}
	return all + r.text(r.member(message, "MediaUrl"))
}

// member finds the member of object called name, or 0; 0 is no object.
func (r *awsPinpointReader) member(object int, name string) int {
	if object == 0 || r.d.nodes[object].kind != '{' {
		return 0
	}
	return r.named(object, name)
}

// root finds the member of the body called name, or 0.
func (r *awsPinpointReader) root(name string) int { return r.named(0, name) }

// named finds the member of object called name. A key that is nearly that is a fault.
func (r *awsPinpointReader) named(object int, name string) int {
	var buf [64]byte
	for i := r.d.first(object); i != 0; i = int(r.d.nodes[i].next) {
		if key := r.d.key(i, buf[:0]); string(key) != name && len(key) == len(name) && bytes.EqualFold(key, []byte(name)) {
			r.fault = "a key of the JSON body differs from a known one by letter case alone"
		}
	}
	return r.d.member(object, name)
}

// text is the text at node; empty for none.
func (r *awsPinpointReader) text(node int) string {
	switch {
	case node == 0 || r.d.nodes[node].kind == 'n':
		return ""
	case r.d.nodes[node].kind != '"':
		r.fault = "what should be text is a list or an object"
		return ""
	}
	return r.b.parsed.unquoted(r.d, node)
}

// awsPinpointResult appends what became of message i, which was blocked, as a member of the results.
func (b *Batch) awsPinpointResult(out []byte, i int) []byte {
	status := "PERMANENT_FAILURE"
	reason := b.reason()
	if i < len(b.Decisions) && b.Fault == "" {
		reason = b.Decisions[i].Reason
	}
	switch reason {
	case filter.HasOptedOut, filter.NoConsent, filter.ConsentExpired:
		status = "OPT_OUT"
	}
	out = append(escapeJSON(append(out, '"'), b.parsed.spread.at[i].written), `":{"DeliveryStatus":"`...)
	out = append(append(out, status...), `","StatusCode":400,"StatusMessage":"`+marker...)
	return append(escapeJSON(out, reason.Text()), `"}`...)
}

// Refuse answers 200 with a result for each address, as Pinpoint does where it sends nothing to somebody; and 400 to what
// cannot be read.
// Source: https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-messages.html
func (p awsPinpoint) Refuse(resp *fasthttp.Response, b *Batch) {
	if b.Fault != "" || len(b.parsed.spread.at) != len(b.Decisions) {
		p.fault(resp, fasthttp.StatusBadRequest, "BadRequestException", marker+b.why(), "")
		return
	}
	out := append(b.parsed.out[:0], `{"Result":{`...)
	for i := range b.Decisions {
		if i > 0 {
			out = append(out, ',')
		}
		out = b.awsPinpointResult(out, i)
	}
	b.refuse(resp, fasthttp.StatusOK, "application/json", append(out, "}}"...))
}

// Merge adds a result for each address that was left out.
func (awsPinpoint) Merge(resp *fasthttp.Response, b *Batch) error {
	return b.merge(resp, func(d document) ([]edit, error) {
		result := d.member(0, "Result")
		if result == 0 || d.nodes[result].kind != '{' {
			return nil, errUnlike
		}
		var out []byte
		for i := range b.Decisions {
			if b.Decisions[i].Action != filter.Block {
				continue
			}
			if len(out) > 0 || d.child(result) != 0 {
				out = append(out, ',')
			}
			out = b.awsPinpointResult(out, i)
		}
		at := int(d.nodes[result].end) - 1
		return []edit{{start: at, end: at, text: out}}, nil
	})
}

// awsPinpointDeclined are the results of what Pinpoint did not send.
// Source: https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-messages.html
var awsPinpointDeclined = []string{"OPT_OUT", "PERMANENT_FAILURE", "TEMPORARY_FAILURE", "THROTTLED"}

// Learn reads who opted out from the results, and whether nothing was sent.
// Source: https://github.com/department-of-veterans-affairs/notification-api/issues/1319
func (awsPinpoint) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := answer(resp)
	var j struct {
		Result map[string]struct{ DeliveryStatus, StatusMessage string }
	}
	if !ok || len(b.parsed.spread.at) != len(b.Messages) || resp.StatusCode() != fasthttp.StatusOK || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	taken := len(j.Result) == 0
	for _, r := range j.Result {
		taken = taken || !slices.Contains(awsPinpointDeclined, r.DeliveryStatus)
	}
	if !taken {
		refusal = Declined
	}
	for i := range b.Messages {
		r, to := j.Result[b.parsed.spread.at[i].written], b.Messages[i].To
		if to.Address != "" && (r.DeliveryStatus == "OPT_OUT" || strings.Contains(r.StatusMessage, "opted out")) {
			events = append(events, filter.Event{Kind: filter.OptedOut, Scope: filter.All, Source: "aws-pinpoint answer", Note: "OPT_OUT",
				To: filter.Recipient{Channel: to.Channel, Address: strings.Clone(to.Address)}})
		}
	}
	return refusal, events
}
