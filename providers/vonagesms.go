package providers

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// vonageSMS speaks Vonage's SMS API, which was Nexmo's, with what else its host sends: messages from the short
// codes of the United States, and USSD. It puts its errors into answers of status 200, and answers in XML where the
// path ends so. Calls by voice (/tts) are none of its paths.
// Source: https://github.com/Nexmo/api-specification/blob/master/definitions/sms.yml
type vonageSMS struct {
	shaped
	*keyring
	quiet
	replaced bool // the credentials of a call are replaced, and with them its signature
}

var vonageSMSService = known{host: "https://rest.nexmo.com", channel: filter.SMS, text: vonageSMSText, withdrawn: vonageSMSWithdrawn, busy: vonageSMSBusy, make: newVonageSMS,
	enter: "the inbound and delivery-receipt webhooks of the account's SMS settings; secrets: the signature secret"}

// vonageSMSText is the longest text that surely passes, in characters.
const vonageSMSText = 1600

var vonageSMSShape = (&shape{
	service: "Vonage",
	sends: []string{"/sms/json", "/sms/xml", "/ussd/json", "/ussd/xml", "/ussd-prompt/json", "/ussd-prompt/xml",
		"/sc/us/alert/json", "/sc/us/alert/xml", "/sc/us/2fa/json", "/sc/us/2fa/xml", "/sc/us/marketing/json", "/sc/us/marketing/xml"},
	others:     []string{"/account/*/outbound/sms", "/account/*/outbound/sms/*"}, // prices
	traces:     []string{"/sms", "/sc/", "/ussd"},
	form:       true,
	query:      true,
	recipients: []reach{{at: "to"}},
	text:       []bounded{{"text", vonageSMSText}},
	sender:     []string{"from"},
	template:   []string{"template"},
	markup:     []string{"type"},
	medium:     []string{"type"},
	media: map[string]filter.Channel{"text": filter.SMS, "unicode": filter.SMS, "binary": filter.SMS, "wappush": filter.SMS,
		"vcal": filter.SMS, "vcard": filter.SMS},
	extra:   []string{"type", "body", "udh", "title", "url", "vcal", "vcard", "pin", "keyword"},
	own:     []string{"sig"},
	channel: filter.SMS,
}).mustCompile()

func newVonageSMS(cfg Config) (Provider, error) {
	return vonageSMS{newShaped(vonageSMSShape, cfg), vonageSMSKeyring, quiet{}, cfg.Replaced}, nil
}

// vonageSMSKeyring has a signature go with the secret it was made by, and the account known by Basic authentication, where it
// does not sign anew.
// Sources: https://developer.vonage.com/en/getting-started/concepts/authentication and
// https://developer.vonage.com/en/getting-started/concepts/signing-messages
var vonageSMSKeyring = &keyring{
	name:  "Vonage",
	takes: []string{"account", "secret"},
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "Basic", key: pairKey},
		{in: inQuery, at: "api_secret"}, {in: inBody, at: "api_secret"}, {in: inQuery, at: "sig"}, {in: inBody, at: "sig"},
		{in: inQuery, at: "api_key", public: true}, {in: inBody, at: "api_key", public: true},
		{in: inQuery, at: "timestamp", public: true}, {in: inBody, at: "timestamp", public: true},
	},
	gives:  []string{"/secret", "/subaccounts", "/applications"},
	denial: denial{fasthttp.StatusOK, `{"message-count":"1","messages":[{"status":"4","error-text":"Bad Credentials. {detail}"}]}`},
}

// Deny answers as Vonage does, in XML where the path ends so.
func (v vonageSMS) Deny(req *fasthttp.Request, resp *fasthttp.Response, why string) {
	path, _, _ := splitURI(req.Header.RequestURI())
	if !bytes.HasSuffix(path, []byte("/xml")) {
		v.keyring.Deny(req, resp, why)
		return
	}
	resp.Header.SetContentType("text/xml; charset=UTF-8")
	resp.SetBody(vonageXML(nil, "", 4, "Bad Credentials. "+marker+why))
}

