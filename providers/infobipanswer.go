package providers

import (
	"encoding/json"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// infobipRefusals are Infobip's codes by our reasons.
// Source: https://github.com/api-evangelist/infobip/blob/main/errors/infobip-error-codes.yml
var infobipRefusals = [filter.Reasons]native{
	filter.BadAddress:     {52, "REJECTED_DESTINATION"},
	filter.HasOptedOut:    {14, "REJECTED_DESTINATION_BLOCKLISTED"},
	filter.NoConsent:      {14, "REJECTED_DESTINATION_BLOCKLISTED"},
	filter.ConsentExpired: {14, "REJECTED_DESTINATION_BLOCKLISTED"},
	filter.CapReached:     {20, "REJECTED_FLOODING_FILTER"},
}

// infobipResult appends what became of message i, which was blocked.
func (b *Batch) infobipResult(out []byte, i int, reason filter.Reason) []byte {
	key := `{"to":"`
	if b.parsed.form == infobipV3 {
		key = `{"destination":"`
	}
	n := infobipRefusals[reason]
	if n.code == 0 {
		n = native{99, "REJECTED"}
	}
	out = escapeJSON(append(out, key...), b.parsed.spread.at[i].written)
	out = append(out, `","status":{"groupId":5,"groupName":"REJECTED","id":`...)
	out = append(append(strconv.AppendInt(out, int64(n.code), 10), `,"name":"`...), n.text...)
	out = append(out, `","description":"`+marker...)
	return append(escapeJSON(out, reason.Text()), `"}}`...)
}

// infobipResults appends those of all that are blocked, each recipient once.
func (b *Batch) infobipResults(out []byte) []byte {
	first := true
	for i := range b.Decisions {
		reason, ok := b.blocked(i)
		if !ok {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		out, first = b.infobipResult(out, i, reason), false
	}
	return out
}

// Refuse answers 200 with a result for each recipient, as Infobip does for those on its blocklist, and 400 where
// the request is not to be read.
func (infobip) Refuse(resp *fasthttp.Response, b *Batch) {
	out := b.parsed.out[:0]
	switch form := b.parsed.form; {
	case b.Fault != "" && form == infobipV3:
		out = append(escapeJSON(append(out, `{"errorCode":"E400","description":"`+marker...), b.why()),
			`","action":"Check the request.","violations":[],"resources":[]}`...)
		b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
		return
	case b.Fault != "" || form == infobipPIN:
		out = append(escapeJSON(append(out, `{"requestError":{"serviceException":{"messageId":"BAD_REQUEST","text":"`+marker...), b.why()), `"}}}`...)
		b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
		return
	case form == infobipOne:
		out = b.infobipResult(out, 0, b.reason())
	default:
		out = append(b.infobipResults(append(out, `{"messages":[`...)), "]}"...)
	}
	b.refuse(resp, fasthttp.StatusOK, "application/json", out)
}

// infobipWithdrawn are the codes of receipts that are opt-outs. That a number is on a blocklist may be the operator's
// will, or that of the business.
var infobipWithdrawn = map[int]filter.Scope{573: filter.All, 603: filter.All, 15015: filter.All, 6003: filter.All,
	7033: filter.OfCategory(filter.Marketing)}

// Learn reads the code by which the one message was rejected, or none.
func (infobip) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := answer(resp)
	type result struct {
		Status struct {
			Group int `json:"groupId"`
			ID    int `json:"id"`
		} `json:"status"`
	}
	var j struct {
		Messages []result `json:"messages"`
		result
	}
	if !ok || len(b.Messages) != 1 || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	if len(j.Messages) == 1 {
		j.result = j.Messages[0]
	}
	if j.Status.Group != 5 {
		return 0, nil
	}
	return j.Status.ID, nil
}

// Merge adds the results of those who were left out.
func (infobip) Merge(resp *fasthttp.Response, b *Batch) error {
	return b.merge(resp, func(d document) ([]edit, error) {
		list := d.member(0, "messages")
		if list == 0 || d.nodes[list].kind != '[' || d.child(list) == 0 {
			return nil, errUnlike
		}
		out := b.infobipResults(nil)
		if len(out) == 0 { // only what would have followed was left out
			return nil, nil
		}
		at := int(d.nodes[list].end) - 1
		return []edit{{start: at, end: at, text: append([]byte{','}, out...)}}, nil
	})
}
