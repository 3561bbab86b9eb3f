package providers

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// awsSMS speaks AWS End User Messaging SMS, which is also Pinpoint SMS and Voice, version 2: every call is a POST to
// the root, and a header names what it is. RCS and calls by voice go by the number, too, and count as SMS.
// Source: https://github.com/aws/api-models-aws/blob/main/models/pinpoint-sms-voice-v2/service/2022-03-31/pinpoint-sms-voice-v2-2022-03-31.json
type awsSMS struct {
	awsDoor
	awsNotifier
	shaped // for a text
	voice  shaped
}

var awsSMSService = known{host: "https://sms-voice.us-east-1.amazonaws.com", channel: filter.SMS, text: awsSMSText, pooled: pooledByID, regional: isRegional, make: newAWSSMS,
	enter: "an HTTPS subscription, without raw delivery, to the topic of Amazon SNS that is the two-way SMS of the number, and the event destination of the configuration set; topics: its ARN"}

// awsSMSText is the longest text that the service takes, in characters.
const awsSMSText = 1600

// awsSMSTarget is in front of the name of each call.
const awsSMSTarget = "PinpointSMSVoiceV2."

// awsSMSSends are the calls that write to somebody by number, and whether by voice.
var awsSMSSends = map[string]bool{
	"SendTextMessage": false, "SendMediaMessage": false, "SendRcsMessage": false, "SendNotifyTextMessage": false,
	"SendVoiceMessage": true, "SendNotifyVoiceMessage": true,
}

// awsSMSVerbs begin the names of calls that write to nobody. What begins with Send, and is not known, is refused.
var awsSMSVerbs = []string{"Associate", "Carrier", "Create", "Delete", "Describe", "Disassociate", "Discard", "Get", "List", "Put",
	"Release", "Request", "Set", "Submit", "Tag", "Untag", "Update", "Verify"}

// awsSMSShape is for calls whose texts have room for a line, or none: nobody answers STOP to a voice. Nor has a card of
// RCS room, beside which an SMS may go with a text of its own.
func awsSMSShape(room int) *compiled {
	return (&shape{
		service:     "AWS",
		sends:       []string{"/"},
		json:        "application/x-amz-json-1.0",
		recipients:  []reach{{at: "DestinationPhoneNumber"}},
		most:        1,
		text:        []bounded{{"MessageBody", room}, {"RcsMessageContent.Content.TextMessage.Body", 0}, {"FallbackConfiguration.MessageBody", 0}},
		sender:      []string{"OriginationIdentity", "NotifyConfigurationId"},
		template:    []string{"TemplateId"},
		kind:        []string{"MessageType", "MessageTrafficType"},
		promotional: []string{"promotional", "promotion"},
		extra:       []string{"MediaUrls", "TemplateVariables", "RcsMessageContent", "FallbackConfiguration"},
		channel:     filter.SMS,
	}).mustCompile()
}

var awsSMSTexts, awsSMSVoices = awsSMSShape(awsSMSText), awsSMSShape(0)

func newAWSSMS(cfg Config) (Provider, error) {
	return awsSMS{awsDoor{service: "sms-voice", speech: awsJSON}, awsNotifier{}, newShaped(awsSMSTexts, cfg), newShaped(awsSMSVoices, cfg)}, nil
}

// Parse reads the one message of a call, by the name in its header.
func (p awsSMS) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, _ := splitURI(req.Header.RequestURI())
	target, n := b.headerValue(&req.Header, "x-amz-target")
	call, known := bytes.CutPrefix(target, []byte(awsSMSTarget))
	voice, send := awsSMSSends[string(call)]
	switch {
	case n > 1:
		return b.unreadable(0, "the header X-Amz-Target is there more than once")
	case len(query) > 0 && bytes.Contains(unmasked(nil, query), []byte("x-amz-target")): // where a signature may stand, too
		return b.unreadable(0, "X-Amz-Target, which says what the call is, stands in the query")
	case string(path) != "/" && (n > 0 || !reads(req.Header.Method())): // such as /service/PinpointSMSVoiceV2/operation/SendTextMessage
		return b.unreadable(0, "the path is not that of AWS' JSON protocol, and may be a send by another")
	case n == 0 && (!reads(req.Header.Method()) || len(query) > 0):
		return b.unreadable(0, "the header X-Amz-Target, which says what the call is, is missing")
	case n == 0:
		return ErrUnknownPath
	case known && send && voice:
		return p.voice.Parse(req, b)
	case known && send:
		return p.shaped.Parse(req, b)
	case known && string(call) == "SendDestinationNumberVerificationCode" && p.unseen:
		return ErrUnseen
	case known && string(call) == "SendDestinationNumberVerificationCode":
		return b.unreadable(0, "%w", errUnseen)
	case bytes.Contains(bytes.ToLower(target), []byte("send")):
		return b.unreadable(0, "X-Amz-Target names something like a send to AWS that this gate does not read")
	case !known:
		return ErrUnknownPath
	}
	return awsOther(string(call), awsSMSVerbs)
}

// Refuse answers 400 with one of the service's exceptions, none of which its libraries send again after: that the
// recipient opted out, that the service protects them, or that the request is not valid.
// Source: https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
func (p awsSMS) Refuse(resp *fasthttp.Response, b *Batch) {
	status, why := fasthttp.StatusBadRequest, marker+b.why()
	switch b.reason() {
	case filter.Unreadable, filter.Content:
		p.fault(resp, status, "ValidationException", why, `,"Reason":"INVALID_REQUEST"`)
	case filter.BadAddress:
		p.fault(resp, status, "ValidationException", why, `,"Reason":"INVALID_PARAMETER","Fields":[{"Name":"DestinationPhoneNumber","Message":"Invalid phone number"}]`)
	case filter.HasOptedOut, filter.NoConsent, filter.ConsentExpired:
		p.fault(resp, status, "ConflictException", why, `,"Reason":"`+awsOptedOut+`","ResourceType":"opted-out-number"`)
	default:
		p.fault(resp, status, "ConflictException", why, `,"Reason":"DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE","ResourceType":"message"`)
	}
}

// awsOptedOut is why the service writes to somebody no more.
const awsOptedOut = "DESTINATION_PHONE_NUMBER_OPTED_OUT"

// Learn reads that the recipient opted out. The service's errors have no numbers.
func (awsSMS) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j struct {
		Type   string `json:"__type"`
		Reason string
	}
	if ok && json.Unmarshal(body, &j) == nil && strings.HasSuffix(j.Type, "ConflictException") && j.Reason == awsOptedOut {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: filter.All, Source: "aws-sms answer", Note: awsOptedOut})
	}
	return 0, events
}
