package providers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Refuse answers 403 for whom nobody may write to, and 400 for what is wrong with a request: of these two Sinch's
// libraries read the error. No code of its own says that somebody opted out.
// Source: https://github.com/clxcommunications/sdk-xms-python/blob/master/clx/xms/client.py
func (sinchSMS) Refuse(resp *fasthttp.Response, b *Batch) {
	status, code, field := fasthttp.StatusForbidden, "recipient_blocked", "to: "
	switch b.reason() {
	case filter.Unreadable, filter.Content:
		status, code, field = fasthttp.StatusBadRequest, "syntax_constraint_violation", ""
	case filter.BadAddress:
		status, code = fasthttp.StatusBadRequest, "syntax_constraint_violation"
	}
	out := append(append(b.parsed.out[:0], `{"code":"`...), code...)
	out = append(append(append(out, `","text":"`...), field...), marker...)
	b.refuse(resp, status, "application/json", append(escapeJSON(out, b.why()), `"}`...))
}

// Learn reads nothing: Sinch's refusals have no numbers, and it tells of people in reports alone.
func (sinchSMS) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) { return 0, nil }

// Compose writes a batch to one person, from the number that they wrote to.
func (sinchSMS) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	if o.To.Channel != filter.SMS {
		return fmt.Errorf("no channel %s is known of Sinch's SMS API", o.To.Channel)
	}
	if o.From == "" {
		return errors.New("nobody is named that the message could come from")
	}
	body := append(escapeJSON([]byte(`{"from":"`), strings.TrimPrefix(o.From, "+")), `","to":["`...)
	body = append(escapeJSON(body, strings.TrimPrefix(o.To.Address, "+")), `"],"body":"`...)
	posting(req, "/xms/v1/"+c.Account+"/batches", "application/json", append(escapeJSON(body, o.Text), `"}`...))
	req.Header.Set(fasthttp.HeaderAuthorization, "Bearer "+c.Secret)
	return nil
}

// Cancel cancels a batch.
func (sinchSMS) Cancel(req *fasthttp.Request, id string, c *Credentials) error {
	if !word([]byte(id)) {
		return errors.New("this is no id of a batch of Sinch's")
	}
	req.Header.SetMethod(fasthttp.MethodDelete)
	req.SetRequestURI("/xms/v1/" + c.Account + "/batches/" + id)
	req.Header.Set(fasthttp.HeaderAuthorization, "Bearer "+c.Secret)
	return nil
}

// Accepted reads the batch. One to several people cannot be cancelled for one of them, and is none to be delivered later here.
func (sinchSMS) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var j struct {
		ID      string    `json:"id"`
		To      []string  `json:"to"`
		Created time.Time `json:"created_at"`
		SendAt  time.Time `json:"send_at"`
	}
	body, ok := answer(resp)
	if resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(bytes.TrimSpace(body), &j) != nil {
		return "", false
	}
	return j.ID, len(j.To) == 1 && j.SendAt.After(j.Created)
}
