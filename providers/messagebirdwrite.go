package providers

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes an SMS from the number that somebody wrote to.
func (messagebird) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	if o.To.Channel != filter.SMS {
		return fmt.Errorf("no channel %s is known of MessageBird's", o.To.Channel)
	}
	if o.From == "" {
		return errNoSender
	}
	postingJSON(req, "/messages", map[string]any{"originator": o.From, "recipients": []string{o.To.Address[1:]}, "body": o.Text, "datacoding": "auto"})
	return nil
}

// Cancel deletes a message, which MessageBird does while it is scheduled.
// Source: https://github.com/messagebird/go-rest-api/blob/master/sms/message.go
func (messagebird) Cancel(req *fasthttp.Request, id string, _ *Credentials) error {
	if !matches([]byte(id), "*") {
		return errors.New("this is no id of a message of MessageBird's")
	}
	deleting(req, "/messages/"+id)
	return nil
}

// Accepted reads the message. One to several people cannot be cancelled for one of them, and is none to be delivered later here.
func (messagebird) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		ID         string  `json:"id"`
		At         *string `json:"scheduledDatetime"`
		Recipients struct {
			Count int `json:"totalCount"`
		} `json:"recipients"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil {
		return "", false
	}
	return m.ID, m.At != nil && *m.At != "" && m.Recipients.Count == 1
}
