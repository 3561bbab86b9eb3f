package providers

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes an SMS or a message by WhatsApp from the number that somebody wrote to.
func (infobip) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	from, to := strings.TrimPrefix(o.From, "+"), strings.TrimPrefix(o.To.Address, "+")
	switch {
	case from == "":
		return errNoSender
	case o.To.Channel == filter.SMS:
		one := map[string]any{"sender": from, "destinations": []any{map[string]string{"to": to}}, "content": map[string]string{"text": o.Text}}
		postingJSON(req, "/sms/3/messages", map[string]any{"messages": []any{one}})
	case o.To.Channel == filter.WhatsApp:
		postingJSON(req, "/whatsapp/1/message/text", map[string]any{"from": from, "to": to, "content": map[string]string{"text": o.Text}})
	default:
		return fmt.Errorf("no channel %s is known of Infobip's", o.To.Channel)
	}
	return nil
}

// Cancel has nothing to cancel: what Infobip sends later it cancels by the id of a bulk, which the answer to one message
// does not tell.
func (infobip) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the one message, unless it was rejected, in a status of 200.
func (infobip) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	type message struct {
		ID     string `json:"messageId"`
		Status struct {
			Group int `json:"groupId"`
		} `json:"status"`
	}
	var all struct {
		message
		Messages []message `json:"messages"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &all) != nil {
		return "", false
	}
	one := all.message
	if len(all.Messages) == 1 {
		one = all.Messages[0]
	}
	if one.Status.Group == 2 || one.Status.Group == 5 { // undeliverable, rejected
		return "", false
	}
	return one.ID, false
}
