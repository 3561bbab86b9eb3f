package mock

import (
	"net/http"
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
	s.to(all)
	if s.From = o.text("from"); s.From == "" {
		s.From = o.text("messaging_profile_id")
	}
	s.Text, s.Type = o.text("text"), o.text("type")
	if s.SendAt, err = moment(o.text("send_at")); err != nil {
		return telnyxFail(http.StatusUnprocessableEntity, 10015, "Bad Request", "send_at is no time")
	}
	group := strings.HasSuffix(r.URL.Path, "/group_mms")
	switch {
	case len(all) == 0 || len(all) > 8 || (o["to"] != any(all[0])) != group:
		return telnyxFail(http.StatusUnprocessableEntity, 10004, "Missing required parameter", "to is one number, or for a group up to eight")
	case s.From == "":
		return telnyxFail(http.StatusUnprocessableEntity, 10004, "Missing required parameter", "from")
	case s.Text == "" && o["media_urls"] == nil || utf8.RuneCountInString(s.Text) > 1600:
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
	a := jsonAnswer(http.StatusOK, map[string]any{"data": map[string]any{"record_type": "message", "id": id, "direction": "outbound", "type": "SMS",
		"from": map[string]string{"phone_number": s.From}, "to": to, "text": s.Text, "parts": 1, "errors": []any{}}})
	a.accepted, a.id, a.fate = true, id, how
	return a
}
