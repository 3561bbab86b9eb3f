package providers

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes an SMS from the number that somebody wrote to, or else from its messaging profile, or a text on WhatsApp from
// the number.
func (telnyx) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	m := map[string]string{"to": o.To.Address, "text": o.Text}
	switch {
	case o.To.Channel == filter.WhatsApp && o.From != "":
		said := map[string]any{"type": "text", "text": map[string]string{"body": o.Text}}
		postingJSON(req, "/v2/messages/whatsapp", map[string]any{"from": o.From, "to": o.To.Address, "whatsapp_message": said})
		return nil
	case o.To.Channel == filter.WhatsApp:
		return errNoSender
	case o.To.Channel != filter.SMS:
		return fmt.Errorf("no channel %s is known of Telnyx's", o.To.Channel)
	case o.From != "" && strings.Trim(o.From, "+0123456789") == "": // and no agent of RCS
		m["from"] = o.From
	case o.Service != "":
		m["messaging_profile_id"] = o.Service
	default:
		return errNoSender
	}
	postingJSON(req, "/v2/messages", m)
	return nil
}

// Cancel cancels a scheduled message.
// Source: https://github.com/team-telnyx/telnyx-go/blob/master/message.go
func (telnyx) Cancel(req *fasthttp.Request, id string, _ *Credentials) error {
	if !matches([]byte(id), "*") {
		return errors.New("this is no id of a message of Telnyx's")
	}
	deleting(req, "/v2/messages/"+id)
	return nil
}

// Accepted reads the message.
func (telnyx) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var m struct {
		Data struct {
			ID string `json:"id"`
			To []struct {
				Status string `json:"status"`
			} `json:"to"`
		} `json:"data"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &m) != nil {
		return "", false
	}
	return m.Data.ID, len(m.Data.To) == 1 && m.Data.To[0].Status == "scheduled"
}
