package providers

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A platformRefusal is an error of the Messenger Platform.
type platformRefusal struct {
	code, subcode int
	text          string
}

// platformRefusals are its errors by our reasons. Who reads that a person is not available may strike them, so that it
// says so of those alone who do not want to be written to. None is one that clients wait and repeat for (4, 613, 1200).
// Source: https://developers.facebook.com/docs/messenger-platform/error-codes
var platformRefusals = [filter.Reasons]platformRefusal{
	filter.BadAddress:     {100, 2018001, "No matching user found"},
	filter.HasOptedOut:    {10, 2018108, "This person isn't receiving messages from you right now"},
	filter.NoConsent:      {10, 2018108, "This person isn't receiving messages from you right now"},
	filter.ConsentExpired: {10, 2018108, "This person isn't receiving messages from you right now"},
	filter.WindowClosed:   {10, 2018278, "This message is sent outside of allowed window"},
}

// Refuse answers 400 with Graph's error. Clients show its message.
func (m metaPlatform) Refuse(resp *fasthttp.Response, b *Batch) {
	n := platformRefusals[b.reason()]
	if n.code == 0 {
		n = platformRefusal{code: 100, text: "Invalid parameter"}
	}
	out := graphError(b.parsed.out[:0], n.code, n.text, b.why())
	if n.subcode > 0 {
		out = strconv.AppendInt(append(out, `,"error_subcode":`...), int64(n.subcode), 10)
	}
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json; charset=UTF-8", append(out, `,"fbtrace_id":"sendgate"}}`...))
}

// Rewrite adds the footer to the text, and leaves every other byte.
func (m metaPlatform) Rewrite(req *fasthttp.Request, b *Batch) error {
	change, err := b.changes()
	if err != nil || change.Footer == "" {
		return err
	}
	escape := escapeJSON
	if b.parsed.spread.written == formText {
		escape = func(dst []byte, s string) []byte { return escapeForm(dst, string(escapeJSON(nil, s))) }
	}
	return b.apply(req, b.parsed.footing(change.Footer, escape))
}

// platformWithdrawn are the codes that are opt-outs: the person blocked the page or is gone, or wants no messages from
// it. Of 10 and 200 the subcode counts, since they mean many things.
// Source: https://developers.facebook.com/docs/messenger-platform/error-codes
var platformWithdrawn = map[int]filter.Scope{551: filter.All, 1545041: filter.All, 2018108: filter.All}

// Learn reads the codes of platformWithdrawn as opt-outs.
func (m metaPlatform) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j graphCode
	if !ok || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	refusal = j.Error.Code
	if (refusal == 10 || refusal == 200) && j.Error.Subcode > 0 {
		refusal = j.Error.Subcode
	}
	if scope, ok := platformWithdrawn[refusal]; ok {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: scope, Source: m.name + " answer", Note: strconv.Itoa(refusal)})
	}
	return refusal, events
}

// Compose writes a text, with quick replies for its buttons, from the page whose token c is. Meta takes it while the
// customer service window is open alone.
// Source: https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies
func (m metaPlatform) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	if o.To.Channel != filter.Messenger {
		return fmt.Errorf("no channel %s is known of the Messenger Platform's", o.To.Channel)
	}
	out := append(escapeJSON([]byte(`{"recipient":{"id":"`), o.To.Address), `"},"messaging_type":"RESPONSE","message":{"text":"`...)
	out = append(escapeJSON(out, o.Text), '"')
	for i, b := range o.Buttons {
		if i == 0 {
			out = append(out, `,"quick_replies":[`...)
		} else {
			out = append(out, ',')
		}
		out = append(escapeJSON(append(out, `{"content_type":"text","title":"`...), b.Title), `","payload":"`...)
		out = append(escapeJSON(out, b.ID), `"}`...)
	}
	if len(o.Buttons) > 0 {
		out = append(out, ']')
	}
	posting(req, "/me/messages", "application/json", append(out, "}}"...))
	req.Header.Set(fasthttp.HeaderAuthorization, "Bearer "+c.Secret)
	return nil
}

// Cancel cannot be asked of Meta.
func (m metaPlatform) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id of the message.
func (m metaPlatform) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	body, ok := answer(resp)
	var j struct {
		ID string `json:"message_id"`
	}
	if resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &j) != nil {
		return "", false
	}
	return j.ID, false
}
