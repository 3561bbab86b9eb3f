package providers

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A platformEvent is one thing that the Messenger Platform tells of a person.
// Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_optins
// and those beside it.
type platformEvent struct {
	Sender    struct{ ID loose } `json:"sender"`
	Recipient struct{ ID loose } `json:"recipient"`
	Timestamp loose              `json:"timestamp"`
	Message   *struct {
		ID      string `json:"mid"`
		Text    string `json:"text"`
		Echo    bool   `json:"is_echo"`
		Deleted bool   `json:"is_deleted"`
		Quick   struct {
			Payload string `json:"payload"`
		} `json:"quick_reply"`
		ReplyTo struct {
			ID string `json:"mid"`
		} `json:"reply_to"`
		Attachments []json.RawMessage `json:"attachments"`
	} `json:"message"`
	Edit *struct {
		ID    string `json:"mid"` // of the message that they changed
		Text  string `json:"text"`
		Count loose  `json:"num_edit"`
	} `json:"message_edit"`
	Postback *struct {
		ID      string `json:"mid"`
		Title   string `json:"title"`
		Payload string `json:"payload"`
	} `json:"postback"`
	Delivery struct {
		IDs []string `json:"mids"`
	} `json:"delivery"`
	Optin struct {
		Type   string `json:"type"`
		Token  loose  `json:"notification_messages_token"`
		Status string `json:"notification_messages_status"`
	} `json:"optin"`
}

// Signals reads what Meta tells of one or more pages and accounts. Echoes of what the business wrote are no signals. Who
// stops notifications stops marketing; that one of them is resumed, or agreed to, does not lift that, since there may
// be others. The page that was written to is in none: what is sent as me names no page, and a STOP that was kept for one
// would not bind it.
func (m metaPlatform) Signals(req *fasthttp.Request) (all []Signal, err error) {
	if req.Header.IsGet() {
		return nil, ErrHandshake
	}
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Object string `json:"object"`
		Entry  []struct {
			Messaging []json.RawMessage `json:"messaging"`
			Standby   []json.RawMessage `json:"standby"` // of conversations that another program answers
		} `json:"entry"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	if call.Object != "page" && call.Object != "instagram" {
		return nil, nil // another product of Meta's, whose calls may come to the same URL
	}
	for _, entry := range call.Entry {
		for _, raw := range append(entry.Messaging, entry.Standby...) {
			var e platformEvent
			if json.Unmarshal(raw, &e) != nil {
				err = errors.New("a part of the call is not of the shape that the Messenger Platform's have")
				continue
			}
			all = append(all, e.signals()...)
		}
	}
	return all, err
}

// signals is what e says about the person.
func (e *platformEvent) signals() []Signal {
	person, fault := filter.Address(filter.Messenger, string(e.Sender.ID), "")
	if fault != nil {
		return nil
	}
	s := Signal{Kind: Message, Time: unixTime(e.Timestamp), From: filter.Recipient{Channel: filter.Messenger, Address: person}}
	switch {
	case e.Message != nil && (e.Message.Echo || e.Message.Deleted):
		return nil
	case e.Message != nil:
		s.ID, s.Text, s.Payload, s.ReplyTo, s.Media = e.Message.ID, e.Message.Text, e.Message.Quick.Payload, e.Message.ReplyTo.ID, len(e.Message.Attachments)
	case e.Edit != nil && e.Edit.Text != "": // else nothing was changed that can be read
		s.ID, s.Text, s.Edited = digest("messenger", e.Edit.ID, string(e.Edit.Count), string(e.Timestamp)), e.Edit.Text, true
	case e.Postback != nil:
		s.ID, s.Text, s.Payload = e.Postback.ID, e.Postback.Title, e.Postback.Payload
	case e.Optin.Type == "notification_messages" && strings.HasPrefix(strings.ToUpper(e.Optin.Status), "STOP"):
		s.Kind, s.Stop, s.Scope = Preference, true, filter.OfCategory(filter.Marketing)
	default:
		return e.receipts(s)
	}
	if s.ID == "" {
		s.ID = digest("messenger", string(e.Recipient.ID), person, string(e.Timestamp), s.Text, s.Payload, string(e.Optin.Token), e.Optin.Status)
	}
	return []Signal{s}
}

// receipts are those of the messages that came to the person of s.
func (e *platformEvent) receipts(s Signal) (all []Signal) {
	for _, id := range e.Delivery.IDs {
		s.Kind, s.ID, s.MessageID, s.Status = Receipt, id+":delivered", id, "delivered"
		all = append(all, s)
	}
	return all
}
