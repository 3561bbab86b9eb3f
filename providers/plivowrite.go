package providers

import (
	"encoding/json"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes a message from the number that somebody wrote to, by SMS or WhatsApp.
func (plivo) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	m := map[string]string{"src": o.From, "dst": o.To.Address, "text": o.Text}
	switch {
	case o.To.Channel != filter.SMS && o.To.Channel != filter.WhatsApp:
		return fmt.Errorf("no channel %s is known of Plivo's", o.To.Channel)
	case o.From == "":
		return errNoSender
	case o.To.Channel == filter.WhatsApp:
		m["type"] = "whatsapp"
	}
	postingJSON(req, "/v1/Account/"+c.Account+"/Message/", m)
	return nil
}

// Cancel answers ErrNoSchedule.
func (plivo) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the first message.
func (plivo) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		IDs []string `json:"message_uuid"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil || len(m.IDs) == 0 {
		return "", false
	}
	return m.IDs[0], false
}
