package mock

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/textproto"
	"strings"
)

// mailgunFail is an error of Mailgun's.
// https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
func mailgunFail(status int, message string) answer {
	a := jsonAnswer(status, map[string]string{"message": message})
	a.code, a.fault = status, message
	return a
}

// mailgun plays one call of Mailgun's Messages API.
func (m *Mock) mailgun(r *http.Request, body []byte, s *Send) answer {
	if user, key, ok := r.BasicAuth(); !ok || user != "api" || key == "" {
		return answer{status: http.StatusUnauthorized, header: [][2]string{{"Content-Type", "text/plain"}}, body: []byte("Forbidden"), code: http.StatusUnauthorized, fault: "Forbidden"}
	}
	if r.Method != http.MethodPost {
		return mailgunFail(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind == "application/json" {
		return mailgunFail(http.StatusBadRequest, "from parameter is missing")
	}
	o, err := fields(r, body, true, "to", "cc", "bcc", "o:tag", "attachment", "inline")
	if err != nil {
		return mailgunFail(http.StatusBadRequest, err.Error())
	}
	var all []string
	for _, place := range []string{"to", "cc", "bcc"} {
		lists, _ := o[place].([]any)
		for _, list := range lists {
			people, err := mail.ParseAddressList(object{"": list}.text(""))
			if err != nil {
				return mailgunFail(http.StatusBadRequest, place+" parameter is not a valid address. please check documentation")
			}
			for _, a := range people {
				all = append(all, strings.ToLower(a.Address))
			}
		}
		if place == "to" && len(all) == 0 {
			return mailgunFail(http.StatusBadRequest, "to parameter is missing")
		}
	}
	s.to(all)
	if fault := mailgunContent(o, strings.HasSuffix(r.URL.Path, ".mime"), s); fault != "" {
		return mailgunFail(http.StatusBadRequest, fault)
	}
	if when := o.text("o:deliverytime"); when != "" {
		if s.SendAt, err = mail.ParseDate(when); err != nil {
			return mailgunFail(http.StatusBadRequest, "o:deliverytime parameter is not a valid date")
		}
	}
	if own := o.text("recipient-variables"); own != "" {
		if _, err := readObject([]byte(own)); err != nil {
			return mailgunFail(http.StatusBadRequest, "recipient-variables must be a valid JSON")
		}
	}
	return m.mailgunTake(all)
}

// mailgunContent notes what an e-mail shows. fault is a sentence.
func mailgunContent(o object, built bool, s *Send) (fault string) {
	if built {
		whole, err := mail.ReadMessage(strings.NewReader(o.text("message")))
		if err != nil {
			return "message parameter is not a valid MIME"
		}
		texts := map[string]string{}
		if err := mimeTexts(textproto.MIMEHeader(whole.Header), whole.Body, texts); err != nil {
			return "message parameter is not a valid MIME"
		}
		s.From, s.Text = whole.Header.Get("From"), texts["text/plain"]
		if html := texts["text/html"]; html != "" {
			s.Text = html
		}
		return ""
	}
	s.From, s.Template, s.Text = o.text("from"), o.text("template"), o.text("html")
	for _, other := range []string{"text", "amp-html"} {
		if s.Text == "" {
			s.Text = o.text(other)
		}
	}
	switch {
	case s.From == "":
		return "from parameter is missing"
	case s.Text == "" && s.Template == "":
		return "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
	}
	return ""
}

// mimeTexts notes the texts of a part by their types.
func mimeTexts(head textproto.MIMEHeader, body io.Reader, texts map[string]string) error {
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if err := mimeTexts(p.Header, p, texts); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(head.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	texts[kind] = string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	return err
}

// mailgunTake accepts an e-mail to all. Whoever opted out is left out later, which the answer does not tell.
func (m *Mock) mailgunTake(all []string) answer {
	var how fate
	for _, address := range all {
		o, f := m.mailed(address)
		how = max(how, f)
		switch o {
		case undialable:
			return mailgunFail(http.StatusBadRequest, "to parameter is not a valid address. please check documentation")
		case limited:
			return mailgunFail(http.StatusTooManyRequests, "Domain is not allowed to send: request limit exceeded")
		case failed, absent:
			return mailgunFail(http.StatusInternalServerError, "Internal Server Error")
		}
	}
	id := "<" + randomHex(10) + "@mail.example>"
	a := jsonAnswer(http.StatusOK, map[string]string{"id": id, "message": "Queued. Thank you."})
	a.accepted, a.id, a.fate = true, id, how
	return a
}
