package mock

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// viberUser is the id of a user: base64 of 16 bytes.
var viberUser = regexp.MustCompile(`^[A-Za-z0-9+/]{22}==$`)

// viberStatus is an answer of Viber's, whose errors have status 200.
// https://developers.viber.com/docs/api/rest-bot-api/#error-codes
func viberStatus(code int, text string) answer {
	a := jsonAnswer(http.StatusOK, map[string]any{"status": code, "status_message": text, "chat_hostname": "SN-CHAT-00"})
	if code != 0 {
		a.code, a.fault = code, text
	}
	return a
}

// viber plays one call of Viber's REST API.
func (m *Mock) viber(r *http.Request, body []byte, s *Send) answer {
	many := r.URL.Path == "/pa/broadcast_message"
	if r.Method != http.MethodPost || !many && r.URL.Path != "/pa/send_message" {
		return viberStatus(1, "invalidUrl")
	}
	if r.Header.Get("Content-Type") == "" { // as its Python library leaves it
		r.Header.Set("Content-Type", "application/json")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return viberStatus(3, "badData: "+err.Error())
	}
	if r.Header.Get("X-Viber-Auth-Token") == "" && o.text("auth_token") == "" {
		return viberStatus(2, "invalidAuthToken")
	}
	key := "receiver"
	if many {
		key = "broadcast_list"
	}
	all := o.texts(key, "")
	s.to(all)
	s.Text, s.Type = o.text("text"), o.text("type")
	sender := o.object("sender").text("name")
	switch {
	case len(all) == 0, s.Type == "", s.Type == "text" && s.Text == "":
		return viberStatus(4, "missingData")
	case len(all) > 300, !many && len(all) > 1, len(body) > 30<<10, utf8.RuneCountInString(s.Text) > 7000, sender == "" || utf8.RuneCountInString(sender) > 28:
		return viberStatus(3, "badData")
	}
	refused := []map[string]any{}
	var how fate
	for _, to := range all {
		status, text := 5, "receiverNotRegistered"
		if viberUser.MatchString(to) {
			o, f := m.called(strings.TrimLeft(strings.TrimSuffix(to, "=="), "A"))
			how = max(how, f)
			switch o {
			case accepts:
				continue
			case left:
				status, text = 6, "receiverNotSubscribed"
			case limited:
				return viberStatus(12, "tooManyRequests")
			case failed, absent:
				return viberStatus(1, "generalError")
			}
		}
		if !many {
			return viberStatus(status, text)
		}
		refused = append(refused, map[string]any{"receiver": to, "status": status, "status_message": text})
	}
	n, _ := strconv.ParseInt(randomHex(6), 16, 64) // hexadecimal digits
	id := strconv.FormatInt(n, 10)
	reply := map[string]any{"status": 0, "status_message": "ok", "message_token": json.Number(id), "chat_hostname": "SN-CHAT-00"}
	if many {
		reply["failed_list"] = refused
	}
	a := jsonAnswer(http.StatusOK, reply)
	a.accepted, a.id, a.fate = true, id, how
	return a
}
