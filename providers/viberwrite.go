package providers

import (
	"encoding/json"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// viberName is how many characters the name of a sender has.
const viberName = 28

// Compose writes a text of the bot whose token the credentials have, under the name of the business.
// Source: https://developers.viber.com/docs/api/rest-bot-api/#send-message
func (viber) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	if o.To.Channel != filter.Viber {
		return fmt.Errorf("no channel %s is known of Viber's", o.To.Channel)
	}
	name := []rune(o.Name)
	postingJSON(req, "/pa/send_message", map[string]any{"receiver": o.To.Address, "type": "text", "text": o.Text,
		"sender": map[string]string{"name": string(name[:min(len(name), viberName)])}})
	return nil
}

// Cancel answers ErrNoSchedule.
func (viber) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the token of the message, which is a number. A refusal has status 200, too, and none.
func (viber) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		Status int   `json:"status"`
		Token  loose `json:"message_token"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil || m.Status != 0 {
		return "", false
	}
	return string(m.Token), false
}
