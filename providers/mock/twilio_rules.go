package mock

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of Twilio's API, https://www.twilio.com/docs/messaging/api/message-resource and
// https://www.twilio.com/docs/api/errors/35115.
const (
	twilioText     = 1600 // characters of Body
	twilioMedia    = 10   // MediaUrl parameters
	twilioSoonest  = 300 * time.Second
	twilioLatest   = 35 * 24 * time.Hour
	twilioSenderID = 11 // characters of an alphanumeric sender
)

// twilioSend plays a call of the Messages list resource: the rules in Twilio's order of asking,
// recipient, sender, content, schedule.
func (m *Mock) twilioSend(f twilioFormat, account string, form url.Values, s *Send) answer {
	s.To, s.From, s.Text, s.Template = form.Get("To"), form.Get("From"), form.Get("Body"), form.Get("ContentSid")
	if s.From == "" {
		s.From = form.Get("MessagingServiceSid")
	}
	if strings.TrimSpace(s.To) == "" {
		return f.fail(21604)
	}
	number, ok := twilioTo(s.To)
	if !ok || len(form["To"]) > 1 {
		return f.fail(21211, strings.Join(form["To"], ", "))
	}
	if code, about := twilioFrom(form); code != 0 {
		return f.fail(code, about)
	}
	if code, about := twilioContent(form); code != 0 {
		return f.fail(code, about)
	}
	code, about := twilioSchedule(form, s)
	if code != 0 {
		return f.fail(code, about)
	}
	if form.Has("SendAt") && !form.Has("ScheduleType") {
		return refusal("SendAt without ScheduleType: would it be scheduled or sent at once?")
	}
	fate := m.fate(number)
	if fate.Twilio != 0 {
		return f.fail(fate.Twilio, s.To)
	}
	t := newMessage(account, form, m.cfg.Now())
	if !strings.HasPrefix(t.To, "whatsapp:") && m.departed.has(twilioSender(&t), number) {
		return f.fail(21610)
	}
	a := f.resource(http.StatusCreated, t)
	a.accepted, a.id, a.message, a.fate = true, t.Sid, &t, fate.fate
	a.follows = m.twilioFollows(&t, form, number)
	return a
}

var userID = regexp.MustCompile(`^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$`)

// twilioTo checks a To, and returns the digits of its number if it has one.
// https://www.twilio.com/docs/messaging/channels
func twilioTo(to string) (number string, ok bool) {
	channel, address, prefixed := strings.Cut(to, ":")
	if !prefixed {
		return digits(to)
	}
	switch strings.ToLower(strings.TrimSpace(channel)) {
	case "whatsapp":
		if userID.MatchString(address) {
			return "", true
		}
		return digits(address)
	case "rcs":
		return digits(address)
	case "messenger", "apple", "sim", "client":
		return "", address != ""
	default:
		return "", false
	}
}

var (
	shortCode = regexp.MustCompile(`^[0-9]{3,8}$`)
	senderID  = regexp.MustCompile(`^[A-Za-z0-9 &+._-]*[A-Za-z][A-Za-z0-9 &+._-]*$`)
)

// twilioFrom checks the sender: a number, short code, alphanumeric id, channel address or
// Messaging Service.
func twilioFrom(form url.Values) (code int, about string) {
	from, service := form.Get("From"), form.Get("MessagingServiceSid")
	if from == "" && service == "" {
		return 21603, ""
	}
	if service != "" && !serviceSid.MatchString(service) {
		return 21701, service
	}
	if from == "" || serviceSid.MatchString(from) || shortCode.MatchString(from) {
		return 0, ""
	}
	if channel, address, prefixed := strings.Cut(from, ":"); prefixed {
		to, _, _ := strings.Cut(form.Get("To"), ":")
		if address == "" || !strings.EqualFold(channel, to) {
			return 21212, from
		}
		return 0, ""
	}
	if number, ok := digits(from); ok {
		return magicSenders[number], from
	}
	if !senderID.MatchString(from) || len(from) > twilioSenderID {
		return 21212, from
	}
	return 0, ""
}

