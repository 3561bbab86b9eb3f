package providers

import (
	"encoding/json"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes a text of the bot whose token the credentials have.
func (telegram) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	if o.To.Channel != filter.Telegram {
		return fmt.Errorf("no channel %s is known of Telegram's", o.To.Channel)
	}
	postingJSON(req, "/bot"+c.Secret+"/sendMessage", map[string]any{"chat_id": json.Number(o.To.Address), "text": o.Text})
	return nil
}

// Cancel answers ErrNoSchedule.
func (telegram) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the message, which is one within its chat alone.
func (telegram) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		Result struct {
			ID loose `json:"message_id"`
		} `json:"result"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil {
		return "", false
	}
	return string(m.Result.ID), false
}
