package providers

import (
	"encoding/json"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes a push message. The account that it comes from is that of the token.
func (line) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	if o.To.Channel != filter.LINE {
		return fmt.Errorf("no channel %s is known of LINE's", o.To.Channel)
	}
	postingJSON(req, "/v2/bot/message/push", map[string]any{"to": o.To.Address, "messages": []map[string]string{{"type": "text", "text": o.Text}}})
	return nil
}

// Cancel answers ErrNoSchedule.
func (line) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the message.
func (line) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		Sent []struct {
			ID loose `json:"id"`
		} `json:"sentMessages"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil || len(m.Sent) == 0 {
		return "", false
	}
	return string(m.Sent[0].ID), false
}
