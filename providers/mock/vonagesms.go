package mock

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

var vonageSMSKinds = map[string]string{"": "text", "text": "text", "unicode": "text", "binary": "body", "wappush": "url", "vcal": "vcal", "vcard": "vcard"}

// vonageSMSFate are the codes of what becomes of a recipient.
var vonageSMSFate = map[outcome]struct {
	code int
	text string
}{undialable: {3, "Invalid value for parameter: to"}, left: {7, "Number barred."}, limited: {1, "Throughput Rate Exceeded - please wait [ 250 ] and retry"},
	failed: {5, "Internal Error"}, absent: {5, "Internal Error"}}

// vonageSMSAnswer is an answer of Vonage's SMS API, in JSON or XML; code 0 is a success.
// https://github.com/Nexmo/api-specification/blob/master/definitions/sms.yml
func vonageSMSAnswer(r *http.Request, to string, code int, text string) answer {
	id := strings.ToUpper(randomHex(8))
	var a answer
	if strings.HasSuffix(r.URL.Path, "/xml") {
		var out bytes.Buffer
		out.WriteString("<?xml version='1.0' encoding='UTF-8' ?>\n<mt-submission-response>\n    <messages count='1'>\n        <message>\n            <to>")
		_ = xml.EscapeText(&out, []byte(to)) // a bytes.Buffer takes everything
		if code == 0 {
			fmt.Fprintf(&out, "</to><messageId>%s</messageId><status>0</status>", id)
		} else {
			fmt.Fprintf(&out, "</to><status>%d</status><errorText>%s</errorText>", code, text)
		}
		out.WriteString("</message>\n    </messages>\n</mt-submission-response>")
		a = answer{status: http.StatusOK, mime: "text/xml; charset=UTF-8", body: out.Bytes()}
	} else {
		one := map[string]string{"to": to, "status": strconv.Itoa(code)}
		if code == 0 {
			one["message-id"], one["remaining-balance"], one["message-price"], one["network"] = id, "3.14159265", "0.03330000", "12345"
		} else {
			one["error-text"] = text
		}
		a = jsonAnswer(http.StatusOK, map[string]any{"message-count": "1", "messages": []any{one}})
	}
	if code != 0 {
		a.code, a.fault = code, text
		return a
	}
	a.accepted, a.id = true, id
	return a
}

// vonageSMS plays one call of Vonage's SMS API.
func (m *Mock) vonageSMS(r *http.Request, body []byte, s *Send) answer {
	fail := func(code int, text string) answer { return vonageSMSAnswer(r, s.To, code, text) }
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		return refusal("Vonage takes GET and POST")
	}
	o, err := queried(r, body)
	if err != nil {
		return fail(3, err.Error())
	}
	key, _, basic := r.BasicAuth()
	switch {
	case o["sig"] != nil && o["api_secret"] != nil:
		return fail(32, "Signature And API Secret Disallowed")
	case o["sig"] != nil && o.text("timestamp") == "":
		return fail(14, "Invalid Signature")
	case !(basic && key != "") && (o.text("api_key") == "" || o.text("api_secret") == "" && o["sig"] == nil):
		return fail(4, "Bad Credentials")
	}
	code := strings.HasPrefix(r.URL.Path, "/sc/us/")
	s.To, s.From, s.Type, s.Template = o.text("to"), o.text("from"), o.text("type"), o.text("template")
	holds, known := vonageSMSKinds[s.Type]
	if holds == "text" {
		s.Text = o.text("text")
	}
	switch {
	case s.To == "":
		return fail(2, "Missing to param")
	case !code && s.From == "":
		return fail(2, "Missing from param")
	case !known:
		return fail(3, "Invalid value for parameter: type")
	case !code && o.text(holds) == "", strings.HasPrefix(r.URL.Path, "/sc/us/2fa/") && o.text("pin") == "":
		return fail(2, "Missing message")
	case utf8.RuneCountInString(s.Text) > 3200:
		return fail(12, "Message too long")
	}
	how, f := m.outcome(s.To)
	if v, ok := vonageSMSFate[how]; ok {
		return fail(v.code, v.text)
	}
	a := fail(0, "")
	a.fate = f
	return a
}
