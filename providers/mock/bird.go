package mock

import (
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// birdFail is an error of Bird's.
// https://github.com/messagebird/bird-sdk-go/blob/main/internal/apierror/apierror.go
func birdFail(status int, kind, name, message string) answer {
	a := jsonAnswer(status, map[string]any{"error": map[string]string{"type": kind, "code": name, "name": name, "message": message}})
	a.code, a.fault = status, name+": "+message
	return a
}

// birdInvalid is what Bird says of a message that it does not take.
func birdInvalid(message string) answer {
	return birdFail(http.StatusUnprocessableEntity, "validation_error", "invalid_request", message)
}

// bird plays one call of Bird's platform.
func (m *Mock) bird(r *http.Request, body []byte, s *Send) answer {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token == "" {
		return birdFail(http.StatusUnauthorized, "auth_error", "unauthorized", "there is no key")
	}
	part := strings.Split(r.URL.Path, "/") // "", v1, the channel and what it is
	channel, batch := part[2], part[3] == "batches"
	if r.Method != http.MethodPost || channel == "whatsapp" && batch {
		return birdFail(http.StatusNotFound, "not_found_error", "not_found", "there is no such resource")
	}
	if batch && strings.HasPrefix(strings.TrimSpace(string(body)), "[") {
		body = append(append([]byte(`{"messages":`), body...), '}')
	}
	o, err := fields(r, body, false)
	if err != nil {
		return birdFail(http.StatusBadRequest, "bad_request_error", "invalid_json", err.Error())
	}
	all := []any{o}
	if batch {
		if all, _ = o["messages"].([]any); len(all) == 0 || len(all) > 100 {
			return birdInvalid("a batch has 1 to 100 messages")
		}
	}
	var results []map[string]any
	var everybody []string
	how, accepted := answered, false
	for n, v := range all {
		message, _ := v.(object)
		var said Send
		result, to, f, bad := m.birdOne(channel, message, &said)
		if bad != nil {
			return *bad
		}
		if n == 0 {
			s.From, s.Text, s.Template, s.SendAt = said.From, said.Text, said.Template, said.SendAt
		}
		accepted = accepted || result["status"] != "rejected"
		results, everybody, how = append(results, result), append(everybody, to...), max(how, f)
	}
	s.to(everybody)
	a := jsonAnswer(http.StatusAccepted, results[0])
	if batch {
		a = jsonAnswer(http.StatusAccepted, map[string]any{"data": results, "summary": map[string]int{"accepted_count": len(results)}})
	}
	id, _ := results[0]["id"].(string)
	a.accepted, a.id, a.fate = accepted, id, how
	return a
}

// birdPerson is a number, or the id that a business has for a person.
var birdPerson = regexp.MustCompile(`^\+[0-9]{7,15}$|^[A-Z]{2}\.[0-9]{5,}$`)

// birdOne takes one message, which s is to hold; bad is why the whole call is refused.
func (m *Mock) birdOne(channel string, o object, s *Send) (result map[string]any, to []string, how fate, bad *answer) {
	refuse := func(a answer) (map[string]any, []string, fate, *answer) { return nil, nil, how, &a }
	s.From, s.Text, s.Template = o.text("from"), o.text("text"), o.object("template").text("id")
	if s.Template == "" {
		s.Template = o.object("template").text("slug") + o.object("template").text("name")
	}
	switch channel {
	case "sms":
		to = []string{o.text("to")}
		if s.Text != "" && s.Template == "" && o.text("category") == "" {
			return refuse(birdInvalid("category is required with text"))
		}
	case "whatsapp":
		to, s.Text = []string{o.text("to")}, birdCaption(o)
	case "email":
		if s.From == "" {
			s.From = o.object("from").text("email")
		}
		if html := o.text("html"); html != "" {
			s.Text = html
		}
		for _, place := range []string{"to", "cc", "bcc"} {
			to = append(to, birdMailboxes(o, place)...)
		}
	}
	var err error
	if s.SendAt, err = moment(o.text("scheduled_at")); err != nil {
		return refuse(birdInvalid("scheduled_at is no time"))
	}
	switch {
	case len(to) == 0 || to[0] == "":
		return refuse(birdInvalid("to is required"))
	case (s.Text == "") == (s.Template == "") && channel != "whatsapp":
		return refuse(birdInvalid("a message has a text or a template"))
	case channel == "sms" && utf8.RuneCountInString(s.Text) > 12*153:
		return refuse(birdInvalid("text has more than 12 segments"))
	}
	if channel == "whatsapp" && !birdPerson.MatchString(to[0]) {
		return refuse(birdFail(http.StatusUnprocessableEntity, "validation_error", "WhatsAppInvalidRecipient", "the recipient is neither a number nor an id"))
	}
	now := m.cfg.Now().UTC().Format(time.RFC3339)
	result = map[string]any{"id": channel + "_" + randomHex(13), "direction": "outbound", "status": "accepted", "to": to[0], "from": s.From,
		"text": s.Text, "category": o["category"], "created_at": now,
		"segments": map[string]any{"count": 1, "encoding": "GSM_7BIT", "characters": utf8.RuneCountInString(s.Text)}}
	how, bad = m.birdFates(channel, to, result)
	return result, to, how, bad
}

// birdFates is what becomes of a message to people of a channel, which result is to say.
func (m *Mock) birdFates(channel string, to []string, result map[string]any) (how fate, bad *answer) {
	refuse := func(a answer) (fate, *answer) { return how, &a }
	for _, address := range to {
		out, f := m.outcome(address)
		switch {
		case channel == "email":
			out, f = m.mailed(address)
		case channel == "whatsapp" && !strings.HasPrefix(address, "+"): // an id
			out, f = m.called(address)
		}
		switch how = max(how, f); out {
		case undialable:
			return refuse(birdFail(http.StatusUnprocessableEntity, "validation_error", "SMSInvalidRecipient", "the recipient cannot be routed"))
		case limited:
			return refuse(birdFail(http.StatusTooManyRequests, "rate_limit_error", "rate_limited", "slow down"))
		case failed, absent:
			return refuse(birdFail(http.StatusInternalServerError, "internal_error", "internal", "try again"))
		case left:
			result["status"] = "rejected"
			result["last_error"] = map[string]any{"code": "recipient_opted_out", "description": "the recipient opted out", "occurred_at": result["created_at"]}
		}
	}
	return how, nil
}

// birdCaption is the text of a message for WhatsApp, or what stands below what it shows.
func birdCaption(o object) string {
	if text := o.object("text").text("body") + o.object("interactive").text("body_text"); text != "" {
		return text
	}
	return o.object("image").text("caption") + o.object("video").text("caption") + o.object("document").text("caption")
}

// birdMailboxes are the addresses of a place, each of which is text or an object.
func birdMailboxes(o object, place string) (all []string) {
	list, _ := o[place].([]any)
	for _, v := range list {
		address, _ := v.(string)
		if e, ok := v.(object); ok {
			address = e.text("email")
		}
		if box, err := mail.ParseAddress(address); err == nil {
			address = box.Address
		}
		all = append(all, address)
	}
	return all
}
