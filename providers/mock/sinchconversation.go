package mock

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

var (
	sinchConversationPath  = regexp.MustCompile(`^/v1/projects/[A-Za-z0-9-]+/messages:send$`)
	sinchConversationWords = map[string]bool{"SMS": true, "MMS": true, "RCS": true, "WHATSAPP": true, "MESSENGER": true, "VIBERBM": true, "TELEGRAM": true, "LINE": true}
)

// sinchConversationFail is an error of Sinch's Conversation API, as Google's RPC has them.
func sinchConversationFail(status int, word, text string) answer {
	a := jsonAnswer(status, map[string]any{"error": map[string]any{"code": status, "message": text, "status": word, "details": []any{}}})
	a.code, a.fault = status, text
	return a
}

// sinchConversation plays one call of Sinch's Conversation API.
// https://developers.sinch.com/docs/conversation/api-reference/conversation/messages
func (m *Mock) sinchConversation(r *http.Request, body []byte, s *Send) answer {
	_, _, basic := r.BasicAuth()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !basic && (!ok || token == "") {
		return sinchConversationFail(http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid credentials.")
	}
	if r.Method != http.MethodPost || !sinchConversationPath.MatchString(r.URL.EscapedPath()) {
		return sinchConversationFail(http.StatusNotFound, "NOT_FOUND", "not found")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return sinchConversationFail(http.StatusBadRequest, "INVALID_ARGUMENT", err.Error())
	}
	app := o.text("app_id")
	s.From = app
	list, _ := o.object("recipient").object("identified_by")["channel_identities"].([]any)
	var all []string
	first := ""
	for i := range list {
		one, _ := list[i].(object)
		if !sinchConversationWords[one.text("channel")] || one.text("identity") == "" {
			return sinchConversationFail(http.StatusBadRequest, "INVALID_ARGUMENT", "an identity lacks its channel, or is empty")
		}
		if first == "" {
			first = one.text("channel")
		}
		all = append(all, one.text("identity"))
	}
	s.to(all)
	if number := o.object("channel_properties").text("SMS_SENDER"); number != "" && (first == "SMS" || first == "MMS" || first == "RCS") {
		s.From = number
	}
	message := o.object("message")
	if s.Template = message.object("template_message").object("omni_template").text("template_id"); s.Template == "" {
		s.Template = message.object("template_message").object("channel_template").object(first).text("template_id")
	}
	for _, text := range []string{message.object("text_message").text("text"), message.object("choice_message").object("text_message").text("text"),
		message.object("card_message").text("description"), message.object("list_message").text("description")} {
		if s.Text == "" {
			s.Text = text
		}
	}
	if other := message.object("explicit_channel_message").text(first); other != "" {
		if inner, err := readObject([]byte(other)); err == nil {
			s.Text, s.Template = inner.object("text").text("body"), inner.object("template").text("name")
		}
	}
	if other := message.object("explicit_channel_omni_message").object(first); other != nil {
		s.Text = other.object("text_message").text("text")
	}
	order, _ := o["channel_priority_order"].([]any)
	switch {
	case app == "":
		return sinchConversationFail(http.StatusBadRequest, "INVALID_ARGUMENT", "app_id is needed")
	case len(all) == 0:
		return sinchConversationFail(http.StatusBadRequest, "INVALID_ARGUMENT", "recipient is needed")
	case len(message) == 0:
		return sinchConversationFail(http.StatusBadRequest, "INVALID_ARGUMENT", "message is needed")
	case o["channel_priority_order"] != nil && len(order) == 0:
		return sinchConversationFail(http.StatusBadRequest, "INVALID_ARGUMENT", "channel_priority_order is empty")
	}
	how, f := accepts, answered
	if first == "SMS" {
		how, f = m.outcome(all[0])
	}
	switch how {
	case undialable, left:
		return sinchConversationFail(http.StatusBadRequest, "INVALID_ARGUMENT", "the identity is invalid")
	case limited:
		return sinchConversationFail(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "slow down")
	case failed, absent:
		return sinchConversationFail(http.StatusInternalServerError, "INTERNAL", "try again")
	}
	id := strings.ToUpper("01" + randomHex(12))
	a := jsonAnswer(http.StatusOK, map[string]string{"message_id": id, "accepted_time": m.cfg.Now().UTC().Format(time.RFC3339)})
	a.accepted, a.id, a.fate = true, id, f
	return a
}
