package providers

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Signals reads an incoming message, or what became of one to one person. Summaries name nobody. A receipt of a
// message that was deleted may be that of somebody who opted out, and of others, so that it is none.
// Source: https://developers.sinch.com/docs/sms/api-reference/sms/webhooks
func (s sinchSMS) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Type      string          `json:"type"`
		ID        string          `json:"id"`
		From      string          `json:"from"`
		To        string          `json:"to"`
		Body      json.RawMessage `json:"body"`
		SentAt    loose           `json:"sent_at"`
		Received  loose           `json:"received_at"`
		Batch     string          `json:"batch_id"`
		Recipient string          `json:"recipient"`
		Status    string          `json:"status"`
		Code      loose           `json:"code"`
		At        loose           `json:"at"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	var one Signal
	switch call.Type {
	case "mo_text", "mo_binary", "mo_media":
		one = Signal{Kind: Message, ID: call.ID, Time: saidAt(call.Received), From: texter(call.From), Sender: senderAbroad(call.To, s.region)}
		switch call.Type {
		case "mo_text":
			var text loose
			_ = text.UnmarshalJSON(append(call.Body, ' ')) // it never fails
			one.Text = string(text)
		case "mo_media":
			var media struct {
				Subject string            `json:"subject"`
				Message string            `json:"message"`
				Media   []json.RawMessage `json:"media"`
			}
			if len(call.Body) > 0 && json.Unmarshal(call.Body, &media) != nil {
				return nil, errNoCall
			}
			if one.Text, one.Media = media.Message, max(1, len(media.Media)); one.Text == "" {
				one.Text = media.Subject
			}
		}
	case "recipient_delivery_report_sms", "recipient_delivery_report_mms":
		one = Signal{Kind: Receipt, Time: saidAt(call.At), From: texter(call.Recipient), Status: strings.ToLower(call.Status), Code: count(string(call.Code)), MessageID: call.Batch}
		if call.Batch != "" {
			one.ID = call.Batch + ":" + digest(one.From.Address) + ":" + one.Status
		}
	}
	if one.From.Address == "" || one.ID == "" {
		return nil, nil
	}
	return []Signal{one}, nil
}

// saidAt is a time that a service wrote; zero for none.
func saidAt(text loose) time.Time {
	at, ok := readTime(string(text))
	if !ok {
		return time.Time{}
	}
	return at.UTC()
}
