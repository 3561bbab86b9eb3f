package providers

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Wants asks for a header: CM.com signs nothing, and calls from addresses that it lists. That it shows a name and a
// password that stand in the address that it calls, as most clients do, is written nowhere: what has none is refused.
// Source: https://developers.cm.com/messaging/docs/incoming-messages
func (cm) Wants(w *Webhook) error {
	if len(w.Secrets) > 0 || w.Header == "" {
		return errors.New("header: CM.com signs nothing: have what stands in front of the listener add a header to what comes from CM.com's addresses, or put a " +
			"name and a password into the address that CM.com calls, and say here Authorization, with \"Basic \" and their base64 as its value")
	}
	return nil
}

// A cmEnd is a side of a message, by itself or in an object.
type cmEnd string

// UnmarshalJSON reads either.
func (e *cmEnd) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return (*loose)(e).UnmarshalJSON(b)
	}
	var o struct {
		Number string `json:"number"`
	}
	err := json.Unmarshal(b, &o)
	*e = cmEnd(o.Number)
	return err
}

// number is e with the plus in place of the noughts that CM.com may write, in front of names of agents, too.
func (e cmEnd) number() string {
	text := strings.TrimSpace(string(e))
	rest, ok := strings.CutPrefix(text, "00")
	switch {
	case !ok:
		return text
	case digits([]byte(rest)):
		return "+" + rest
	}
	return rest
}

// A cmCall is an incoming message, an event, or a status report. An older form of the first has a body in place of a message.
type cmCall struct {
	From    cmEnd  `json:"from"`
	To      cmEnd  `json:"to"`
	Channel string `json:"channel"`
	Body    string `json:"body"`
	Time    string `json:"timeUtc"`
	Context string `json:"messageContext"`
	Message struct {
		Text  string `json:"text"`
		Media struct {
			URI string `json:"mediaUri"`
		} `json:"media"`
		Custom json.RawMessage `json:"custom"` // what else WhatsApp told, in Meta's names
	} `json:"message"`
	Event struct {
		Type   string `json:"type"`
		Custom struct {
			Label    loose `json:"label"`
			Postback loose `json:"postbackdata"`
		} `json:"custom"`
	} `json:"event"`
	Messages struct {
		Msg struct {
			Received  string `json:"received"`
			To        cmEnd  `json:"to"`
			Reference string `json:"reference"`
			Status    struct {
				Code  loose `json:"code"`
				Error loose `json:"errorCode"`
			} `json:"status"`
		} `json:"msg"`
	} `json:"messages"`
}

// cmStatuses are the words for what became of a message.
// Source: https://developers.cm.com/messaging/docs/incoming-status-report
var cmStatuses = map[loose]string{"0": "accepted", "1": "rejected", "2": "delivered", "3": "failed"}

// cmPressed is the event that somebody pressed something. Others, such as that somebody types, say nothing.
const cmPressed = "SuggestionClick"

// Signals reads what people wrote by SMS, RCS, WhatsApp and Viber, or pressed, and what became of SMS. CM.com gives no ids to
// messages: one is known by who wrote it, when, and what.
// Sources: https://developers.cm.com/messaging/docs/incoming-messages,
// https://developers.cm.com/messaging/docs/rcs-incoming-events, https://github.com/monica-gatti/CMSpringBootChatBoot and
// https://developers.cm.com/messaging/docs/incoming-status-report, in JSON
func (c cm) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call cmCall
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	if m := &call.Messages.Msg; m.To != "" {
		s := Signal{Kind: Receipt, Time: cmTime(m.Received), Status: cmStatuses[m.Status.Code], Code: count(string(m.Status.Error)), MessageID: m.Reference}
		s.From = texter(m.To.number())
		s.ID = digest("cm", m.Reference, s.From.Address, s.Status, string(m.Status.Error), m.Received)
		return told(s), nil
	}
	way := slices.IndexFunc(cmChannels[:], func(known cmChannel) bool { return strings.EqualFold(call.Channel, known.word) })
	if call.Channel == "" { // the older form
		way = 0
	}
	pressed := strings.EqualFold(call.Event.Type, cmPressed)
	if way < 0 || call.Event.Type != "" && !pressed {
		return nil, nil
	}
	channel := cmChannels[way].channel
	s := Signal{Kind: Message, Time: cmTime(call.Time), Text: call.Message.Text + call.Body, ReplyTo: call.Context, Sender: senderAbroad(call.To.number(), c.region)}
	if call.Message.Media.URI != "" {
		s.Media = 1
	}
	var content metaContent
	json.Unmarshal(call.Message.Custom, &content) // of another shape it says nothing of a choice
	if choice := content.choice(); pressed {
		s.Text, s.Payload = string(call.Event.Custom.Label), string(call.Event.Custom.Postback)
	} else if choice != (metaChoice{}) {
		s.Text, s.Payload = cmp.Or(s.Text, choice.Title), cmp.Or(string(choice.ID), choice.Title)
	}
	s.From = filter.Recipient{Channel: channel, Address: texter(call.From.number()).Address}
	s.ID = digest("cm", string(channel), s.From.Address, s.Sender, call.Time, s.Text, call.Message.Media.URI+s.Payload)
	s.Undated = call.Time == ""
	return told(s), nil
}

// cmTime reads a time in UTC, which says no zone.
func cmTime(text string) time.Time {
	if at, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(text, "Z")); err == nil {
		return at
	}
	return saidAt(loose(text))
}
