package providers

import (
	"encoding/json"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A sinchIdentity is a person on a channel.
type sinchIdentity struct {
	Channel  string `json:"channel"`
	Identity string `json:"identity"`
}

// sinchConversationCall is one call of the Conversation API.
// Source: https://developers.sinch.com/docs/conversation/callbacks
type sinchConversationCall struct {
	App      string `json:"app_id"`
	Accepted loose  `json:"accepted_time"`
	Message  *struct {
		ID        string        `json:"id"`
		Direction string        `json:"direction"`
		Who       sinchIdentity `json:"channel_identity"`
		Sender    string        `json:"sender_id"`
		Accepted  loose         `json:"accept_time"`
		Contact   struct {
			Text struct {
				Text string `json:"text"`
			} `json:"text_message"`
			Choice *struct {
				ID       string `json:"message_id"`
				Postback string `json:"postback_data"`
			} `json:"choice_response_message"`
			Media *json.RawMessage `json:"media_message"`
			Card  *struct {
				Caption string `json:"caption"`
			} `json:"media_card_message"`
			Reply struct {
				ID string `json:"message_id"`
			} `json:"reply_to"`
		} `json:"contact_message"`
	} `json:"message"`
	Report *struct {
		ID     string        `json:"message_id"`
		Status string        `json:"status"`
		Who    sinchIdentity `json:"channel_identity"`
		Reason struct {
			Code string `json:"code"`
		} `json:"reason"`
	} `json:"message_delivery_report"`
	OptOut *struct {
		sinchIdentity
		Request string `json:"request_id"`
		Status  string `json:"status"`
	} `json:"opt_out_notification"`
}

// sinchNotOptedIn is why a message failed to somebody whom the channel has as not opted in.
const sinchNotOptedIn = "RECIPIENT_NOT_OPTED_IN"

// Signals reads a message of a person, what became of one to them, and an opt-out at the channel itself. An opt-in there
// may be a business's own doing, and is not told.
func (s sinchConversation) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call sinchConversationCall
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	at := saidAt(call.Accepted)
	switch {
	case call.Message != nil && call.Message.Direction != "TO_CONTACT":
		m := call.Message
		one := Signal{Kind: Message, ID: m.ID, Time: at, From: s.person(m.Who), Sender: call.App, Text: m.Contact.Text.Text, ReplyTo: m.Contact.Reply.ID}
		if m.Sender != "" {
			one.Sender, one.Service = senderAbroad(m.Sender, s.region), call.App
		}
		if m.Contact.Choice != nil {
			one.Payload, one.ReplyTo = m.Contact.Choice.Postback, m.Contact.Choice.ID
		}
		if m.Contact.Media != nil {
			one.Media = 1
		}
		if m.Contact.Card != nil { // a file with words below it
			one.Text, one.Media = m.Contact.Card.Caption, 1
		}
		return told(one), nil
	case call.Report != nil:
		r := call.Report
		one := Signal{Kind: Receipt, Time: at, From: s.person(r.Who), Sender: call.App, Status: strings.ToLower(r.Status), MessageID: r.ID}
		if r.ID != "" {
			one.ID = r.ID + ":" + digest(one.From.Address) + ":" + one.Status
		}
		all := told(one)
		if len(all) > 0 && r.Status == "FAILED" && r.Reason.Code == sinchNotOptedIn {
			all = append(all, Signal{Kind: Preference, ID: one.ID + ":not opted in", Time: at, From: one.From, Stop: true, Scope: filter.All, Detail: "receipt: " + sinchNotOptedIn})
		}
		return all, nil
	case call.OptOut != nil && call.OptOut.Status == "OPT_OUT_SUCCEEDED":
		one := Signal{Kind: Preference, Time: at, From: s.person(call.OptOut.sinchIdentity), Sender: call.App, Stop: true, Scope: filter.All}
		one.ID = digest("sinch", "opt-out", call.App, string(one.From.Channel), one.From.Address, call.OptOut.Request, string(call.Accepted))
		return told(one), nil
	}
	return nil, nil
}

// told is one, unless it is about nobody or has no id.
func told(one Signal) []Signal {
	if one.From.Address == "" || one.ID == "" {
		return nil
	}
	return []Signal{one}
}

// person is who a channel's identity is; without an address for what is none.
func (s sinchConversation) person(who sinchIdentity) filter.Recipient {
	channel, ok := s.media[who.Channel]
	if !ok {
		return filter.Recipient{}
	}
	return s.correspondent(channel, who.Identity)
}
