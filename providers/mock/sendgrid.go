package mock

import (
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// sendgridFail is an error of SendGrid's.
// https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors
func sendgridFail(status int, message, field string) answer {
	type fault struct {
		Message string  `json:"message"`
		Field   *string `json:"field"`
		Help    *string `json:"help"`
	}
	f := fault{Message: message}
	if field != "" {
		f.Field = &field
	}
	a := jsonAnswer(status, map[string][]fault{"errors": {f}})
	a.code, a.fault = status, message
	return a
}

// sendgrid plays one call of SendGrid's Mail Send API.
func (m *Mock) sendgrid(r *http.Request, body []byte, s *Send) answer {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token == "" {
		return sendgridFail(http.StatusUnauthorized, "The provided authorization grant is invalid, expired, or revoked", "")
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v3/mail/send" {
		return sendgridFail(http.StatusNotFound, "Not Found", "")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return sendgridFail(http.StatusBadRequest, err.Error(), "")
	}
	envelopes, _ := o["personalizations"].([]any)
	if len(envelopes) == 0 || len(envelopes) > 1000 {
		return sendgridFail(http.StatusBadRequest, "You must have at least one personalization.", "personalizations")
	}
	all, fault := sendgridPeople(envelopes)
	if fault != "" {
		return sendgridFail(http.StatusBadRequest, fault, "personalizations")
	}
	s.to(all)
	s.From, s.Template = o.object("from").text("email"), o.text("template_id")
	first, _ := envelopes[0].(object)
	if own := first.object("from").text("email"); own != "" {
		s.From = own
	}
	for _, at := range []object{o, first} {
		if seconds := at.text("send_at"); seconds != "" {
			n, err := strconv.ParseInt(seconds, 10, 64)
			if err != nil {
				return sendgridFail(http.StatusBadRequest, "The send_at parameter must be a unix timestamp.", "send_at")
			}
			s.SendAt = time.Unix(n, 0).UTC()
		}
	}
	contents, _ := o["content"].([]any)
	shown := ""
	for _, c := range contents {
		part, _ := c.(object)
		if part.text("type") == "" || part.text("value") == "" {
			return sendgridFail(http.StatusBadRequest, "The content value must be a string at least one character in length.", "content.0.value")
		}
		if strings.HasPrefix(part.text("type"), "text/html") || !strings.HasPrefix(shown, "text/html") && part.text("type") != "text/calendar" {
			s.Text, shown = part.text("value"), part.text("type")
		}
	}
	switch {
	case s.From == "":
		return sendgridFail(http.StatusBadRequest, "The from object must be provided for every email send.", "from.email")
	case len(contents) == 0 && s.Template == "":
		return sendgridFail(http.StatusBadRequest, "Unless a valid template_id is provided, the content parameter is required.", "content")
	}
	return m.sendgridTake(all)
}

// sendgridPeople are the addresses of all envelopes: those of all to, then cc, then bcc. fault is a sentence.
func sendgridPeople(envelopes []any) (all []string, fault string) {
	for _, place := range []string{"to", "cc", "bcc"} {
		for _, v := range envelopes {
			e, _ := v.(object)
			people, _ := e[place].([]any)
			if place == "to" && len(people) == 0 {
				return nil, "The to array is required for all personalization objects, and must have at least one email object with a valid email address."
			}
			if _, there := e[place]; there && len(people) == 0 {
				return nil, "The " + place + " array, when used, must have at least one email object with a valid email address."
			}
			for _, p := range people {
				one, _ := p.(object)
				a, err := mail.ParseAddress(one.text("email"))
				if err != nil {
					return nil, "Does not contain a valid address."
				}
				all = append(all, strings.ToLower(a.Address))
			}
		}
	}
	if len(all) > 1000 {
		return nil, "There is a limit of 1000 total recipients (to + cc + bcc) per request."
	}
	seen := map[string]bool{}
	for _, a := range all {
		if seen[a] {
			return nil, "Each email address in the personalization block should be unique between to, cc, and bcc."
		}
		seen[a] = true
	}
	return all, ""
}

// sendgridTake accepts an e-mail to all. Whoever opted out is left out later, which the answer does not tell.
func (m *Mock) sendgridTake(all []string) answer {
	var how fate
	for _, address := range all {
		o, f := m.mailed(address)
		how = max(how, f)
		switch o {
		case undialable:
			return sendgridFail(http.StatusBadRequest, "Does not contain a valid address.", "personalizations.0.to.0.email")
		case limited:
			return sendgridFail(http.StatusTooManyRequests, "too many requests", "")
		case failed, absent:
			return sendgridFail(http.StatusInternalServerError, "internal error", "")
		}
	}
	id := randomHex(11)
	return answer{status: http.StatusAccepted, header: [][2]string{{"X-Message-Id", id}}, accepted: true, id: id, fate: how}
}
