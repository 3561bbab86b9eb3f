package mock

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// The paths at which Twilio's APIs beside Messages reach people.
var (
	twilioParticipants = regexp.MustCompile(`^/v1/(Services/[^/]+/)?(Conversations/[^/]+/Participants|ConversationWithParticipants)$`)
	twilioNotification = regexp.MustCompile(`^/v1/Services/[^/]+/Notifications$`)
	twilioVerification = regexp.MustCompile(`^/v2/Services/([^/]+)/Verifications$`)
	twilioExecution    = regexp.MustCompile(`^/v[12]/Flows/([^/]+)/(?:Executions|Engagements)$`)
)

// verifyChannels are the ways of a code, which Twilio knows in lower case alone.
// https://github.com/apereo/cas/pull/6748
var verifyChannels = []string{"sms", "call", "email", "whatsapp", "sna", "auto", "rcs"}

// twilioJSON is how these answer.
var twilioJSON = twilioFormat{json: true}

// twilioForms plays a call of one of these.
func (m *Mock) twilioForms(r *http.Request, body []byte, s *Send) answer {
	if !twilioAuth(r.Header.Get("Authorization")) {
		return twilioJSON.fail(20003)
	}
	form, err := url.ParseQuery(string(body))
	if r.Method != http.MethodPost || err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return refusal("a send to Twilio is a form that is posted")
	}
	path := r.URL.EscapedPath()
	to, sid := []string{form.Get("To")}, "MB"
	s.From, s.Text = form.Get("From"), form.Get("Body")
	switch {
	case twilioParticipants.MatchString(path):
		s.From = form.Get("MessagingBinding.ProxyAddress")
		to, err = s.bound(form["Participant"], "messaging_binding")
		if address := form.Get("MessagingBinding.Address"); address != "" {
			to = append(to, address)
		}
	case twilioNotification.MatchString(path):
		to, err = s.bound(form["ToBinding"], "")
		sid = "NT"
	case twilioVerification.MatchString(path):
		sid = "VE"
		s.From = twilioVerification.FindStringSubmatch(path)[1]
		if s.Template = form.Get("TemplateSid"); s.Template == "" {
			s.Template = s.From
		}
		s.Text = form.Get("CustomMessage")
		if !slices.Contains(verifyChannels, form.Get("Channel")) {
			return twilioJSON.fail(60200)
		}
	default:
		sid = "FN"
		s.Template = twilioExecution.FindStringSubmatch(path)[1]
		if s.From == "" {
			return twilioJSON.fail(20001)
		}
	}
	if err != nil || len(to) == 0 || to[0] == "" {
		return twilioJSON.fail(20001)
	}
	s.to(to)
	return m.twilioReached(to, sid+randomHex(16))
}

// bound are the addresses in objects of JSON, of which some have none. The first sender among them is that of s.
func (s *Send) bound(objects []string, member string) (all []string, err error) {
	for _, text := range objects {
		o, err := readObject([]byte(text))
		if err != nil {
			return nil, err
		}
		if member != "" {
			o = o.object(member)
		}
		if address := o.text("address"); address != "" {
			all = append(all, address)
			s.From = cmp.Or(s.From, o.text("proxy_address"))
		}
	}
	return all, nil
}

// twilioReached is what becomes of a send to all of them.
func (m *Mock) twilioReached(to []string, sid string) answer {
	var how fate
	for _, address := range to {
		_, bare, prefixed := strings.Cut(address, ":")
		if !prefixed {
			bare = address
		}
		result, f := accepts, answered
		if number, ok := digits(bare); ok || !strings.Contains(bare, "@") {
			if result, f = m.outcome(number); len(bare) > 15 && strings.Trim(bare, "0123456789") == "" { // longer than any number
				result = accepts
			}
		}
		switch result {
		case undialable:
			return twilioJSON.fail(21211, address)
		case left:
			return twilioJSON.fail(21610)
		case limited:
			return twilioJSON.fail(20429)
		case failed, absent:
			return twilioJSON.fail(20500)
		}
		if f != answered {
			how = f
		}
	}
	a := jsonAnswer(http.StatusCreated, map[string]any{"sid": sid, "account_sid": "AC00000000000000000000000000000001", "status": "pending"})
	a.accepted, a.id, a.fate = true, sid, how
	return a
}
