package mock

import (
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

var sinchSMSPath = regexp.MustCompile(`^/xms/v1/[A-Za-z0-9-]+/batches(?:/([A-Za-z0-9_]+))?$`)

// sinchSMSFail is an error of Sinch's SMS API.
// https://developers.sinch.com/docs/sms/api-reference/status-codes
func sinchSMSFail(status int, code, text string) answer {
	a := jsonAnswer(status, map[string]string{"code": code, "text": text})
	a.code, a.fault = status, code+": "+text
	return a
}

// sinchSMS plays one call of Sinch's SMS API.
func (m *Mock) sinchSMS(r *http.Request, body []byte, s *Send) answer {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token == "" {
		a := answer{status: http.StatusUnauthorized}
		a.code, a.fault = http.StatusUnauthorized, "no token"
		return a
	}
	path := sinchSMSPath.FindStringSubmatch(r.URL.EscapedPath())
	if path == nil || r.Method != http.MethodPost && r.Method != http.MethodPut || r.Method == http.MethodPut && path[1] == "" {
		return sinchSMSFail(http.StatusNotFound, "not_found", "there is no such resource")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return sinchSMSFail(http.StatusBadRequest, "syntax_invalid_json", err.Error())
	}
	change := r.Method == http.MethodPost && path[1] != ""
	key := "to"
	if change {
		key = "to_add"
	}
	all := o.texts(key, "")
	s.to(all)
	s.From, s.Type = o.text("from"), o.text("type")
	if s.Type != "mt_binary" {
		if s.Text = o.text("body"); s.Text == "" {
			s.Text = o.object("body").text("message")
		}
	}
	s.Text = filled(s.Text, o.object("parameters"), s.To)
	if s.SendAt, err = moment(o.text("send_at")); err != nil {
		return sinchSMSFail(http.StatusBadRequest, "syntax_invalid_parameter_format", "send_at is no time")
	}
	switch {
	case !change && (len(all) == 0 || len(all) > 1000):
		return sinchSMSFail(http.StatusBadRequest, "syntax_constraint_violation", "to has 1 to 1000 recipients")
	case !change && o["body"] == nil, utf8.RuneCountInString(s.Text) > 2000:
		return sinchSMSFail(http.StatusBadRequest, "syntax_constraint_violation", "body is needed, and has up to 2000 characters")
	case s.Type != "" && s.Type != "mt_text" && s.Type != "mt_binary" && s.Type != "mt_media":
		return sinchSMSFail(http.StatusBadRequest, "syntax_constraint_violation", "type is none of Sinch's")
	}
	how := answered
	for _, to := range all {
		o, f := m.outcome(to)
		switch o {
		case undialable, left:
			return sinchSMSFail(http.StatusBadRequest, "syntax_invalid_parameter_format", "to: invalid MSISDN or group id")
		case limited:
			return sinchSMSFail(http.StatusTooManyRequests, "too_many_requests", "slow down")
		case failed, absent:
			return sinchSMSFail(http.StatusInternalServerError, "internal_error", "try again")
		}
		if f != answered {
			how = f
		}
	}
	id := strings.ToUpper("01" + randomHex(12))
	now := m.cfg.Now().UTC()
	reply := map[string]any{"id": id, "to": all, "from": s.From, "canceled": false, "body": o["body"], "type": "mt_text",
		"created_at": now.Format(time.RFC3339), "modified_at": now.Format(time.RFC3339), "delivery_report": "none", "flash_message": false}
	for _, key := range []string{"type", "parameters", "send_at", "expire_at", "client_reference", "delivery_report"} {
		if o[key] != nil {
			reply[key] = o[key]
		}
	}
	status := http.StatusCreated
	if path[1] != "" {
		status = http.StatusOK
	}
	a := jsonAnswer(status, reply)
	a.accepted, a.id, a.fate = true, id, how
	return a
}

// filled is a text with what each ${name} stands for to a recipient.
func filled(text string, parameters object, to string) string {
	for name := range parameters {
		values := parameters.object(name)
		value, ok := values[to].(string)
		if !ok {
			value, ok = values["default"].(string)
		}
		if ok {
			text = strings.ReplaceAll(text, "${"+name+"}", value)
		}
	}
	return text
}
