package providers

import (
	"encoding/xml"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// awsSNS speaks Amazon SNS, which takes forms and answers in XML. Only a phone number is somebody who can be seen here:
// who has subscribed to a topic, or has an app, is known to the service alone.
// Source: https://github.com/aws/api-models-aws/blob/main/models/sns/service/2010-03-31/sns-2010-03-31.json
type awsSNS struct {
	awsDoor
	shaped
}

var awsSNSService = known{host: "https://sns.us-east-1.amazonaws.com", channel: filter.SMS, text: awsSNSText, regional: isRegional, make: newAWSSNS}

// awsSNSBody is more than a call has, in bytes: a message has 256 KiB, escaped.
const awsSNSBody = 1 << 20

// awsSNSText is the longest SMS that the service takes, in characters.
const awsSNSText = 1600

var awsSNSShape = (&shape{
	service:    "SNS",
	sends:      []string{"/"},
	form:       true,
	query:      true,
	recipients: []reach{{at: "PhoneNumber"}},
	most:       1,
	unseen:     []string{"TopicArn", "TargetArn"},
	text:       []bounded{{"Message", awsSNSText}},
	extra:      []string{"Subject"},
	channel:    filter.SMS,
}).mustCompile()

// awsSNSVerbs begin the names of calls that write to nobody.
var awsSNSVerbs = []string{"Add", "Check", "Confirm", "Create", "Delete", "Get", "List", "OptIn", "Put", "Remove", "Set", "Subscribe", "Tag", "Unsubscribe", "Untag", "Verify"}

func newAWSSNS(cfg Config) (Provider, error) {
	return awsSNS{awsDoor{service: "sns", speech: awsQuery}, newShaped(awsSNSShape, cfg)}, nil
}

// Parse reads the one message of a call, by its Action.
func (p awsSNS) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, _ := splitURI(req.Header.RequestURI())
	h := b.readHead(&req.Header)
	body, err := b.body(req, &h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	action, structure, err := b.awsSNSCall(query, body)
	kind, _, _ := mediaType(h.contentType)
	switch {
	case err != nil:
		return err
	case string(path) != "/" && (len(query) > 0 || len(body) > 0):
		return b.unreadable(0, "SNS takes its calls at the root")
	case len(query)+len(body) > awsSNSBody:
		return b.unreadable(0, "the call is larger than SNS takes")
	case len(body) > 0 && !fold(kind, "application/x-www-form-urlencoded"):
		return b.unreadable(0, "the body of a call to SNS is not a form")
	case action == "" && len(query) == 0 && len(body) == 0:
		return ErrUnknownPath
	case action == "":
		return b.unreadable(0, "the parameter Action, which says what the call is, is missing")
	case action == "PublishBatch" && p.unseen:
		return ErrUnseen
	case action == "PublishBatch":
		return b.unreadable(0, "%w", errUnseen)
	case action == "CreateSMSSandboxPhoneNumber": // which writes a code to it
		return p.shaped.Parse(req, b)
	case action != "Publish" && strings.Contains(strings.ToLower(action), "publish"):
		return b.unreadable(0, "Action names something like a send to SNS that this gate does not read")
	case action != "Publish":
		return awsOther(action, awsSNSVerbs)
	}
	if err := p.shaped.Parse(req, b); err != nil || len(b.Messages) == 0 {
		return err
	}
	return b.awsSNSAbout(query, body, structure)
}

// awsSNSNames are the parameters that say what a call is, and how its text is read.
var awsSNSNames = []string{"Action", "MessageStructure"}

// nextSaid reads the parameter of src that begins at byte i, and keeps its name and its value.
func (b *Batch) nextSaid(src []byte, i int) (name, value string, next int, ok bool) {
	p, next := nextParam(src, i)
	start := len(b.parsed.text)
	if b.parsed.text, ok = decode(b.parsed.text, p.name); !ok {
		return "", "", next, false
	}
	name, start = b.parsed.keep(start), len(b.parsed.text)
	if b.parsed.text, ok = decode(b.parsed.text, p.value); !ok {
		return "", "", next, false
	}
	return name, b.parsed.keep(start), next, true
}

// awsSNSCall finds what a call is, in the query or in the body.
func (b *Batch) awsSNSCall(query, body []byte) (action, structure string, err error) {
	var times [2]int
	for _, src := range [...][]byte{query, body} {
		for i := 0; i < len(src); {
			p, next := nextParam(src, i)
			n, found, err := b.named(p.name, awsSNSNames)
			_, value, _, ok := b.nextSaid(src, i)
			switch i = next; {
			case err != nil || !ok:
				return "", "", b.unreadable(0, "a parameter cannot be read, or is nearly one that says what the call is")
			case !found:
				continue
			case n == 0:
				action = value
			default:
				structure = value
			}
			if times[n]++; times[n] > 1 {
				return "", "", b.unreadable(0, "a parameter is there more than once")
			}
		}
	}
	return action, structure, nil
}

// awsSNSMost is how many attributes of an SMS are looked for.
const awsSNSMost = 10

// awsSNSAbout reads what is said of the one message of b in other parameters: its attributes, and whether the text is one
// for each kind of subscriber.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
func (b *Batch) awsSNSAbout(query, body []byte, structure string) error {
	m, found := &b.Messages[0], 0
	for _, src := range [...][]byte{query, body} {
		for i := 0; i < len(src); {
			name, attribute, next, _ := b.nextSaid(src, i)
			entry, ok := strings.CutSuffix(name, ".Name")
			if i = next; !ok || !strings.HasPrefix(name, "MessageAttributes.") || !strings.HasPrefix(attribute, "AWS.") {
				continue
			}
			if found++; found > awsSNSMost {
				return b.unreadable(0, "the message has more attributes than an SMS has")
			}
			value := b.awsSNSValue(src, entry)
			switch attribute {
			case "AWS.SNS.SMS.SMSType":
				m.MarketingOnly = m.MarketingOnly || strings.EqualFold(strings.TrimSpace(value), "promotional")
			case "AWS.SNS.SMS.SenderID":
				if m.From == "" {
					m.From = value
				}
			case "AWS.MM.SMS.OriginationNumber":
				m.From = value
			}
		}
	}
	return b.awsSNSText(structure)
}

// awsSNSValue is the text of an attribute, by the beginning of its parameters' names.
func (b *Batch) awsSNSValue(src []byte, entry string) string {
	for i := 0; i < len(src); {
		name, value, next, _ := b.nextSaid(src, i)
		if rest, ok := strings.CutPrefix(name, entry); ok && rest == ".Value.StringValue" {
			return value
		}
		i = next
	}
	return ""
}

// awsSNSText reads the text of the one message of b where there is one for each kind of subscriber.
func (b *Batch) awsSNSText(structure string) error {
	switch structure {
	case "":
		return nil
	case "json":
	default:
		return b.unreadable(0, "MessageStructure is not json")
	}
	m := &b.Messages[0]
	text := []byte(m.Text)
	nodes, err := scanJSON(text, nil)
	if err != nil || nodes[0].kind != '{' {
		return b.unreadable(0, "Message is not the JSON object that MessageStructure promises")
	}
	d := document{text, nodes}
	at := d.member(0, "sms")
	if at == 0 {
		at = d.member(0, "default")
	}
	if at == 0 || nodes[at].kind != '"' {
		return b.unreadable(0, "Message has no text for an SMS")
	}
	m.Text, m.Room, b.parsed.spread.at[0].wording = b.parsed.unquoted(d, at), 0, -1
	return nil
}

// Refuse answers 400 with an error that SNS has. For somebody who opted out SNS itself would answer that it took the
// message, and drop it, which nobody would see.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
func (p awsSNS) Refuse(resp *fasthttp.Response, b *Batch) {
	code, why := "InvalidParameter", "Invalid parameter: "+marker+b.why()
	switch b.reason() {
	case filter.HasOptedOut, filter.NoConsent, filter.ConsentExpired:
		code, why = awsSNSOptedOut, marker+b.why()
	}
	p.fault(resp, fasthttp.StatusBadRequest, code, why, "")
}

// awsSNSOptedOut is SNS' error for a number that opted out.
const awsSNSOptedOut = "OptedOut"

// Learn reads that the recipient opted out, where SNS says so. Its errors have no numbers.
func (awsSNS) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var x struct {
		Error struct{ Code string }
	}
	if ok && xml.Unmarshal(body, &x) == nil && x.Error.Code == awsSNSOptedOut {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: filter.All, Source: "aws-sns answer", Note: awsSNSOptedOut})
	}
	return 0, events
}
