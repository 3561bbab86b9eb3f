package mock

import (
	"net/http"
	"regexp"
	"strings"
	"unicode/utf16"
)

// lineUser is the id of a user.
var lineUser = regexp.MustCompile(`^U[0-9a-f]{32}$`)

// lineFail is an error of LINE's. https://developers.line.biz/en/reference/messaging-api/#error-responses
func lineFail(status int, message, property string) answer {
	body := map[string]any{"message": message}
	if property != "" {
		body["details"] = []map[string]string{{"message": "invalid", "property": property}}
	}
	a := jsonAnswer(status, body)
	a.code, a.fault = status, message+" "+property
	return a
}

// line plays one call of LINE's Messaging API.
func (m *Mock) line(r *http.Request, body []byte, s *Send) answer {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token == "" {
		return lineFail(http.StatusUnauthorized, "Authentication failed due to the following reason: no token", "")
	}
	many := r.URL.Path == "/v2/bot/message/multicast"
	if r.Method != http.MethodPost || !many && r.URL.Path != "/v2/bot/message/push" {
		return lineFail(http.StatusNotFound, "Not found", "")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return lineFail(http.StatusBadRequest, "The request body could not be parsed as JSON: "+err.Error(), "")
	}
	all := o.texts("to", "")
	s.to(all)
	if _, list := o["to"].([]any); list != many || len(all) == 0 || len(all) > 500 {
		return lineFail(http.StatusBadRequest, "The request body has 1 error(s)", "to")
	}
	var how fate
	for _, to := range all {
		if !lineUser.MatchString(to) {
			return lineFail(http.StatusBadRequest, "The property, 'to', in the request body is invalid", "to")
		}
		o, f := m.called(strings.TrimLeft(to[1:], "0")) // who left is passed over without a word
		how = max(how, f)
		switch o {
		case undialable:
			return lineFail(http.StatusBadRequest, "Failed to send messages", "")
		case limited:
			return lineFail(http.StatusTooManyRequests, "You have reached your monthly limit.", "")
		case failed, absent:
			return lineFail(http.StatusInternalServerError, "Internal server error", "")
		}
	}
	messages, _ := o["messages"].([]any)
	if len(messages) == 0 || len(messages) > 5 {
		return lineFail(http.StatusBadRequest, "The request body has 1 error(s)", "messages")
	}
	sent := []map[string]string{}
	for _, each := range messages {
		message, _ := each.(object)
		text := message.text("text")
		s.Type = message.text("type")
		if s.Type == "" || s.Type == "text" && text == "" || len(utf16.Encode([]rune(text))) > 5000 {
			return lineFail(http.StatusBadRequest, "The request body has 1 error(s)", "messages[0].text")
		}
		if text != "" {
			s.Text = strings.TrimPrefix(s.Text+"\n"+text, "\n")
		}
		sent = append(sent, map[string]string{"id": randomHex(9), "quoteToken": randomHex(16)})
	}
	a := jsonAnswer(http.StatusOK, map[string]any{"sentMessages": sent})
	if many {
		a = jsonAnswer(http.StatusOK, map[string]any{})
	}
	a.accepted, a.id, a.fate = true, sent[0]["id"], how
	return a
}
