package mock

import (
	"net/http"
	"net/mail"
	"strings"
	"time"
)

// postmarkFail is an error of Postmark's. https://postmarkapp.com/developer/api/overview#error-codes
func postmarkFail(status, code int, message string) answer {
	a := jsonAnswer(status, postmarkResult{ErrorCode: code, Message: message})
	a.code, a.fault = code, message
	return a
}

// A postmarkResult is what became of one e-mail.
type postmarkResult struct {
	To          string `json:",omitempty"`
	SubmittedAt string `json:",omitempty"`
	MessageID   string `json:",omitempty"`
	ErrorCode   int
	Message     string
}

// postmark plays one call of Postmark's Email API.
func (m *Mock) postmark(r *http.Request, body []byte, s *Send) answer {
	switch {
	case r.Header.Get("X-Postmark-Server-Token") == "":
		return postmarkFail(http.StatusUnauthorized, 10, "Bad or missing Server API token.")
	case r.Method != http.MethodPost:
		return postmarkFail(http.StatusNotFound, 404, "There is no such resource.")
	}
	path, batched := strings.TrimSuffix(r.URL.Path, "/"), true
	if path == "/email/batch" {
		body = append(append([]byte(`{"Messages":`), body...), '}')
	}
	o, err := fields(r, body, false)
	if err != nil {
		return postmarkFail(http.StatusUnprocessableEntity, 402, "Received invalid JSON input: "+err.Error())
	}
	all := []any{o}
	switch path {
	case "/email/batch", "/email/batchWithTemplates", "/email/bulk":
		all, _ = o["Messages"].([]any)
		if len(all) == 0 || len(all) > 500 && path != "/email/bulk" {
			return postmarkFail(http.StatusUnprocessableEntity, 410, "A batch has one e-mail or up to 500.")
		}
	case "/email", "/email/withTemplate":
		batched = false
	default:
		return postmarkFail(http.StatusNotFound, 404, "There is no such resource.")
	}
	return m.postmarkAll(path, o, all, batched, s)
}

// postmarkAll takes all e-mails of a call, o.
func (m *Mock) postmarkAll(path string, o object, all []any, batched bool, s *Send) answer {
	bulk := path == "/email/bulk"
	var results []postmarkResult
	var everybody []string
	var how fate
	accepted := false
	for n, v := range all {
		e, ok := v.(object)
		if !ok {
			return postmarkFail(http.StatusUnprocessableEntity, 402, "An e-mail is an object.")
		}
		content := e
		if bulk {
			content = o
		}
		result, status, to, f := m.postmarkOne(e, content)
		if status/100 == 5 || status == http.StatusTooManyRequests || status != http.StatusOK && (!batched || bulk) {
			return postmarkFail(status, result.ErrorCode, result.Message)
		}
		if n == 0 {
			s.From, s.Text, s.Template = content.text("From"), postmarkText(content), postmarkTemplate(content)
		}
		accepted = accepted || status == http.StatusOK
		results, everybody, how = append(results, result), append(everybody, to...), max(how, f)
	}
	s.to(everybody)
	id := randomHex(16)
	a := jsonAnswer(http.StatusOK, results)
	switch {
	case bulk:
		a = jsonAnswer(http.StatusOK, map[string]string{"ID": id, "Status": "Accepted", "SubmittedAt": m.cfg.Now().UTC().Format(time.RFC3339Nano)})
	case !batched:
		a, id = jsonAnswer(http.StatusOK, results[0]), results[0].MessageID
	case !accepted:
		a.code, a.fault = results[0].ErrorCode, results[0].Message
	}
	a.accepted, a.id, a.fate = accepted, id, how
	return a
}

// postmarkText is the text that people read of an e-mail.
func postmarkText(content object) string {
	if html := content.text("HtmlBody"); html != "" {
		return html
	}
	return content.text("TextBody")
}

func postmarkTemplate(content object) string {
	if alias := content.text("TemplateAlias"); alias != "" {
		return alias
	}
	return content.text("TemplateId")
}

// postmarkOne takes one e-mail, whose content may stand elsewhere than its recipients.
func (m *Mock) postmarkOne(e, content object) (result postmarkResult, status int, to []string, how fate) {
	bad := func(status, code int, message string) (postmarkResult, int, []string, fate) {
		return postmarkResult{ErrorCode: code, Message: message}, status, to, how
	}
	if from, err := mail.ParseAddress(content.text("From")); err != nil || from.Address == "" {
		return bad(http.StatusUnprocessableEntity, 300, "Invalid 'From' address.")
	}
	for _, place := range []string{"To", "Cc", "Bcc"} {
		if place != "To" && e.text(place) == "" {
			continue
		}
		list, err := mail.ParseAddressList(e.text(place))
		if err != nil {
			return bad(http.StatusUnprocessableEntity, 300, "Invalid '"+place+"' address.")
		}
		for _, a := range list {
			to = append(to, strings.ToLower(a.Address))
		}
	}
	switch {
	case len(to) > 50:
		return bad(http.StatusUnprocessableEntity, 300, "Maximum of 50 recipients allowed per email message.")
	case postmarkText(content) == "" && postmarkTemplate(content) == "":
		return bad(http.StatusUnprocessableEntity, 300, "Provide either email TextBody or HtmlBody or both.")
	}
	var inactive []string
	for _, address := range to {
		o, f := m.mailed(address)
		how = max(how, f)
		switch o {
		case undialable:
			return bad(http.StatusUnprocessableEntity, 300, "Invalid 'To' address.")
		case left:
			inactive = append(inactive, address)
		case limited:
			return bad(http.StatusTooManyRequests, 429, "Rate limit exceeded.")
		case failed:
			return bad(http.StatusInternalServerError, 500, "Internal server error.")
		case absent:
			return bad(http.StatusServiceUnavailable, 100, "Maintenance.")
		}
	}
	message, listed := "OK", strings.Join(inactive, ", ")
	switch {
	case len(inactive) == len(to):
		return bad(http.StatusUnprocessableEntity, 406, "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "+listed+
			". Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression.")
	case len(inactive) > 0:
		message = "Message OK, but will not deliver to these inactive addresses: " + listed + ". Inactive recipients are ones that have generated a hard bounce or a spam complaint."
	}
	return postmarkResult{e.text("To"), m.cfg.Now().UTC().Format(time.RFC3339Nano), randomHex(16), 0, message}, http.StatusOK, to, how
}
