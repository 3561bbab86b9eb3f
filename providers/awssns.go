package providers

import (
	"encoding/xml"
	"maps"
	"slices"
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
	said, err := b.awsParams(query, body)
	action := said["Action"]
	kind, _, _ := mediaType(h.contentType)
	switch {
	case err != nil:
		return err
	case string(path) != "/" && (len(query) > 0 || len(body) > 0):
		return b.unreadable(0, "SNS takes its calls at the root")
	case len(body) > 0 && !fold(kind, "application/x-www-form-urlencoded"):
		return b.unreadable(0, "the body of a call to SNS is not a form")
	case action == "" && len(query) == 0 && len(body) == 0:
		return ErrUnknownPath
	case action == "":
		return b.unreadable(0, "the parameter Action, which says what the call is, is missing")
	case action == "PublishBatch" && p.unseen:
		return ErrNotSend
	case action == "PublishBatch":
		return b.unreadable(0, "%w", errUnseen)
	case action != "Publish" && strings.Contains(strings.ToLower(action), "publish"):
		return b.unreadable(0, "Action names something like a send to SNS that this gate does not read")
	case action != "Publish":
		return awsOther(action, awsSNSVerbs)
	}
	if err := p.shaped.Parse(req, b); err != nil || len(b.Messages) == 0 {
		return err
	}
	return b.awsSNSAbout(said)
}

// awsParams are the parameters of a call in a form, by name.
func (b *Batch) awsParams(query, body []byte) (map[string]string, error) {
	said := map[string]string{}
	for _, src := range [][]byte{query, body} {
		for i := 0; i < len(src); {
			var p param
			if p, i = nextParam(src, i); len(p.raw) == 0 {
				continue
			}
			name, ok := decode(nil, p.name)
			value, valid := decode(nil, p.value)
			if _, _, err := b.named(p.name, []string{"Action", "MessageStructure"}); err != nil || !ok || !valid {
				return nil, b.unreadable(0, "a parameter cannot be read, or is nearly one that says what the call is")
			}
			if _, twice := said[string(name)]; twice {
				return nil, b.unreadable(0, "a parameter is there more than once")
			}
			said[string(name)] = string(value)
		}
	}
	return said, nil
}

// awsSNSAbout reads what is said of the one message of b in other parameters: its attributes, and whether the text is one
// for each kind of subscriber.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
func (b *Batch) awsSNSAbout(said map[string]string) error {
	m := &b.Messages[0]
	for _, name := range slices.Sorted(maps.Keys(said)) {
		attribute := said[name]
		entry, ok := strings.CutSuffix(name, ".Name")
		if !ok || !strings.HasPrefix(entry, "MessageAttributes.") {
			continue
		}
		value := said[entry+".Value.StringValue"]
		switch attribute {
		case "AWS.SNS.SMS.SMSType":
			m.MarketingOnly = m.MarketingOnly || strings.EqualFold(strings.TrimSpace(value), "promotional")
		case "AWS.SNS.SMS.SenderID":
			if m.From == "" {
				m.From = b.parsed.copied([]byte(value))
			}
		case "AWS.MM.SMS.OriginationNumber":
			m.From = b.parsed.copied([]byte(value))
		}
	}
	switch said["MessageStructure"] {
	case "":
		return nil
	case "json":
	default:
		return b.unreadable(0, "MessageStructure is not json")
	}
	text := []byte(said["Message"])
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
