package providers

import (
	"encoding/json"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// whatsappRefusals are the Cloud API's codes by our reasons. None of them is one that clients
// wait and repeat for (4, 80007, 130429, 131048, 131056, 133016). Meta itself answers a send to
// somebody who opted out with 200 and a failed status later; the gate says it at once.
// Source: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
var whatsappRefusals = [filter.Reasons]native{
	filter.Undecided:      {131026, "Message undeliverable"},
	filter.Allowed:        {131026, "Message undeliverable"},
	filter.Unreadable:     {131009, "Parameter value is not valid"},
	filter.BadAddress:     {131009, "Parameter value is not valid"},
	filter.HasOptedOut:    {131050, "Unable to deliver the message"},
	filter.NoConsent:      {131050, "Unable to deliver the message"},
	filter.ConsentExpired: {131050, "Unable to deliver the message"},
	filter.WindowClosed:   {131047, "Re-engagement message"},
	filter.Content:        {131009, "Parameter value is not valid"},
	filter.InQuietHours:   {131026, "Message undeliverable"},
	filter.CapReached:     {131049, "This message was not delivered to maintain healthy ecosystem engagement"},
	filter.Duplicate:      {131026, "Message undeliverable"},
	filter.Suspended:      {131026, "Message undeliverable"},
	filter.OverBudget:     {131026, "Message undeliverable"},
	filter.Own:            {131026, "Message undeliverable"},
}

// Refuse answers 400 with Graph's error. The reason stands in error_data.details, where Meta asks
// clients to look.
func (w whatsapp) Refuse(resp *fasthttp.Response, b *Batch) {
	n := whatsappRefusals[b.reason()]
	if b.parsed.code == 131008 {
		n = native{131008, "Required parameter is missing"}
	}
	out := graphError(b.parsed.out[:0], n.code, n.text, "")
	out = append(out, `,"error_data":{"messaging_product":"whatsapp","details":"`+marker...)
	out = escapeJSON(out, b.why())
	out = append(out, `"},"fbtrace_id":"sendgate"}}`...)
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json; charset=UTF-8", out)
}

// Rewrite adds the footer to the text, the caption or the interactive body, and leaves every other
// byte of the JSON.
func (w whatsapp) Rewrite(req *fasthttp.Request, b *Batch) error {
	change, err := b.changes()
	if err != nil || change.Footer == "" {
		return err
	}
	return b.apply(req, b.parsed.footing(change.Footer, escapeJSON))
}

// whatsappWithdrawn are the codes that are opt-outs: of 131050 the recipient stopped marketing from this
// business, and nothing else. Others (131026, 131047, 131049, 130472) say nothing about anybody's will.
// Source: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
var whatsappWithdrawn = map[int]filter.Scope{131050: filter.OfCategory(filter.Marketing)}

// Learn reads the codes of whatsappWithdrawn as opt-outs.
func (w whatsapp) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	if !ok {
		return 0, nil
	}
	return w.learn(body, b)
}

// learn is Learn from the body of a refusal.
func (w whatsapp) learn(body []byte, b *Batch) (refusal int, events []filter.Event) {
	var j graphCode
	if json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	refusal = j.Error.Code
	if scope, ok := whatsappWithdrawn[refusal]; ok {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: scope, Source: w.name + " answer", Note: strconv.Itoa(refusal)})
	}
	return refusal, events
}
