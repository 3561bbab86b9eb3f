package providers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes a send from the number that somebody wrote to, or else from its messaging service.
func (t twilio) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	var prefix string
	switch o.To.Channel {
	case filter.SMS:
	case filter.WhatsApp, filter.Messenger:
		prefix = string(o.To.Channel) + ":"
	default:
		return fmt.Errorf("no channel %s is known of Twilio's", o.To.Channel)
	}
	body := escapeForm([]byte("To="), prefix+o.To.Address)
	switch {
	case o.From == "" && o.Service == "":
		return errNoSender
	case o.Service != "" && (o.From == "" || prefix == "" && strings.Trim(o.From, "+0123456789") != ""): // an RCS agent's
		body = escapeForm(append(body, "&MessagingServiceSid="...), o.Service)
	default:
		body = escapeForm(append(body, "&From="...), prefix+o.From)
	}
	body = escapeForm(append(body, "&Body="...), o.Text)
	t.post(req, "", body, c)
	return nil
}

// Cancel cancels a scheduled message, whose id begins with SM or MM.
// Source: https://www.twilio.com/docs/messaging/features/message-scheduling
func (t twilio) Cancel(req *fasthttp.Request, id string, c *Credentials) error {
	if !isSID(id, "SM") && !isSID(id, "MM") {
		return errors.New("this is no id of a message of Twilio's")
	}
	t.post(req, "/"+id, []byte("Status=canceled"), c)
	return nil
}

// post makes req a call of the Messages resource.
func (t twilio) post(req *fasthttp.Request, message string, body []byte, c *Credentials) {
	posting(req, "/2010-04-01/Accounts/"+c.Account+"/Messages"+message+".json", "application/x-www-form-urlencoded", body)
	basic(req, cmp.Or(c.User, c.Account), c.Secret)
}

// Accepted reads the Message resource, in JSON or XML.
func (t twilio) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	body, ok := answer(resp)
	if resp.StatusCode()/100 != 2 || !ok {
		return "", false
	}
	var m struct {
		Sid    string `json:"sid" xml:"Message>Sid"`
		Status string `json:"status" xml:"Message>Status"`
	}
	read := json.Unmarshal
	if body = bytes.TrimLeft(body, " \t\r\n\xEF\xBB\xBF"); len(body) > 0 && body[0] == '<' {
		read = xml.Unmarshal
	}
	if read(body, &m) != nil {
		return "", false
	}
	return m.Sid, m.Status == "scheduled"
}
