package providers

import (
	"encoding/json"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A birdEvent is one call of Bird's platform. The members of its data are those of all events that are read.
// Source: https://github.com/messagebird/bird-sdk-typescript/blob/main/packages/sdk/src/generated/types.gen.ts (Event…)
type birdEvent struct {
	Type string `json:"type"`
	Time loose  `json:"timestamp"`
	Data struct {
		SMS      string       `json:"sms_id"`
		WhatsApp string       `json:"whatsapp_id"`
		Email    string       `json:"email_id"`
		From     birdEnd      `json:"from"`
		To       birdEnd      `json:"to"`
		Text     birdSaid     `json:"text"`
		ReplyTo  string       `json:"in_reply_to_message_id"`
		Reply    birdReply    `json:"interactive_reply"`
		Error    birdFailure  `json:"error"`
		Image    *birdContent `json:"image"`
		Video    *birdContent `json:"video"`
		Document *birdContent `json:"document"`

		Recipient string `json:"recipient"`

		Suppression string `json:"suppression_id"`
		Destination string `json:"destination"`
		Originator  string `json:"originator"`

		Transition string `json:"transition_id"`
		Channel    string `json:"channel"`
		Handle     string `json:"handle"`
		Scope      string `json:"sender_scope"`
		Coverage   string `json:"coverage"`
	} `json:"data"`
}

// A birdEnd is a side of a message: a number, or of WhatsApp an object with the addresses of somebody.
type birdEnd struct {
	Number string `json:"phone_number"`
	ID     string `json:"bsuid"`
}

// UnmarshalJSON takes a text for a number.
func (e *birdEnd) UnmarshalJSON(b []byte) error {
	type end birdEnd
	if b[0] == '{' {
		return json.Unmarshal(b, (*end)(e))
	}
	var text loose
	err := text.UnmarshalJSON(b)
	e.Number = string(text)
	return err
}

// A birdSaid is a text, by itself or as the body of an object.
type birdSaid string

// UnmarshalJSON reads either.
func (s *birdSaid) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return (*loose)(s).UnmarshalJSON(b)
	}
	var o struct {
		Body string `json:"body"`
	}
	err := json.Unmarshal(b, &o)
	*s = birdSaid(o.Body)
	return err
}

type birdContent struct {
	Caption string `json:"caption"`
}

type birdReply struct {
	Button, List struct {
		Slug string `json:"slug"`
		Text string `json:"text"`
	}
}

type birdFailure struct {
	Code string `json:"code"`
	Meta loose  `json:"meta_error_code"`
}

// birdWithdrawn are the codes of Meta's, in receipts of WhatsApp, that are opt-outs: of 131050 the recipient stopped marketing.
var birdWithdrawn = map[int]filter.Scope{131050: filter.OfCategory(filter.Marketing)}

// Signals reads what people wrote by SMS and WhatsApp, what became of messages to them, and who stopped: by a link of an
// e-mail, by an entry in the list of those who get no SMS, or by a preference. What Bird says was granted may be the
// business's own doing, and is not told; nor is that an address is suppressed for e-mail or WhatsApp, which mostly means
// that nothing could be delivered.
func (p bird) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var e birdEvent
	if json.Unmarshal(body, &e) != nil {
		return nil, errNoCall
	}
	kind, event, _ := strings.Cut(e.Type, ".")
	switch {
	case event == "received" && kind == "sms":
		return told(e.sms(Signal{Kind: Message, ID: e.Data.SMS, Text: string(e.Data.Text)}, e.Data.From, e.Data.To)), nil
	case event == "received" && kind == "whatsapp":
		return told(e.whatsapp(e.written(), e.Data.From, e.Data.To)), nil
	case kind == "sms":
		return e.smsReceipt(event), nil
	case kind == "whatsapp" && event != "reacted":
		s := Signal{Kind: Receipt, Status: event, MessageID: e.Data.WhatsApp, Code: count(string(e.Data.Error.Meta))}
		if s.MessageID != "" {
			s.ID = s.MessageID + ":" + event
		}
		return told(e.whatsapp(s, e.Data.To, e.Data.From)), nil
	}
	return told(e.preference()), nil
}

// written is a message of somebody on WhatsApp.
func (e *birdEvent) written() Signal {
	d := &e.Data
	s := Signal{Kind: Message, ID: d.WhatsApp, Text: string(d.Text), ReplyTo: d.ReplyTo, Payload: d.Reply.Button.Slug + d.Reply.List.Slug}
	s.Text += d.Reply.Button.Text + d.Reply.List.Text
	for _, c := range []*birdContent{d.Image, d.Video, d.Document} {
		if c != nil {
			s.Text += c.Caption
			s.Media++
		}
	}
	return s
}

// sms makes s one about a person and one of the business's numbers.
func (e *birdEvent) sms(s Signal, person, business birdEnd) Signal {
	s.Time, s.From, s.Sender = saidAt(e.Time), texter(person.Number), filter.Sender(business.Number, "")
	return s
}

// whatsapp does so on WhatsApp.
func (e *birdEvent) whatsapp(s Signal, person, business birdEnd) Signal {
	s.Time, s.Sender = saidAt(e.Time), filter.Sender(business.Number, "")
	s.about(person.Number, person.ID)
	return s
}

// smsReceipt is what became of an SMS, and who had stopped its sender where that is why it failed.
func (e *birdEvent) smsReceipt(event string) []Signal {
	s := e.sms(Signal{Kind: Receipt, Status: event, MessageID: e.Data.SMS}, e.Data.To, e.Data.From)
	if s.MessageID != "" {
		s.ID = s.MessageID + ":" + event
	}
	all := told(s)
	if len(all) > 0 && e.Data.Error.Code == birdOptedOut {
		stop := e.sms(Signal{Kind: Preference, ID: s.ID + ":opted out", Stop: true, Scope: filter.All, Detail: "receipt: " + birdOptedOut}, e.Data.To, e.Data.From)
		all = append(all, stop)
	}
	return all
}

// birdPreferences are the channels of preferences.
var birdPreferences = map[string]filter.Channel{"sms": filter.SMS, "whatsapp": filter.WhatsApp, "email": filter.Email}

// preference is who stopped; nobody's for other events.
func (e *birdEvent) preference() Signal {
	d := &e.Data
	s := Signal{Kind: Preference, Stop: true, Scope: filter.All, Time: saidAt(e.Time), Detail: e.Type}
	channel, who := filter.Email, d.Recipient
	switch e.Type {
	case "email.unsubscribed", "email.list_unsubscribed", "email.complained":
		s.ID = digest("bird", e.Type, d.Email, who)
	case "sms_suppression.created":
		channel, who, s.Sender, s.ID = filter.SMS, d.Destination, filter.Sender(d.Originator, ""), d.Suppression
	case "preference.revoked":
		channel, who, s.Sender, s.ID = birdPreferences[d.Channel], d.Handle, filter.Sender(d.Scope, ""), d.Transition
		if d.Coverage == "non_transactional" {
			s.Scope = filter.OfCategory(filter.Marketing)
		}
	}
	if channel != filter.Email {
		who = withPlus(who)
	}
	if address, err := filter.Address(channel, who, ""); err == nil && channel != "" {
		s.From = filter.Recipient{Channel: channel, Address: address}
	}
	return s
}
