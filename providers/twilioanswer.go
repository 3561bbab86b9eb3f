package providers

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A native is a service's own code for a refusal, and what it says with it.
type native struct {
	code int
	text string
}

// twilioRefusals are Twilio's codes by our reasons. All are final to its SDKs, which repeat a call
// for its HTTP status alone. An unreadable request gets code 400, Twilio's own for any invalid
// one, and not 21211, for which senders strike a number from their lists. Content gets 63021, which is
// for what a channel rejects by its length or its rules: a line had no room, or a signed body cannot
// be changed.
// Source: https://www.twilio.com/docs/api/errors
var twilioRefusals = [filter.Reasons]native{
	filter.Undecided:      {21612, "Message cannot be sent now"},
	filter.Allowed:        {21612, "Message cannot be sent now"},
	filter.Unreadable:     {400, "Bad Request"},
	filter.BadAddress:     {21211, "Invalid 'To' Phone Number"},
	filter.HasOptedOut:    {21610, "Attempt to send to unsubscribed recipient"},
	filter.NoConsent:      {21610, "Attempt to send to unsubscribed recipient"},
	filter.ConsentExpired: {21610, "Attempt to send to unsubscribed recipient"},
	filter.WindowClosed:   {63016, "Failed to send freeform message because you are outside the allowed window"},
	filter.Content:        {63021, "Channel invalid content error"},
	filter.InQuietHours:   {30610, "Message couldn't be delivered"},
	filter.CapReached:     {21612, "Message cannot be sent now"},
	filter.Duplicate:      {21612, "Message cannot be sent now"},
	filter.Suspended:      {21612, "Message cannot be sent now"},
	filter.OverBudget:     {21612, "Message cannot be sent now"},
	filter.Own:            {21612, "Message cannot be sent now"},
}

// Refuse answers 400 with Twilio's error, in JSON or XML as the path asked.
func (t twilio) Refuse(resp *fasthttp.Response, b *Batch) {
	n := twilioRefusals[b.reason()]
	switch b.parsed.code {
	case 21604:
		n = native{21604, "A 'To' phone number is required"}
	case verifyInvalid:
		n = native{verifyInvalid, "Invalid parameter: Channel"}
	case 35114:
		n = native{35114, "Scheduling does not support this timestamp"}
	}
	b.parsed.out = n.twilio(resp, b.parsed.out[:0], fasthttp.StatusBadRequest, b.why(), b.parsed.xml)
}

// twilio makes resp Twilio's error, in XML or JSON, and returns out, the memory for its body.
func (n native) twilio(resp *fasthttp.Response, out []byte, status int, why string, xml bool) []byte {
	code := int64(n.code)
	if xml {
		out = append(out, `<?xml version='1.0' encoding='UTF-8'?>`+"\n"+`<TwilioResponse><RestException><Code>`...)
		out = strconv.AppendInt(out, code, 10)
		out = append(out, `</Code><Message>`...)
		out = escapeXML(out, n.text+". "+marker+why)
		out = strconv.AppendInt(append(out, `</Message><MoreInfo>https://www.twilio.com/docs/errors/`...), code, 10)
		out = strconv.AppendInt(append(out, `</MoreInfo><Status>`...), int64(status), 10)
		out = append(out, `</Status></RestException></TwilioResponse>`...)
		resp.Header.SetContentType("application/xml")
	} else {
		out = strconv.AppendInt(append(out, `{"code":`...), code, 10)
		out = append(out, `,"message":"`...)
		out = escapeJSON(out, n.text)
		out = append(out, ". "+marker...)
		out = escapeJSON(out, why)
		out = strconv.AppendInt(append(out, `","more_info":"https://www.twilio.com/docs/errors/`...), code, 10)
		out = append(strconv.AppendInt(append(out, `","status":`...), int64(status), 10), '}')
		resp.Header.SetContentType("application/json")
	}
	resp.SetStatusCode(status)
	resp.SetBody(out)
	return out
}

// escapeXML appends s to dst as it stands in an element.
func escapeXML(dst []byte, s string) []byte {
	var buf bytes.Buffer
	xml.EscapeText(&buf, []byte(s)) // a bytes.Buffer takes everything
	return append(dst, buf.Bytes()...)
}

// Rewrite adds the footer to Body, which keeps the bytes it has, and writes the delivery time in place
// of the one that is there, or with ScheduleType behind all other parameters.
func (t twilio) Rewrite(req *fasthttp.Request, b *Batch) error {
	change, err := b.changes()
	if err != nil {
		return err
	}
	var edits [2]edit
	n := 0
	if change.Footer != "" {
		edits[n] = b.parsed.footing(change.Footer, escapeForm)
		n++
	}
	if !change.SendAt.IsZero() {
		when := b.parsed.when
		at := change.SendAt.UTC().Format(twilioTime)
		if when.start == when.end {
			when.text = append(escapeForm([]byte("&SendAt="), at), "&ScheduleType=fixed"...)
		} else {
			when.text = escapeForm(nil, at)
		}
		edits[n] = when
		n++
	}
	return b.apply(req, edits[:n]...)
}

// twilioTime is how Twilio wants a time in UTC: https://www.twilio.com/docs/api/errors/35114
const twilioTime = "2006-01-02T15:04:05Z"

// twilioWithdrawn are the codes that are opt-outs: of 21610 the recipient unsubscribed from the sender, or the
// number has a new owner; of 63014 they blocked the sender on their channel, or opted out there.
// Sources: https://www.twilio.com/docs/api/errors/21610 and https://www.twilio.com/docs/api/errors/63014
var twilioWithdrawn = map[int]filter.Scope{21610: filter.All, 63014: filter.All}

// Learn reads the codes of twilioWithdrawn as opt-outs.
func (t twilio) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	if !ok {
		return 0, nil
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n\xEF\xBB\xBF"); len(trimmed) > 0 && trimmed[0] == '<' {
		var x struct {
			Code int `xml:"RestException>Code"`
		}
		if xml.Unmarshal(trimmed, &x) == nil {
			refusal = x.Code
		}
	} else {
		var j struct {
			Code int `json:"code"`
		}
		if json.Unmarshal(trimmed, &j) == nil {
			refusal = j.Code
		}
	}
	if scope, ok := twilioWithdrawn[refusal]; ok && resp.StatusCode() == fasthttp.StatusBadRequest {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: scope, Source: "twilio answer", Note: strconv.Itoa(refusal)})
	}
	return refusal, events
}

// refused is the readable body of a refusal: of an answer of 4xx. What is 5xx is a fault of the
// service's own.
func refused(resp *fasthttp.Response) (body []byte, ok bool) {
	if resp.StatusCode()/100 != 4 {
		return nil, false
	}
	return answer(resp)
}

// learnt is e about the one recipient of b, holding nothing of b; nothing where there are several, or
// where there is no address.
func learnt(b *Batch, e filter.Event) []filter.Event {
	if len(b.Messages) == 0 || b.Messages[0].To.Address == "" {
		return nil
	}
	to := b.Messages[0].To
	for i := range b.Messages {
		if b.Messages[i].To != to {
			return nil
		}
	}
	e.To = filter.Recipient{Channel: to.Channel, Address: strings.Clone(to.Address)}
	return []filter.Event{e}
}
