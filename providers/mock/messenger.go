package mock

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pagePath is where pages and accounts of Instagram write.
// https://developers.facebook.com/docs/messenger-platform/reference/send-api
var pagePath = regexp.MustCompile(`^(?:/v[0-9]+\.[0-9]+)?/(me|[0-9]+)/messages$`)

// ofPage reports whether a call is for the Messenger Platform, where the Cloud API has the same paths.
func ofPage(r *http.Request, body []byte) bool {
	return pagePath.FindStringSubmatch(r.URL.EscapedPath())[1] == "me" ||
		bytes.Contains(body, []byte("recipient")) && !bytes.Contains(body, []byte("messaging_product"))
}

// The longest text, and that above buttons, in characters.
const (
	pageText    = 2000
	pageButtons = 640
)

// pageFail is an error of the Messenger Platform.
func pageFail(code, subcode int, message string) answer {
	status := http.StatusBadRequest
	if code == 551 {
		status = http.StatusForbidden
	}
	e := map[string]any{"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A" + randomHex(11)}
	if subcode > 0 {
		e["error_subcode"] = subcode
	}
	a := jsonAnswer(status, map[string]any{"error": e})
	a.code, a.fault = code, message
	return a
}

// page plays a call of the Send API, in JSON or as a form in which objects are JSON.
func (m *Mock) page(r *http.Request, body []byte, s *Send) answer {
	s.Provider = "messenger"
	if s.From = pagePath.FindStringSubmatch(r.URL.EscapedPath())[1]; s.From == "me" {
		s.From = ""
	}
	o, err := fields(r, body, true)
	if err != nil {
		return pageFail(100, 0, "(#100) "+err.Error())
	}
	for _, key := range []string{"recipient", "message"} {
		text, isText := o[key].(string)
		if !isText {
			continue
		}
		if o[key], err = readObject([]byte(text)); err != nil {
			return pageFail(100, 0, "(#100) param "+key+" must be an object.")
		}
	}
	to := o.object("recipient")
	if len(to) == 0 {
		return pageFail(100, 0, "(#100) The parameter recipient is required")
	}
	if o.text("sender_action") != "" {
		return jsonAnswer(http.StatusOK, map[string]string{"recipient_id": to.text("id")})
	}
	return m.pageMessage(o, to, s)
}

// pageMessage plays a message to somebody.
func (m *Mock) pageMessage(o, to object, s *Send) answer {
	message := o.object("message")
	s.To, s.Text, s.Template = to.text("id"), message.text("text"), o.text("tag")
	if name := message.object("template").text("name"); name != "" {
		s.Template = name
	}
	most := pageText
	if text := message.object("attachment").object("payload").text("text"); s.Text == "" {
		s.Text, most = text, pageButtons
	}
	kinds := []string{"", "RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"}
	switch {
	case len(message) == 0:
		return pageFail(100, 2018034, "(#100) Message cannot be empty, must provide valid attachment or text")
	case utf8.RuneCountInString(s.Text) > most:
		return pageFail(100, 0, "(#100) Length of param message[text] must be less than or equal to "+strconv.Itoa(most))
	case !slices.Contains(kinds, o.text("messaging_type")):
		return pageFail(100, 0, "(#100) Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}")
	case (o.text("messaging_type") == "MESSAGE_TAG") != (o.text("tag") != ""):
		return pageFail(100, 0, "(#100) A message tag and the messaging type MESSAGE_TAG come together")
	case s.To == "" || strings.Trim(s.To, "0123456789") != "":
		return pageFail(100, 2018001, "(#100) No matching user found")
	}
	result, how := m.outcome(s.To)
	if len(s.To) > 15 { // longer than any number
		result = accepts
	}
	switch result {
	case undialable:
		return pageFail(100, 2018001, "(#100) No matching user found")
	case left:
		return pageFail(551, 1545041, "(#551) This person isn't available right now.")
	case limited:
		return pageFail(613, 0, "(#613) Calls to this api have exceeded the rate limit.")
	case failed, absent:
		a := pageFail(1200, 0, "(#1200) Temporary send message failure. Please try again later.")
		a.status = http.StatusInternalServerError
		return a
	}
	id := "m_" + randomHex(40)
	a := jsonAnswer(http.StatusOK, map[string]string{"recipient_id": s.To, "message_id": id})
	a.accepted, a.id, a.fate = true, id, how
	return a
}
