package providers

import (
	"encoding/json"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes a text from the number that somebody wrote to, or else from its pool.
// Source: https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
func (awsSMS) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	from := o.From
	if from == "" {
		from = o.Service
	}
	switch {
	case o.To.Channel != filter.SMS:
		return fmt.Errorf("no channel %s is known of AWS'", o.To.Channel)
	case from == "":
		return errNoSender
	}
	body, err := json.Marshal(map[string]string{"DestinationPhoneNumber": o.To.Address, "OriginationIdentity": from, "MessageBody": o.Text})
	if err != nil {
		return err
	}
	posting(req, "/", awsSMSTexts.json, body)
	req.Header.Set("X-Amz-Target", awsSMSTarget+"SendTextMessage")
	return nil
}

// Cancel answers ErrNoSchedule.
func (awsSMS) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the message.
func (awsSMS) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	body, ok := answer(resp)
	var j struct{ MessageID string }
	if !ok || resp.StatusCode() != fasthttp.StatusOK || json.Unmarshal(body, &j) != nil {
		return "", false
	}
	return j.MessageID, false
}
