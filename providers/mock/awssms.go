package mock

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// awsSMS plays one call of AWS End User Messaging SMS.
func (m *Mock) awsSMS(r *http.Request, body []byte, s *Send) answer {
	fail := func(code, message string, more ...[2]string) answer {
		return awsFail(false, http.StatusBadRequest, code, message, more...)
	}
	if why := m.awsUnsigned(r, s.Body, "sms-voice"); why != "" {
		return fail("InvalidSignatureException", why)
	}
	call, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "PinpointSMSVoiceV2.")
	if kind := r.Header.Get("Content-Type"); r.Method != http.MethodPost || !ok || kind != "application/x-amz-json-1.0" {
		return fail("UnknownOperationException", "")
	}
	o, err := readObject(body)
	if err != nil {
		return fail("SerializationException", err.Error())
	}
	if s.From = o.text("OriginationIdentity"); s.From == "" {
		s.From = o.text("NotifyConfigurationId")
	}
	s.Text, s.Template, s.Type = o.text("MessageBody"), o.text("TemplateId"), o.text("MessageType")
	if s.Text == "" {
		s.Text = o.object("RcsMessageContent").object("Content").object("TextMessage").text("Body")
	}
	s.To = o.text("DestinationPhoneNumber")
	empty := s.Text == "" && s.Template == ""
	switch call {
	case "SendTextMessage", "SendVoiceMessage", "SendRcsMessage", "SendNotifyTextMessage", "SendNotifyVoiceMessage":
	case "SendMediaMessage":
		empty = empty && o["MediaUrls"] == nil
	default:
		return fail("UnknownOperationException", "")
	}
	if empty || utf8.RuneCountInString(s.Text) > 1600 || s.From == "" {
		return fail("ValidationException", "1 validation error detected", [2]string{"Reason", "FIELD_VALIDATION_FAILED"})
	}
	result, how := m.outcome(s.To)
	switch result {
	case undialable:
		return fail("ValidationException", "Invalid destination phone number", [2]string{"Reason", "INVALID_PARAMETER"})
	case left:
		return fail("ConflictException", "Destination phone number opted out", [2]string{"Reason", "DESTINATION_PHONE_NUMBER_OPTED_OUT"}, [2]string{"ResourceType", "opted-out-number"}, [2]string{"ResourceId", s.To})
	case limited:
		return fail("ThrottlingException", "Rate exceeded")
	case failed, absent:
		return awsFail(false, http.StatusInternalServerError, "InternalServerException", "")
	}
	id := randomHex(16)
	a := jsonAnswer(http.StatusOK, map[string]string{"MessageId": id})
	a.mime, a.header = "application/x-amz-json-1.0", [][2]string{{"X-Amzn-Requestid", randomHex(16)}}
	a.accepted, a.id, a.fate = true, id, how
	return a
}
