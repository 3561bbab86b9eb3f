package providers

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Refuse answers 400 with the error of Google's RPC that Sinch has for it.
// Source: https://developers.sinch.com/docs/conversation/api-reference/conversation/messages
func (sinchConversation) Refuse(resp *fasthttp.Response, b *Batch) {
	status := "FAILED_PRECONDITION"
	switch b.reason() {
	case filter.Unreadable, filter.Content, filter.BadAddress:
		status = "INVALID_ARGUMENT"
	}
	out := append(b.parsed.out[:0], `{"error":{"code":400,"message":"`+marker...)
	out = append(escapeJSON(out, b.why()), `","status":"`...)
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json", append(append(out, status...), `","details":[]}}`...))
}

// Learn reads nothing: Sinch's errors have no codes beside that of HTTP, and it tells of people in reports alone.
func (sinchConversation) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) {
	return 0, nil
}

// Compose writes a text by the app, and from the number, that somebody wrote to.
func (sinchConversation) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	word := map[filter.Channel]string{filter.SMS: "SMS", filter.WhatsApp: "WHATSAPP", filter.Messenger: "MESSENGER", filter.Viber: "VIBERBM",
		filter.Telegram: "TELEGRAM", filter.LINE: "LINE"}[o.To.Channel]
	app := o.Service
	if app == "" {
		app = o.From
	}
	switch {
	case word == "":
		return fmt.Errorf("no channel %s is known of Sinch's", o.To.Channel)
	case app == "":
		return fmt.Errorf("no app is named that the message could come from")
	}
	body := append(escapeJSON([]byte(`{"app_id":"`), app), `","recipient":{"identified_by":{"channel_identities":[{"channel":"`...)
	body = append(append(body, word...), `","identity":"`...)
	body = append(escapeJSON(body, strings.TrimPrefix(o.To.Address, "+")), `"}]}},"message":{"text_message":{"text":"`...)
	body = append(escapeJSON(body, o.Text), `"}}`...)
	if word == "SMS" && o.Service != "" && o.From != "" {
		body = append(escapeJSON(append(body, `,"channel_properties":{"SMS_SENDER":"`...), o.From), `"}`...)
	}
	posting(req, "/v1/projects/"+c.Account+"/messages:send", "application/json", append(body, '}'))
	basic(req, c.User, c.Secret)
	return nil
}

// Cancel has nothing to cancel.
func (sinchConversation) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id.
func (sinchConversation) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var j struct {
		ID string `json:"message_id"`
	}
	body, ok := answer(resp)
	if resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &j) != nil {
		return "", false
	}
	return j.ID, false
}