// Parse reads the message. What is no text, such as binary data, has none that a line could be added to.
func (v vonageSMS) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, _ := splitURI(req.Header.RequestURI())
	b.parsed.xml = bytes.HasSuffix(path, []byte("/xml"))
	if err := v.shaped.Parse(req, b); err != nil {
		return err
	}
	code := bytes.HasPrefix(path, []byte("/sc/"))
	if code && b.parsed.spread.written != formText {
		return b.unreadable(0, "a send from a short code is a form or a query")
	}
	m, at := &b.Messages[0], &b.parsed.spread.at[0]
	m.MarketingOnly = bytes.HasPrefix(path, []byte("/sc/us/marketing/"))
	if at.wording >= 0 {
		if kind := b.parsed.spread.wordings[at.wording].markup; kind != "" && kind != "text" && kind != "unicode" {
			at.wording, m.Text, m.Room = -1, "", 0
		}
	}
	if code && b.Extras { // a template's values are parameters of any name
		m.Extra = b.besides(b.source(req, query), "api_key", "api_secret", "sig", "timestamp", "to", "from", "text", "template", "client-ref")
	}
	return nil
}

// besides is the parameters of src that have none of these names, as they are written.
func (b *Batch) besides(src []byte, names ...string) string {
	start := len(b.parsed.text)
	out := b.parsed.text
	for i := 0; i < len(src); {
		var p param
		p, i = nextParam(src, i)
		if _, found, err := b.named(p.name, names); !found && err == nil {
			out = append(append(out, p.raw...), '&')
			b.parsed.text = out
		}
	}
	return b.parsed.keep(start)
}

// errSigned is for a request whose signature covers what would be changed.
var errSigned = errors.New("rewriting: the request is signed (sig), and cannot be changed unless its credentials are replaced: " +
	"`authorize: gate` on the route does that, and signs anew with a `signature` in its credentials")

// Rewrite adds the line. Vonage takes no signed request that was changed.
func (v vonageSMS) Rewrite(req *fasthttp.Request, b *Batch) error {
	_, query, _ := splitURI(req.Header.RequestURI())
	for i := range b.Decisions {
		if !v.replaced && b.Decisions[i].Action == filter.Rewrite && b.vonageSigned(req, query) {
			return errSigned
		}
	}
	return v.shaped.Rewrite(req, b)
}

// vonageSigned reports whether a request that was read has a signature.
func (b *Batch) vonageSigned(req *fasthttp.Request, query []byte) bool {
	src := b.source(req, query)
	if b.parsed.spread.written != formText {
		return document{src, b.parsed.nodes}.member(0, "sig") != 0
	}
	return b.tricks(src, []string{"sig"})
}

// vonageSMSRefusals are Vonage's codes by our reasons. Who reads that a number is barred writes to it no more, so
// that it says so of those alone who do not want to be written to.
// Source: https://github.com/Nexmo/api-specification/blob/master/definitions/sms.yml (x-errors)
var vonageSMSRefusals = [filter.Reasons]native{
	filter.Unreadable:     {3, "Invalid value for parameter"},
	filter.BadAddress:     {3, "Invalid value for parameter: to"},
	filter.HasOptedOut:    {7, "Number barred"},
	filter.NoConsent:      {7, "Number barred"},
	filter.ConsentExpired: {7, "Number barred"},
}

// Refuse answers 200 with one message that failed: Vonage's libraries read it there alone.
// Sources: https://github.com/Vonage/vonage-node-sdk/blob/3.x/packages/sms/lib/sms.ts and, for XML,
// https://github.com/Vonage/vonage-java-sdk (SmsClientTest)
func (vonageSMS) Refuse(resp *fasthttp.Response, b *Batch) {
	n := vonageSMSRefusals[b.reason()]
	switch {
	case b.parsed.code == errMissing:
		n = native{2, "Missing to param"}
	case n.code == 0:
		n = native{6, "The message cannot be processed"}
	}
	to := ""
	if b.Fault == "" && len(b.parsed.spread.at) > 0 {
		to = b.parsed.spread.at[0].written
	}
	if b.parsed.xml {
		b.refuse(resp, fasthttp.StatusOK, "text/xml; charset=UTF-8", vonageXML(b.parsed.out[:0], to, n.code, n.text+": "+marker+b.why()))
		return
	}
	out := append(b.parsed.out[:0], `{"message-count":"1","messages":[{"to":"`...)
	out = append(escapeJSON(out, to), `","status":"`...)
	out = append(strconv.AppendInt(out, int64(n.code), 10), `","error-text":"`...)
	out = escapeJSON(append(append(out, n.text...), ": "+marker...), b.why())
	b.refuse(resp, fasthttp.StatusOK, "application/json", append(out, `"}]}`...))
}

