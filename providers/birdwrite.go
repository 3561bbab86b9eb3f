package providers

import (
	"encoding/json"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes an SMS or a message by WhatsApp from the number that somebody wrote to.
func (bird) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	if o.From == "" {
		return errNoSender
	}
	switch o.To.Channel {
	case filter.SMS:
		postingJSON(req, "/v1/sms/messages", map[string]string{"to": o.To.Address, "from": o.From, "text": o.Text, "category": "service"})
	case filter.WhatsApp:
		postingJSON(req, "/v1/whatsapp/messages", map[string]any{"to": o.To.Address, "from": o.From, "text": map[string]string{"body": o.Text}})
	default:
		return fmt.Errorf("no channel %s is known of Bird's", o.To.Channel)
	}
	return nil
}

// Cancel has nothing to cancel: of what Bird sends later are e-mails alone, which the gate does not follow.
func (bird) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of a message that was not rejected at once.
func (bird) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil || m.Status == "rejected" {
		return "", false
	}
	return m.ID, false
}
