package mock

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// pinpointCall finds what a call to Pinpoint is.
var pinpointCall = regexp.MustCompile(`^/v1/apps/([^/]+)/(messages|otp)$`)

// awsPinpoint plays one call of Amazon Pinpoint's API.
func (m *Mock) awsPinpoint(r *http.Request, body []byte, s *Send) answer {
	fail := func(status int, code, message string) answer { return awsFail(true, status, code, message) }
	if why := m.awsUnsigned(r, s.Body, "mobiletargeting"); why != "" {
		return fail(http.StatusForbidden, "InvalidSignatureException", why)
	}
	call := pinpointCall.FindStringSubmatch(r.URL.Path)
	if call == nil || r.Method != http.MethodPost {
		return fail(http.StatusNotFound, "NotFoundException", "Resource not found")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return fail(http.StatusBadRequest, "BadRequestException", err.Error())
	}
	addresses := o.object("Addresses")
	if call[2] == "otp" {
		s.From, s.Template = o.text("OriginationIdentity"), o.text("TemplateId")
		addresses = object{o.text("DestinationIdentity"): object{"ChannelType": "SMS"}}
	} else if o["MessageConfiguration"] == nil || len(addresses) == 0 || len(addresses) > 100 {
		return fail(http.StatusBadRequest, "BadRequestException", "there is a MessageConfiguration, and up to 100 addresses")
	}
	results := map[string]map[string]any{}
	var to []string
	var how fate
	for address := range addresses {
		result, f := m.pinpointOne(address, addresses.object(address))
		how = max(how, f)
		results[address], to = result, append(to, address)
	}
	slices.SortFunc(to, func(a, b string) int { return strings.Index(string(body), a) - strings.Index(string(body), b) })
	s.to(to)
	if call[2] != "otp" {
		m.pinpointContent(o, addresses.object(to[0]), s)
	}
	a := jsonAnswer(http.StatusOK, map[string]any{"ApplicationId": call[1], "RequestId": randomHex(16), "Result": results})
	a.header = [][2]string{{"X-Amzn-Requestid", randomHex(16)}}
	a.accepted, a.id, a.fate = true, randomHex(16), how
	return a
}

// pinpointOne is what becomes of a message to one address.
func (m *Mock) pinpointOne(address string, configuration object) (result map[string]any, how fate) {
	outcome, how := m.outcome(address)
	if strings.EqualFold(configuration.text("ChannelType"), "EMAIL") {
		outcome, how = m.mailed(address)
	}
	status, code, message := "SUCCESSFUL", 200, "MessageId: "+randomHex(16)
	switch outcome {
	case accepts:
	case left:
		status, code, message = "OPT_OUT", 400, "Destination phone number opted out"
	case limited:
		status, code, message = "THROTTLED", 429, "Throttled"
	case undialable:
		status, code, message = "PERMANENT_FAILURE", 400, "Invalid address"
	default:
		status, code, message = "TEMPORARY_FAILURE", 500, "Internal error"
	}
	return map[string]any{"DeliveryStatus": status, "StatusCode": code, "StatusMessage": message, "MessageId": randomHex(16)}, how
}

// pinpointContent notes what is in a message to an address.
func (m *Mock) pinpointContent(o, address object, s *Send) {
	kind := map[string]string{"SMS": "SMS", "VOICE": "Voice", "EMAIL": "Email"}[strings.ToUpper(address.text("ChannelType"))]
	s.Template = o.object("TemplateConfiguration").object(kind + "Template").text("Name")
	message := o.object("MessageConfiguration").object(kind + "Message")
	for _, name := range []string{"OriginationNumber", "SenderId", "FromAddress"} {
		if s.From == "" {
			s.From = message.text(name)
		}
	}
	mail := message.object("SimpleEmail")
	for _, text := range []string{address.text("BodyOverride"), mail.object("HtmlPart").text("Data"), mail.object("TextPart").text("Data"), message.text("Body"),
		o.object("MessageConfiguration").object("DefaultMessage").text("Body")} {
		if s.Text == "" {
			s.Text = text
		}
	}
}
