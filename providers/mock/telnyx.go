package mock

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// telnyxFail is an error of Telnyx's. https://developers.telnyx.com/docs/overview/errors
func telnyxFail(status, code int, title, detail string) answer {
	type fault struct {
		Code   string `json:"code"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	a := jsonAnswer(status, map[string][]fault{"errors": {{strconv.Itoa(code), title, detail}}})
	a.code, a.fault = code, title+": "+detail
	return a
}

// telnyx plays one call of Telnyx's API.
func (m *Mock) telnyx(r *http.Request, body []byte, s *Send) answer {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token == "" {
		return telnyxFail(http.StatusUnauthorized, 10009, "Authentication failed", "")
	}
	if r.Method != http.MethodPost {
		return telnyxFail(http.StatusNotFound, 10005, "Resource not found", "")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return telnyxFail(http.StatusBadRequest, 10015, "Bad Request", err.Error())
	}
	all := o.texts("to", "")
	more, full := s.telnyx(r.URL.Path, o)
	s.to(append(slices.Clone(all), slices.Repeat(all, more)...))
	if s.SendAt, err = moment(o.text("send_at")); err != nil {
		return telnyxFail(http.StatusUnprocessableEntity, 10015, "Bad Request", "send_at is no time")
	}
	group := strings.HasSuffix(r.URL.Path, "/group_mms")
	switch {
	case len(all) == 0 || len(all) > 8 || (o["to"] != any(all[0])) != group:
		return telnyxFail(http.StatusUnprocessableEntity, 10004, "Missing required parameter", "to is one number, or for a group up to eight")
	case s.From == "":
		return telnyxFail(http.StatusUnprocessableEntity, 10004, "Missing required parameter", "from")
	case !full || utf8.RuneCountInString(s.Text) > 4096:
		return telnyxFail(http.StatusUnprocessableEntity, 40302, "Message too large", "or without a text")
	}
	to := []map[string]string{}
	var how fate
	for _, number := range all {
		o, f := m.outcome(number)
		switch o {
		case undialable:
			return telnyxFail(http.StatusBadRequest, 40310, "Invalid 'to' address", "")
		case left:
			return telnyxFail(http.StatusConflict, 40300, "Blocked due to STOP message", "Messages cannot be sent due to an existing block rule.")
		case limited:
			return telnyxFail(http.StatusTooManyRequests, 10011, "Too many requests", "")
		case failed, absent:
			return telnyxFail(http.StatusInternalServerError, 10007, "Unexpected error", "")
		}
		if f != answered {
			how = f
		}
		to = append(to, map[string]string{"phone_number": number, "status": "queued", "carrier": "", "line_type": ""})
	}
	id := randomHex(16)
	a := jsonAnswer(http.StatusOK, map[string]any{"data": map[string]any{"record_type": "message", "id": id, "direction": "outbound", "type": s.Type,
		"from": map[string]string{"phone_number": s.From}, "to": to, "text": s.Text, "parts": 1, "errors": []any{}}})
	a.accepted, a.id, a.fate = true, id, how
	return a
}

// telnyx notes what a call of Telnyx's says. more is how many further messages go in its stead where it does not arrive, and full
// is false where it says nothing, or too much.
func (s *Send) telnyx(path string, o object) (more int, full bool) {
	s.From, s.Type = cmp.Or(o.text("from"), o.text("agent_id"), o.text("messaging_profile_id")), cmp.Or(o.text("type"), "SMS")
	switch {
	case strings.HasSuffix(path, "/whatsapp"):
		said := o.object("whatsapp_message")
		s.Type = "WHATSAPP"
		s.Text = cmp.Or(said.object("text").text("body"), said.object("image").text("caption"), said.object("interactive").object("body").text("text"))
		s.Template = cmp.Or(said.object("template").text("name"), said.object("template").text("template_id"))
		return 0, said != nil
	case strings.HasSuffix(path, "/rcs"):
		said := o.object("agent_message").object("content_message")
		s.Type, s.Text = "RCS", said.text("text")
		list, _ := said.object("rich_card").object("carousel_card")["card_contents"].([]any)
		for _, entry := range list {
			card, _ := entry.(object)
			s.Text = strings.TrimPrefix(s.Text+"\n"+card.text("description"), "\n")
		}
		for _, name := range []string{"sms_fallback", "mms_fallback"} {
			if o.object(name) != nil {
				more++
			}
		}
		return more, said != nil
	}
	s.Text = o.text("text")
	return 0, (s.Text != "" || o["media_urls"] != nil) && utf8.RuneCountInString(s.Text) <= 1600
}
