package providers

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// birdCode is the word that Bird has for why a message to a recipient of a channel was refused.
// Source: https://github.com/messagebird/bird-sdk-typescript/blob/main/packages/sdk/src/generated/types.gen.ts
func birdCode(channel filter.Channel, reason filter.Reason) string {
	switch reason {
	case filter.BadAddress:
		return "invalid_destination"
	case filter.HasOptedOut, filter.NoConsent, filter.ConsentExpired:
		if channel == filter.SMS {
			return birdOptedOut
		}
		return "recipient_suppressed"
	case filter.Unreadable:
		return "invalid_request"
	}
	return "content_rejected"
}

// Refuse answers 422 with Bird's error, which libraries neither repeat nor take for a message that was accepted, and names
// in it the recipients that were blocked. A batch is not sent where Bird finds fault with one of its messages, either.
// Sources: https://github.com/messagebird/bird-sdk-go/blob/main/internal/apierror/apierror.go and
// https://github.com/messagebird/bird-sdk-typescript/blob/main/packages/sdk/src/core/http.ts
func (bird) Refuse(resp *fasthttp.Response, b *Batch) {
	channel := filter.SMS
	if len(b.Messages) > 0 {
		channel = b.Messages[0].To.Channel
	}
	code := birdCode(channel, b.reason())
	out := append(b.parsed.out[:0], `{"error":{"type":"validation_error","code":"`...)
	out = append(append(append(out, code...), `","name":"`...), code...)
	out = append(escapeJSON(append(out, `","message":"`+marker...), b.why()), `","param":"to","details":[`...)
	first := true
	for i := range b.Decisions {
		if b.Fault != "" || b.Decisions[i].Action != filter.Block {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		out = append(strconv.AppendInt(append(out, `{"param":"to[`...), int64(i), 10), `]","message":"`...)
		out = append(escapeJSON(out, b.Decisions[i].Reason.Text()), `"}`...)
		first = false
	}
	b.refuse(resp, fasthttp.StatusUnprocessableEntity, "application/json", append(out, "]}}"...))
}

// Merge puts in the results of those messages of a batch that were not sent. Their time is that of the first that was.
// The answer to one e-mail has no place for some of its recipients, and stays as it is.
func (bird) Merge(resp *fasthttp.Response, b *Batch) error {
	if !b.parsed.items {
		return errUnlike
	}
	return b.merge(resp, func(d document) ([]edit, error) {
		list := d.member(0, "data")
		if list == 0 || d.nodes[list].kind != '[' || d.child(list) == 0 {
			return nil, errUnlike
		}
		at := ""
		if created := d.member(d.child(list), "created_at"); created != 0 && d.nodes[created].kind == '"' {
			at = string(d.raw(created))
		}
		of, _ := b.parsed.spread.elements()
		return b.placed(d, list, func(out []byte, element int) []byte {
			for i := range of {
				if of[i] == element {
					return b.birdResult(out, i, at)
				}
			}
			return out
		}, nil)
	})
}

// birdResult appends what became of message i, which was blocked at a time.
func (b *Batch) birdResult(out []byte, i int, at string) []byte {
	m, reason := &b.Messages[i], b.Decisions[i].Reason
	out = append(out, `{"id":"","status":"rejected","last_error":{"code":"`...)
	out = append(append(out, birdCode(m.To.Channel, reason)...), `","description":"`+marker...)
	out = append(escapeJSON(out, reason.Text()), '"')
	if at != "" {
		out = append(append(append(out, `,"occurred_at":"`...), at...), '"')
	}
	if out = append(out, '}'); at != "" {
		out = append(append(append(out, `,"created_at":"`...), at...), '"')
	}
	if m.To.Channel != filter.Email {
		out = escapeJSON(append(out, `,"direction":"outbound","to":"`...), b.parsed.spread.at[i].written)
		out = escapeJSON(append(out, `","from":"`...), m.From)
		out = escapeJSON(append(out, `","text":"`...), m.Text)
		out = append(out, `","segments":{"count":0,"encoding":"GSM_7BIT","characters":0}`...)
	}
	return append(out, '}')
}

// Learn reads that a message was accepted only to be rejected since its recipient opted out. That one is suppressed may
// mean that nothing could be delivered, and says nothing about anybody's will.
func (bird) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := answer(resp)
	var j struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
		Status string `json:"status"`
		Last   struct {
			Code string `json:"code"`
		} `json:"last_error"`
	}
	if !ok || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	switch {
	case j.Status == "rejected":
		refusal = Declined
	case resp.StatusCode()/100 == 4:
		refusal, _ = strconv.Atoi(strings.TrimPrefix(j.Error.Code, "E")) // what is no number is no code
	}
	if j.Error.Code == birdOptedOut || j.Status == "rejected" && j.Last.Code == birdOptedOut {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: filter.All, Source: "bird answer", Note: birdOptedOut})
	}
	return refusal, events
}

// birdOptedOut is Bird's word for a recipient who stopped the sender's SMS.
const birdOptedOut = "recipient_opted_out"
