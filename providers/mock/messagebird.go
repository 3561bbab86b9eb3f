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

// messagebird plays one call of MessageBird's REST API. What the answer to a batch looks like, its pages do not show.
func (m *Mock) messagebird(r *http.Request, body []byte, s *Send) answer {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AccessKey "); !ok || key == "" {
		return messagebirdFail(http.StatusUnauthorized, 2, "Request not allowed (incorrect access_key)", "access_key")
	}
	batch := r.URL.Path == "/messages/batches"
	if r.Method != http.MethodPost || r.URL.Path != "/messages" && !batch {
		return messagebirdFail(http.StatusNotFound, 20, "message not found", "")
	}
	o, err := fields(r, body, !batch, "recipients")
	if err != nil {
		return messagebirdFail(http.StatusUnprocessableEntity, 9, err.Error(), "")
	}
	all := []any{o}
	if batch {
		if all, _ = o["messages"].([]any); len(all) == 0 {
			return messagebirdFail(http.StatusUnprocessableEntity, 9, "messages is missing or empty", "messages")
		}
	}
	var results []map[string]any
	var everybody []string
	how := answered
	for n, v := range all {
		message, _ := v.(object)
		var said Send
		result, to, f, bad := m.messagebirdOne(message, &said)
		if bad != nil {
			return *bad
		}
		if n == 0 {
			s.From, s.Text, s.SendAt = said.From, said.Text, said.SendAt
		}
		results, everybody, how = append(results, result), append(everybody, to...), max(how, f)
	}
	s.to(everybody)
	a := jsonAnswer(http.StatusCreated, results[0])
	if batch {
		a = jsonAnswer(http.StatusCreated, map[string]any{"items": results})
	}
	id, _ := results[0]["id"].(string)
	a.accepted, a.id, a.fate = true, id, how
	return a
}

// messagebirdOne takes one message, which s is to hold; bad is why the whole call is refused.
func (m *Mock) messagebirdOne(o object, s *Send) (result map[string]any, all []string, how fate, bad *answer) {
	refuse := func(status, code int, description, parameter string) (map[string]any, []string, fate, *answer) {
		a := messagebirdFail(status, code, description, parameter)
		return nil, nil, how, &a
	}
	all = o.texts("recipients", ",")
	s.From, s.Text = o.text("originator"), o.text("body")
	var err error
	if s.SendAt, err = moment(o.text("scheduledDatetime")); err != nil {
		return refuse(http.StatusUnprocessableEntity, 9, "scheduledDatetime is no time", "scheduledDatetime")
	}
	switch {
	case s.From == "":
		return refuse(http.StatusUnprocessableEntity, 9, "originator is required", "originator")
	case s.Text == "" || utf8.RuneCountInString(s.Text) > 1377:
		return refuse(http.StatusUnprocessableEntity, 9, "body is missing, or too long", "body")
	case len(all) == 0 || len(all) > 50:
		return refuse(http.StatusUnprocessableEntity, 9, "no (correct) recipients found", "recipients")
	}
	type item struct {
		Recipient json.Number `json:"recipient"`
		Status    string      `json:"status"`
		At        string      `json:"statusDatetime"`
		Parts     int         `json:"messagePartCount"`
	}
	now := m.cfg.Now().UTC().Format(time.RFC3339)
	var items []item
	for _, to := range all {
		o, f := m.outcome(to)
		switch o {
		case undialable, left:
			return refuse(http.StatusUnprocessableEntity, 9, "no (correct) recipients found", "recipients")
		case limited:
			return refuse(http.StatusTooManyRequests, 0, "too many requests", "")
		case failed, absent:
			return refuse(http.StatusInternalServerError, 99, "internal error", "")
		}
		if f != answered {
			how = f
		}
		d, _ := digits(to)
		items = append(items, item{json.Number(d), "sent", now, 1})
	}
	id := randomHex(16)
	return map[string]any{
		"id": id, "href": "https://rest.messagebird.com/messages/" + id, "direction": "mt", "type": "sms", "originator": s.From, "body": s.Text,
		"reference": nil, "gateway": 10, "typeDetails": map[string]any{}, "datacoding": "plain", "mclass": 1, "scheduledDatetime": nil, "createdDatetime": now,
		"recipients": map[string]any{"totalCount": len(items), "totalSentCount": len(items), "totalDeliveredCount": 0, "totalDeliveryFailedCount": 0, "items": items},
	}, all, how, nil
}
