package mock

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// vonageMessagesKinds are the message types of channels.
// https://developer.vonage.com/en/api/messages
var vonageMessagesKinds = map[string]string{
	"sms": "text", "mms": "text image vcard audio video file content", "rcs": "text image video file card carousel custom",
	"whatsapp": "text image audio video file template sticker reaction custom", "messenger": "text image audio video file",
	"viber_service": "text image video file",
}

// vonageProblem is an error of Vonage's, in the form of RFC 7807.
func vonageProblem(status, code int, title, detail string) answer {
	a := jsonAnswer(status, map[string]string{"type": "https://developer.vonage.com/api-errors/messages#" + strconv.Itoa(code),
		"title": title, "detail": detail, "instance": randomHex(16)})
	a.mime = "application/problem+json"
	a.code, a.fault = code, title+": "+detail
	return a
}

// vonageMessage is what is wrong with one message; empty for nothing.
func vonageMessage(o object) string {
	kinds, known := vonageMessagesKinds[o.text("channel")]
	kind := o.text("message_type")
	switch {
	case !known:
		return "channel is not one of Vonage's"
	case kind == "" || !strings.Contains(" "+kinds+" ", " "+kind+" "):
		return "message_type is none of the channel's"
	case o.text("to") == "" || o.text("from") == "":
		return "to and from are needed"
	case o[kind] == nil || o[kind] == "":
		return kind + " is needed"
	case utf8.RuneCountInString(o.text("text")) > 4096:
		return "text is too long"
	}
	return ""
}

// vonageMessagesFate are the errors that become of a recipient.
var vonageMessagesFate = map[outcome]struct {
	status, code int
	title        string
}{
	undialable: {422, 1170, "Invalid or Missing Msisdn Param"}, left: {422, 1240, "Illegal Number"}, limited: {429, 1000, "Throttled"},
	failed: {500, 1030, "Internal error"}, absent: {503, 1030, "Internal error"},
}

// vonageMessages plays one call of Vonage's Messages API.
func (m *Mock) vonageMessages(r *http.Request, body []byte, s *Send) answer {
	_, _, basic := r.BasicAuth()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !basic && (!ok || token == "") {
		a := vonageProblem(http.StatusUnauthorized, 0, "Unauthorized", "You did not provide correct credentials.")
		a.code = http.StatusUnauthorized
		return a
	}
	if r.Method == http.MethodPatch {
		return answer{status: http.StatusNoContent}
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/messages" {
		return vonageProblem(http.StatusNotFound, 404, "Not Found", "")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return vonageProblem(http.StatusUnprocessableEntity, 1020, "Invalid params", err.Error())
	}
	all := []string{o.text("to")}
	s.From, s.Type, s.Template = o.text("from"), o.text("message_type"), o.object("template").text("name")
	if s.Text = o.text("text"); s.Type != "text" {
		s.Text = o.object(s.Type).text("caption")
	}
	if s.Type == "custom" {
		s.Template = o.object("custom").object("template").text("name")
		s.Text = o.object("custom").object("interactive").object("body").text("text")
	}
	if s.Type == "content" {
		s.Text = captions(o["content"])
	}
	wrong := vonageMessage(o)
	failover, _ := o["failover"].([]any)
	for i := range failover {
		further, ok := failover[i].(object)
		if !ok {
			return vonageProblem(http.StatusUnprocessableEntity, 1020, "Invalid params", "failover is no list of messages")
		}
		if fault := vonageMessage(further); fault != "" && wrong == "" {
			wrong = fmt.Sprintf("failover[%d]: %s", i, fault)
		}
		all = append(all, further.text("to"))
	}
	s.to(all)
	if wrong != "" || o["failover"] != nil && len(failover) == 0 {
		return vonageProblem(http.StatusUnprocessableEntity, 1020, "Invalid params", wrong)
	}
	how, f := accepts, answered
	if to := strings.TrimPrefix(all[0], "+"); o.text("channel") != "messenger" && strings.Trim(to, "0123456789") == "" {
		how, f = m.outcome(to)
	}
	if v, ok := vonageMessagesFate[how]; ok {
		return vonageProblem(v.status, v.code, v.title, "")
	}
	id := randomHex(4) + "-" + randomHex(2) + "-4" + randomHex(2)[1:] + "-a" + randomHex(2)[1:] + "-" + randomHex(6)
	reply := map[string]string{"message_uuid": id}
	if len(failover) > 0 {
		reply["workflow_id"] = "3TcNjguHxr2vcCZ9Ddsnq6tw8yQUpZ9rMHv9QXSxLan5ibMxqSzLdx9"
	}
	a := jsonAnswer(http.StatusAccepted, reply)
	a.accepted, a.id, a.fate = true, id, f
	return a
}

// captions are those of several files, line by line.
func captions(list any) string {
	var all []string
	files, _ := list.([]any)
	for _, file := range files {
		if o, ok := file.(object); ok && o.text("caption") != "" {
			all = append(all, o.text("caption"))
		}
	}
	return strings.Join(all, "\n")
}
