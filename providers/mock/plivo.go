package mock

import (
	"cmp"
	"net/http"
	"regexp"
	"unicode/utf8"
)

var plivoPath = regexp.MustCompile(`^/v1/Account/([^/]+)/Message/?$`)

// plivoFail is an error of Plivo's. https://www.plivo.com/docs/messaging/api/overview
func plivoFail(status int, text string) answer {
	a := jsonAnswer(status, map[string]string{"api_id": randomHex(16), "error": text})
	a.code, a.fault = status, text
	return a
}

// plivo plays one call of Plivo's API.
func (m *Mock) plivo(r *http.Request, body []byte, s *Send) answer {
	if user, _, ok := r.BasicAuth(); !ok || user == "" {
		return plivoFail(http.StatusUnauthorized, "authentication failed")
	}
	if r.Method != http.MethodPost || !plivoPath.MatchString(r.URL.EscapedPath()) {
		return plivoFail(http.StatusNotFound, "not found")
	}
	o, err := fields(r, body, true)
	if err != nil {
		return plivoFail(http.StatusBadRequest, err.Error())
	}
	all := o.texts("dst", "<")
	s.to(all)
	if s.From = o.text("src"); s.From == "" {
		s.From = o.text("powerpack_uuid")
	}
	s.Text, s.Template, s.Type = cmp.Or(o.text("text"), o.object("interactive").object("body").text("text")), o.object("template").text("name"), o.text("type")
	switch {
	case len(all) == 0 || len(all) > 1000:
		return plivoFail(http.StatusBadRequest, "dst parameter is missing, or has more than 1000 numbers")
	case s.From == "":
		return plivoFail(http.StatusBadRequest, "src or powerpack_uuid is needed")
	case s.Text == "" && s.Template == "" && o["interactive"] == nil || utf8.RuneCountInString(s.Text) > 1600:
		return plivoFail(http.StatusBadRequest, "text parameter is missing, or too long")
	}
	var ids, wrong []string
	var how fate
	for _, to := range all {
		o, f := m.outcome(to)
		switch o {
		case undialable, left:
			wrong = append(wrong, to)
			continue
		case limited:
			return plivoFail(http.StatusTooManyRequests, "throttled")
		case failed, absent:
			return plivoFail(http.StatusInternalServerError, "internal error")
		}
		if f != answered {
			how = f
		}
		ids = append(ids, randomHex(16))
	}
	if len(ids) == 0 {
		return plivoFail(http.StatusBadRequest, "no valid destination")
	}
	answer := map[string]any{"api_id": randomHex(16), "message": "message(s) queued", "message_uuid": ids}
	if len(wrong) > 0 {
		answer["invalid_number"] = wrong
	}
	a := jsonAnswer(http.StatusAccepted, answer)
	a.accepted, a.id, a.fate = true, ids[0], how
	return a
}
