package mock

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// awsQueryFail is an error of a service that takes forms. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func awsQueryFail(status int, code, message string) answer {
	var in strings.Builder
	_ = xml.EscapeText(&in, []byte(message)) // a builder takes everything
	return answer{status: status, mime: "text/xml", fault: code + ": " + message,
		body: []byte("<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + in.String() + "</Message></Error><RequestId>" + randomHex(16) + "</RequestId></ErrorResponse>")}
}

// awsSNS plays one call of Amazon SNS.
func (m *Mock) awsSNS(r *http.Request, body []byte, s *Send) answer {
	if why := m.awsUnsigned(r, s.Body, "sns"); why != "" {
		return awsQueryFail(http.StatusForbidden, "SignatureDoesNotMatch", why)
	}
	said, err := url.ParseQuery(r.URL.RawQuery + "&" + string(body))
	if err != nil {
		return awsQueryFail(http.StatusBadRequest, "MalformedQueryString", err.Error())
	}
	for name, all := range said {
		if len(all) > 1 {
			return awsQueryFail(http.StatusBadRequest, "MalformedQueryString", name+" is there more than once")
		}
	}
	action := said.Get("Action")
	if action != "Publish" && action != "CreateSMSSandboxPhoneNumber" {
		return awsQueryFail(http.StatusBadRequest, "InvalidAction", "Could not find operation "+action+" for version 2010-03-31")
	}
	s.To, s.Text = said.Get("PhoneNumber"), said.Get("Message")
	if said.Get("MessageStructure") == "json" {
		o, err := readObject([]byte(s.Text))
		if s.Text = o.text("sms"); err != nil {
			return awsQueryFail(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: Message Structure - JSON message body failed to parse")
		}
	}
	for name, all := range said {
		entry, ok := strings.CutSuffix(name, ".Name")
		value := said.Get(entry + ".Value.StringValue")
		switch {
		case !ok || !strings.HasPrefix(name, "MessageAttributes.entry."):
		case all[0] == "AWS.SNS.SMS.SMSType":
			s.Type = value
		case all[0] == "AWS.SNS.SMS.SenderID", all[0] == "AWS.MM.SMS.OriginationNumber":
			s.From = value
		}
	}
	if action == "Publish" && s.Text == "" || utf8.RuneCountInString(s.Text) > 1600 {
		return awsQueryFail(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: Message")
	}
	result, how := m.outcome(s.To)
	switch result {
	case undialable:
		return awsQueryFail(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: "+s.To+" is not valid to publish to")
	case limited:
		return awsQueryFail(http.StatusBadRequest, "Throttling", "Rate exceeded")
	case failed, absent:
		return awsQueryFail(http.StatusInternalServerError, "InternalError", "")
	}
	id := randomHex(16) // who opted out gets one, too
	return answer{status: http.StatusOK, mime: "text/xml", accepted: true, id: id, fate: how,
		body: []byte("<" + action + `Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><` + action + "Result><MessageId>" + id + "</MessageId></" + action +
			"Result><ResponseMetadata><RequestId>" + randomHex(16) + "</RequestId></ResponseMetadata></" + action + "Response>")}
}
