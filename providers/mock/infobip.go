package mock

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// An infobipMessage is what one call of Infobip says of some recipients.
type infobipMessage struct {
	to                   []string
	from, text, template string
	binary               bool
	failover             []string // whom it reaches by another channel too
}

// infobipStatuses are what becomes of a message by its recipient.
// https://github.com/api-evangelist/infobip/blob/main/errors/infobip-error-codes.yml
var infobipStatuses = map[outcome]object{
	accepts:    {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED", "description": "Message sent to next instance"},
	undialable: {"groupId": 5, "groupName": "REJECTED", "id": 52, "name": "REJECTED_DESTINATION", "description": "Destination is invalid"},
	left:       {"groupId": 5, "groupName": "REJECTED", "id": 14, "name": "REJECTED_DESTINATION_BLOCKLISTED", "description": "Destination is on a blocklist"},
}

// infobipFail is an error of Infobip's about a request.
func infobipFail(v3 bool, status int, code, text string) answer {
	a := jsonAnswer(status, object{"requestError": object{"serviceException": object{"messageId": code, "text": text}}})
	if v3 {
		a = jsonAnswer(status, object{"errorCode": "E400", "description": text, "action": "Check the request.", "violations": []any{}, "resources": []any{}})
	}
	a.code, a.fault = status, text
	return a
}

// infobipKey is how a caller shows who they are.
var infobipKey = regexp.MustCompile(`^(App|Basic|IBSSO|Bearer) \S+$`)

// infobip plays one call of Infobip's.
func (m *Mock) infobip(r *http.Request, body []byte, s *Send) answer {
	path := r.URL.Path
	v3 := strings.HasPrefix(path, "/sms/3/") || strings.HasPrefix(path, "/messages-api/")
	query := r.URL.Query()
	if !infobipKey.MatchString(r.Header.Get("Authorization")) && (v3 || query.Get("username") == "" || query.Get("password") == "") {
		return infobipFail(v3, http.StatusUnauthorized, "UNAUTHORIZED", "Invalid login details")
	}
	var o object
	var err error
	switch asks := strings.HasSuffix(path, "/text/query"); {
	case asks && r.Method == http.MethodGet && len(body) == 0:
		o = infobipQuery(query)
	case asks || r.Method != http.MethodPost:
		return infobipFail(v3, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "Request method is not supported")
	default:
		if o, err = fields(r, body, false); err != nil {
			return infobipFail(v3, http.StatusBadRequest, "BAD_REQUEST", err.Error())
		}
	}
	if path == "/2fa/2/pin" {
		return m.infobipPIN(o, s)
	}
	all, fault := infobipMessages(path, o)
	if fault == "" {
		fault = s.infobip(o, all)
	}
	if fault != "" {
		return infobipFail(v3, http.StatusBadRequest, "BAD_REQUEST", fault)
	}
	return m.infobipSend(path, v3, all, s)
}

// infobipQuery is the query of a send as the body of another.
func infobipQuery(query url.Values) object {
	o := object{"from": query.Get("from"), "text": query.Get("text"), "sendAt": query.Get("sendAt")}
	var to []any
	for _, values := range query["to"] {
		for one := range strings.SplitSeq(values, ",") {
			to = append(to, one)
		}
	}
	o["to"] = to
	return o
}

// infobipMessages reads the messages of a call. A fault is a sentence.
func infobipMessages(path string, o object) (all []infobipMessage, fault string) {
	entries, several := o["messages"].([]any)
	if !several {
		entries = []any{o}
	}
	one := strings.HasPrefix(path, "/whatsapp/1/message/") && !strings.HasSuffix(path, "/template") || strings.HasPrefix(path, "/sms/") &&
		(strings.HasSuffix(path, "/single") || strings.HasSuffix(path, "/query"))
	if one == several {
		return nil, "messages: may be there for several alone"
	}
	for _, each := range entries {
		e, _ := each.(object)
		content := e.object("content")
		x := infobipMessage{to: e.texts("to", ""), from: e.text("from") + e.text("sender"), text: e.text("text") + content.text("text") + content.text("caption")}
		x.text += content.object("body").text("text")
		x.template = content.text("templateName") + e.object("template").text("templateName")
		x.binary = content.text("hex") != "" || e.object("binary").text("hex") != "" || content.text("mediaUrl") != ""
		list, _ := e["destinations"].([]any)
		for _, d := range list {
			to, _ := d.(object)
			x.to = append(x.to, to.text("to"))
		}
		if sms := e.object("smsFailover"); sms != nil {
			if sms.text("from") == "" || sms.text("text") == "" {
				return nil, "smsFailover: must have from and text"
			}
			x.failover = append(x.failover, x.to...)
		}
		others, _ := e["failover"].([]any)
		for range others {
			x.failover = append(x.failover, x.to...)
		}
		switch {
		case len(x.to) == 0:
			return nil, "messages[0].destinations: must not be empty"
		case x.text == "" && x.template == "" && !x.binary:
			return nil, "messages[0].content: must not be null"
		case utf8.RuneCountInString(x.text) > 25*153:
			return nil, "messages[0].content.text: is too long"
		case strings.HasPrefix(path, "/messages-api/") && e.text("channel") == "":
			return nil, "messages[0].channel: must not be null"
		}
		all = append(all, x)
	}
	return all, ""
}

// infobip notes what a call sends. A fault is a sentence.
func (s *Send) infobip(o object, all []infobipMessage) (fault string) {
	var to, others []string
	for _, x := range all {
		to, others = append(to, x.to...), append(others, x.failover...)
	}
	s.to(append(to, others...))
	s.From, s.Text, s.Template = all[0].from, all[0].text, all[0].template
	when := o.text("sendAt") + o.object("options").object("schedule").text("sendAt")
	if list, _ := o["messages"].([]any); len(list) > 0 {
		first, _ := list[0].(object)
		when += first.text("sendAt")
	}
	if when == "" {
		return ""
	}
	at, err := time.Parse("2006-01-02T15:04:05.000Z0700", when)
	if err != nil {
		return "sendAt: has a wrong format"
	}
	s.SendAt = at
	return ""
}

// infobipSend tells what becomes of each message.
func (m *Mock) infobipSend(path string, v3 bool, all []infobipMessage, s *Send) (a answer) {
	key := "to"
	if v3 {
		key = "destination"
	}
	var results []any
	var how fate
	code, id := 0, ""
	for _, x := range all {
		for _, to := range x.to {
			o, f := m.outcome(to)
			if o == limited || o == failed || o == absent {
				return infobipFail(v3, map[outcome]int{limited: 429, failed: 500, absent: 503}[o], "GENERAL_ERROR", "Something went wrong. Please contact support.")
			}
			status := infobipStatuses[o]
			one := randomHex(16)
			if how = max(how, f); o == accepts {
				id = one
			} else {
				code, _ = status["id"].(int)
			}
			results = append(results, object{"messageId": one, key: to, "status": status})
		}
	}
	reply := object{"messages": results}
	if strings.HasPrefix(path, "/whatsapp/1/message/") && !strings.HasSuffix(path, "/template") {
		reply, _ = results[0].(object)
		reply["messageCount"] = 1
	} else if len(results) > 1 {
		reply["bulkId"] = randomHex(8)
	}
	a = jsonAnswer(http.StatusOK, reply)
	if a.accepted, a.id, a.fate = id != "", id, how; !a.accepted {
		a.code, a.fault = code, "every message was rejected"
	}
	return a
}

// infobipPIN sends a PIN.
func (m *Mock) infobipPIN(o object, s *Send) answer {
	s.To, s.From, s.Template = o.text("to"), o.text("from"), o.text("messageId")
	if o.text("applicationId") == "" || s.Template == "" || s.To == "" {
		return infobipFail(false, http.StatusBadRequest, "BAD_REQUEST", "applicationId, messageId and to must not be null")
	}
	if what, _ := m.outcome(s.To); what != accepts {
		return jsonAnswer(http.StatusOK, object{"to": s.To, "smsStatus": "MESSAGE_NOT_SENT", "ncStatus": "NC_DESTINATION_UNKNOWN"})
	}
	id := randomHex(16)
	a := jsonAnswer(http.StatusOK, object{"pinId": id, "to": s.To, "smsStatus": "MESSAGE_SENT", "ncStatus": "NC_DESTINATION_REACHABLE"})
	a.accepted, a.id = true, id
	return a
}
