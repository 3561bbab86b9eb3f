package mock

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/mail"
	"slices"
	"strings"
)

// awsSES plays one call of version 2 of Amazon SES' API.
func (m *Mock) awsSES(r *http.Request, body []byte, s *Send) answer {
	fail := func(code, message string) answer { return awsFail(true, http.StatusBadRequest, code, message) }
	if why := m.awsUnsigned(r, s.Body, "ses"); why != "" {
		return awsFail(true, http.StatusForbidden, "InvalidSignatureException", why)
	}
	o, err := fields(r, body, false)
	if r.Method != http.MethodPost || err != nil {
		return fail("BadRequestException", "the body is no JSON object in a POST")
	}
	bulk, known := awsSESCall(r, o, s)
	if !known {
		return awsFail(true, http.StatusNotFound, "NotFoundException", "there is no such resource")
	}
	if fault := m.awsSESContent(o, s); fault != "" {
		return fail("BadRequestException", fault)
	}
	var results []any
	all := []any{o}
	if bulk {
		if all, _ = o["BulkEmailEntries"].([]any); len(all) == 0 || len(all) > 50 {
			return fail("BadRequestException", "there is one e-mail, or up to 50")
		}
	}
	var everybody []string
	var how fate
	for _, v := range all {
		e, _ := v.(object)
		to, result, f := m.awsSESTo(e.object("Destination"))
		switch {
		case result == limited:
			return awsFail(true, http.StatusTooManyRequests, "TooManyRequestsException", "Too many requests")
		case result == failed || result == absent:
			return awsFail(true, http.StatusInternalServerError, "InternalFailure", "")
		case result != accepts && len(all) > 1:
			results = append(results, map[string]string{"Status": "MESSAGE_REJECTED", "Error": "Email address is not valid, or on a list."})
			continue
		case result == left:
			return fail("MessageRejected", "Email address is on the suppression list for your account.")
		case result != accepts:
			return fail("BadRequestException", "Missing or invalid email address.")
		}
		everybody, how = append(everybody, to...), max(how, f)
		results = append(results, map[string]string{"Status": "SUCCESS", "MessageId": randomHex(30)})
	}
	s.to(everybody)
	id := randomHex(30)
	a := jsonAnswer(http.StatusOK, map[string]string{"MessageId": id})
	if bulk {
		a = jsonAnswer(http.StatusOK, map[string]any{"BulkEmailEntryResults": results})
	}
	a.header = [][2]string{{"X-Amzn-Requestid", randomHex(16)}}
	a.accepted, a.id, a.fate = len(everybody) > 0, id, how
	return a
}

// awsSESCall has all calls say where they go, and what is in them, as one e-mail does; bulk is for several.
func awsSESCall(r *http.Request, o object, s *Send) (bulk, known bool) {
	s.From = o.text("FromEmailAddress")
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/v2/email/outbound-custom-verification-emails":
		o["Destination"] = object{"ToAddresses": []any{o["EmailAddress"]}}
		o["Content"] = object{"Template": object{"TemplateName": o["TemplateName"]}}
	case "/v2/email/outbound-bulk-emails":
		o["Content"] = o.object("DefaultContent")
		return true, true
	case "/v2/email/outbound-emails":
	default:
		return false, false
	}
	return false, true
}

// awsSESContent notes what is in an e-mail, and says what is wrong with it; empty for nothing.
func (m *Mock) awsSESContent(o object, s *Send) string {
	content := o.object("Content")
	template, simple := content.object("Template"), content.object("Simple")
	if s.Template = template.text("TemplateName"); s.Template == "" {
		s.Template = template.text("TemplateArn")
	}
	body := simple.object("Body")
	for _, text := range []string{body.object("Html").text("Data"), body.object("Text").text("Data"), template.object("TemplateContent").text("Html"), template.object("TemplateContent").text("Text")} {
		if s.Text == "" {
			s.Text = text
		}
	}
	if raw := content.object("Raw"); raw != nil {
		if fault := awsSESRaw(o, raw.text("Data"), s); fault != "" {
			return fault
		}
	}
	switch {
	case len(content) != 1:
		return "an e-mail is one of Simple, Raw and Template"
	case s.Text == "" && s.Template == "":
		return "an e-mail has a text or a template"
	case s.From == "" && s.Template == "":
		return "FromEmailAddress is missing"
	}
	return ""
}

// awsSESRaw reads an e-mail in MIME of one part. Those in its header get it, too, as some say of SES.
func awsSESRaw(o object, data string, s *Send) string {
	src, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return err.Error()
	}
	message, err := mail.ReadMessage(bytes.NewReader(src))
	if err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(message.Body)
	if err != nil {
		return err.Error()
	}
	if s.Text = strings.ReplaceAll(string(text), "\r\n", "\n"); s.From == "" {
		s.From = message.Header.Get("From")
	}
	destination := o.object("Destination")
	if destination == nil {
		destination = object{}
	}
	all := strings.ToLower(strings.Join(slices.Concat(destination.texts("ToAddresses", ""), destination.texts("CcAddresses", ""), destination.texts("BccAddresses", "")), " "))
	bcc, _ := destination["BccAddresses"].([]any)
	for _, place := range []string{"To", "Cc", "Bcc"} {
		list, err := message.Header.AddressList(place)
		if err != nil && message.Header.Get(place) != "" {
			return err.Error()
		}
		for _, a := range list {
			if !strings.Contains(all, strings.ToLower(a.Address)) {
				bcc = append(bcc, a.Address)
			}
		}
	}
	destination["BccAddresses"], o["Destination"] = bcc, destination
	return ""
}

// awsSESTo are the people of a destination, and what becomes of an e-mail to them.
func (m *Mock) awsSESTo(destination object) (to []string, worst outcome, how fate) {
	for _, place := range []string{"ToAddresses", "CcAddresses", "BccAddresses"} {
		for _, address := range destination.texts(place, "") {
			a, err := mail.ParseAddress(address)
			if err != nil {
				return nil, undialable, answered
			}
			result, f := m.mailed(strings.ToLower(a.Address))
			if result != accepts {
				return nil, result, answered
			}
			to, how = append(to, strings.ToLower(a.Address)), max(how, f)
		}
	}
	if len(to) == 0 || len(to) > 50 {
		return nil, undialable, answered
	}
	return to, accepts, how
}