// vonageXML appends an answer in XML that refuses a message.
func vonageXML(out []byte, to string, code int, text string) []byte {
	out = append(out, "<?xml version='1.0' encoding='UTF-8' ?><mt-submission-response><messages count='1'><message><to>"...)
	out = append(escapeXML(out, to), "</to><status>"...)
	out = append(strconv.AppendInt(out, int64(code), 10), "</status><errorText>"...)
	return append(escapeXML(out, text), "</errorText></message></messages></mt-submission-response>"...)
}

// vonageSMSAnswer is what Vonage says of each part of a message.
type vonageSMSAnswer struct {
	Messages []struct {
		Status string `json:"status" xml:"status"`
		ID     string `json:"message-id" xml:"messageId"`
	} `json:"messages" xml:"messages>message"`
}

// read reads an answer, in JSON or XML.
func (a *vonageSMSAnswer) read(resp *fasthttp.Response) bool {
	body, ok := answer(resp)
	if !ok {
		return false
	}
	if body = bytes.TrimLeft(body, " \t\r\n\xEF\xBB\xBF"); bytes.HasPrefix(body, []byte("<")) {
		return xml.Unmarshal(body, a) == nil
	}
	return json.Unmarshal(body, a) == nil
}

// vonageSMSBusy are the codes of what may be taken in a while: too many at once, an error of the service, and too
// many connections.
var vonageSMSBusy = []int{1, 5, 10}

// vonageSMSQuota says that the account has no money left; in receipts the same number says that somebody opted out.
const vonageSMSQuota = 9

// Learn reads the code of a message that was refused in all its parts. None says anything about anybody's will: a
// number may be barred (7) for other reasons than its owner's wish.
func (vonageSMS) Learn(resp *fasthttp.Response, _ *Batch) (refusal int, events []filter.Event) {
	var a vonageSMSAnswer
	if !a.read(resp) {
		return 0, nil
	}
	for _, m := range a.Messages {
		code, err := strconv.Atoi(strings.TrimSpace(m.Status))
		if err != nil || code == 0 {
			return 0, nil
		}
		if refusal = code; code == vonageSMSQuota {
			refusal = Declined
		}
	}
	return refusal, nil
}

// Compose writes an SMS from the number that somebody wrote to.
func (vonageSMS) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	switch {
	case o.To.Channel != filter.SMS:
		return fmt.Errorf("no channel %s is known of Vonage's SMS API", o.To.Channel)
	case o.From == "":
		return errors.New("nobody is named that the message could come from")
	}
	body := escapeForm([]byte("from="), strings.TrimPrefix(o.From, "+"))
	body = escapeForm(append(body, "&to="...), strings.TrimPrefix(o.To.Address, "+"))
	body = escapeForm(append(body, "&text="...), o.Text)
	if strings.ContainsFunc(o.Text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		body = append(body, "&type=unicode"...)
	}
	posting(req, "/sms/json", "application/x-www-form-urlencoded", body)
	basic(req, c.Account, c.Secret)
	return nil
}

// Cancel has nothing to cancel.
func (vonageSMS) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the first part.
func (vonageSMS) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var a vonageSMSAnswer
	if resp.StatusCode()/100 != 2 || !a.read(resp) || len(a.Messages) == 0 || a.Messages[0].Status != "0" {
		return "", false
	}
	return a.Messages[0].ID, false
}
