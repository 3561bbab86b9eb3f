package providers

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// whatsappButtons is how many reply buttons a message may have.
// Source: https://developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-reply-buttons-messages
const whatsappButtons = 3

// Compose writes a text, or with buttons an interactive message, from the phone-number id that somebody
// wrote to. Meta takes both while the customer service window is open alone. No version stands in the
// path, so that Meta reads it by the one that the app of the token is on.
// Source: https://developers.facebook.com/docs/graph-api/guides/versioning
func (w whatsapp) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	switch {
	case o.To.Channel != filter.WhatsApp:
		return fmt.Errorf("no channel %s is known of the Cloud API's", o.To.Channel)
	case !digits([]byte(o.From)):
		return errors.New("the message names no phone-number id that it could come from")
	case len(o.Buttons) > whatsappButtons:
		return errors.New("a message has at most three buttons")
	}
	out := []byte(`{"messaging_product":"whatsapp","recipient_type":"individual","`)
	if strings.HasPrefix(o.To.Address, "+") {
		out = append(out, `to":"`...)
	} else {
		out = append(out, `recipient":"`...)
	}
	out = append(escapeJSON(out, o.To.Address), `","type":"`...)
	if len(o.Buttons) == 0 {
		out = append(out, `text","text":{"preview_url":false,"body":"`...)
		out = append(escapeJSON(out, o.Text), `"}}`...)
	} else {
		out = append(out, `interactive","interactive":{"type":"button","body":{"text":"`...)
		out = append(escapeJSON(out, o.Text), `"},"action":{"buttons":[`...)
		for i, b := range o.Buttons {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, `{"type":"reply","reply":{"id":"`...)
			out = append(escapeJSON(out, b.ID), `","title":"`...)
			out = append(escapeJSON(out, b.Title), `"}}`...)
		}
		out = append(out, `]}}}`...)
	}
	posting(req, "/"+o.From+"/messages", "application/json", out)
	req.Header.Set(fasthttp.HeaderAuthorization, "Bearer "+c.Secret)
	return nil
}

// Cancel cannot be asked of Meta.
func (w whatsapp) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the one message of a send.
func (w whatsapp) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	body, ok := answer(resp)
	var j struct {
		Messages []struct {
			ID string `json:"id"`
		} `json:"messages"`
	}
	if resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &j) != nil || len(j.Messages) == 0 {
		return "", false
	}
	return j.Messages[0].ID, false
}