// twilioContent checks text, media and template.
func twilioContent(form url.Values) (code int, about string) {
	body, content, variables := form.Get("Body"), form.Get("ContentSid"), form.Get("ContentVariables")
	media := form["MediaUrl"]
	switch {
	case body != "" && variables != "":
		return 35127, ""
	case variables != "" && content == "":
		return 21654, ""
	case content != "" && !contentSid.MatchString(content):
		return 21655, content
	case body == "" && content == "" && len(media) == 0:
		return 21602, ""
	case utf8.RuneCountInString(body) > twilioText:
		return 21617, ""
	case len(media) > twilioMedia:
		return 21623, ""
	}
	if variables != "" {
		if err := json.Unmarshal([]byte(variables), &map[string]any{}); err != nil {
			return 21656, err.Error()
		}
	}
	for _, link := range media {
		u, err := url.Parse(link)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return 21620, link
		}
	}
	return 0, ""
}

// twilioSchedule checks a scheduled send and notes its time in s.
// https://www.twilio.com/docs/messaging/features/message-scheduling
func twilioSchedule(form url.Values, s *Send) (code int, about string) {
	if !form.Has("ScheduleType") {
		return 0, ""
	}
	if kind := form.Get("ScheduleType"); kind != "fixed" {
		return 35126, kind
	}
	if form.Get("MessagingServiceSid") == "" && !serviceSid.MatchString(form.Get("From")) {
		return 35118, ""
	}
	written := form.Get("SendAt")
	if written == "" {
		return 35111, ""
	}
	at, err := time.Parse(time.RFC3339, written)
	if err != nil {
		return 35114, written
	}
	if ahead := at.Sub(s.Time); ahead < twilioSoonest || ahead > twilioLatest {
		return 35115, ""
	}
	s.SendAt = at
	return 0, ""
}

// twilioRead plays the reads: the list of messages, newest first, or one of them.
func (m *Mock) twilioRead(f twilioFormat, r *http.Request, account, id string) answer {
	if !f.json {
		return refusal("only the .json form of reads is played")
	}
	found := []*twilioMessage{}
	for _, s := range m.Sends() {
		if s.message == nil || s.message.AccountSid != account {
			continue
		}
		if id == s.ID {
			return jsonAnswer(http.StatusOK, s.message)
		}
		found = append(found, s.message)
	}
	slices.Reverse(found)
	if id != "" {
		return f.fail(20404, r.URL.EscapedPath())
	}
	first := "/2010-04-01/Accounts/" + account + "/Messages.json?PageSize=50&Page=0"
	return jsonAnswer(http.StatusOK, map[string]any{
		"messages": found, "page": 0, "page_size": 50, "start": 0, "end": max(0, len(found)-1), "uri": first,
		"first_page_uri": first, "next_page_uri": nil, "previous_page_uri": nil,
	})
}

// twilioUpdate plays a call of one Message resource: cancel a scheduled message, or redact one.
// It sends nothing.
func (m *Mock) twilioUpdate(f twilioFormat, r *http.Request, id string, form url.Values) answer {
	sends := m.Sends()
	i := slices.IndexFunc(sends, func(s Send) bool { return s.message != nil && s.ID == id })
	if i < 0 {
		return f.fail(20404, r.URL.EscapedPath())
	}
	t := *sends[i].message
	switch {
	case form.Get("Status") == "canceled" && t.Status != "scheduled":
		return f.fail(30409)
	case form.Get("Status") == "canceled":
		t.Status = "canceled"
	case form.Has("Body") && form.Get("Body") == "":
		t.Body = new(string)
	default:
		return refusal("an update may cancel a scheduled message (Status=canceled) or redact one (Body=)")
	}
	m.kept.update(sends[i].Seq, func(s *Send) { s.message = &t })
	return f.resource(http.StatusOK, t)
}
