package mock

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// messagebirdFail is an error of MessageBird's.
// https://github.com/api-evangelist/bird/blob/main/openapi/_original/bird-sms-openapi.yml
func messagebirdFail(status, code int, description, parameter string) answer {
	type fault struct {
		Code        int     `json:"code"`
		Description string  `json:"description"`
		Parameter   *string `json:"parameter"`
	}
	f := fault{Code: code, Description: description}
	if parameter != "" {
		f.Parameter = &parameter
	}
	a := jsonAnswer(status, map[string][]fault{"errors": {f}})
	a.code, a.fault = code, description
	return a
}

// messagebird plays one call of MessageBird's REST API.
func (m *Mock) messagebird(r *http.Request, body []byte, s *Send) answer {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AccessKey "); !ok || key == "" {
		return messagebirdFail(http.StatusUnauthorized, 2, "Request not allowed (incorrect access_key)", "access_key")
	}
	if r.Method != http.MethodPost || r.URL.Path != "/messages" {
		return messagebirdFail(http.StatusNotFound, 20, "message not found", "")
	}
	o, err := fields(r, body, true, "recipients")
	if err != nil {
		return messagebirdFail(http.StatusUnprocessableEntity, 9, err.Error(), "")
	}
	all := o.texts("recipients", ",")
	s.to(all)
	s.From, s.Text = o.text("originator"), o.text("body")
	if s.SendAt, err = moment(o.text("scheduledDatetime")); err != nil {
		return messagebirdFail(http.StatusUnprocessableEntity, 9, "scheduledDatetime is no time", "scheduledDatetime")
	}
	switch {
	case s.From == "":
		return messagebirdFail(http.StatusUnprocessableEntity, 9, "originator is required", "originator")
	case s.Text == "" || utf8.RuneCountInString(s.Text) > 1377:
		return messagebirdFail(http.StatusUnprocessableEntity, 9, "body is missing, or too long", "body")
	case len(all) == 0 || len(all) > 50:
		return messagebirdFail(http.StatusUnprocessableEntity, 9, "no (correct) recipients found", "recipients")
	}
	type item struct {
		Recipient json.Number `json:"recipient"`
		Status    string      `json:"status"`
		At        string      `json:"statusDatetime"`
		Parts     int         `json:"messagePartCount"`
	}
	now := m.cfg.Now().UTC().Format(time.RFC3339)
	var items []item
	var how fate
	for _, to := range all {
		o, f := m.outcome(to)
		switch o {
		case undialable, left:
			return messagebirdFail(http.StatusUnprocessableEntity, 9, "no (correct) recipients found", "recipients")
		case limited:
			return messagebirdFail(http.StatusTooManyRequests, 0, "too many requests", "")
		case failed, absent:
			return messagebirdFail(http.StatusInternalServerError, 99, "internal error", "")
		}
		if f != answered {
			how = f
		}
		d, _ := digits(to)
		items = append(items, item{json.Number(d), "sent", now, 1})
	}
	id := randomHex(16)
	a := jsonAnswer(http.StatusCreated, map[string]any{
		"id": id, "href": "https://rest.messagebird.com/messages/" + id, "direction": "mt", "type": "sms", "originator": s.From, "body": s.Text,
		"reference": nil, "gateway": 10, "typeDetails": map[string]any{}, "datacoding": "plain", "mclass": 1, "scheduledDatetime": nil, "createdDatetime": now,
		"recipients": map[string]any{"totalCount": len(items), "totalSentCount": len(items), "totalDeliveredCount": 0, "totalDeliveryFailedCount": 0, "items": items},
	})
	a.accepted, a.id, a.fate = true, id, how
	return a
}
