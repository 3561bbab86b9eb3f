package providers

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Wants asks for a header: a subscription may have a name and a password, which come as Authorization. It may sign by
// an HMAC instead, and Infobip says neither in which header nor in which form; programs that check it look for
// X-Hub-Signature, X-Signature and X-Infobip-Signature, so that all but one of them are wrong, and none is taken here.
// Sources: https://github.com/api-evangelist/infobip/blob/main/openapi/infobip-subscriptions-api-openapi.json and
// https://www.infobip.com/docs/api/platform/subscriptions-api/create-security-settings
func (infobip) Wants(w *Webhook) error {
	if len(w.Secrets) > 0 || w.Header == "" {
		return errors.New("header: give the subscription a name and a password, and say here Authorization, with \"Basic \" and their base64 as its value")
	}
	return nil
}

// An infobipEvent is what somebody wrote, or what became of a message to them.
type infobipEvent struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Sender    string `json:"sender"`
	Text      string `json:"text"`
	MessageID string `json:"messageId"`
	Received  string `json:"receivedAt"`
	Done      string `json:"doneAt"`
	By        string `json:"integrationType"`
	Message   *struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Title   string `json:"title"`
		Caption string `json:"caption"`
		Payload string `json:"payload"`
		ID      string `json:"id"`
	} `json:"message"`
	Status *struct {
		Group string `json:"groupName"`
	} `json:"status"`
	Error struct {
		ID int `json:"id"`
	} `json:"error"`
}

// Signals reads what people wrote by SMS and WhatsApp, what became of messages, and who stopped marketing by WhatsApp
// in its settings or has it again. A receipt does not say its channel: it is about WhatsApp where the error is one of
// WhatsApp's, and about SMS otherwise.
// Sources: the webhooks of https://github.com/api-evangelist/infobip/blob/main/openapi/infobip-sms-openapi.json and of
// infobip-whatsapp-openapi.json beside it
func (p infobip) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Results []infobipEvent `json:"results"`
		Content struct {
			Sender string `json:"sender"`
			From   string `json:"from"`
			Status string `json:"notificationMessagesStatus"`
		} `json:"content"`
		Created string `json:"createdAt"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	if status := call.Content.Status; status == "stop" || status == "resume" {
		s := Signal{Kind: Preference, Stop: status == "stop", Scope: filter.OfCategory(filter.Marketing), Sender: call.Content.Sender}
		s.ID = digest("infobip", call.Content.From, status, call.Created)
		all = infobipSignal(all, s, filter.WhatsApp, call.Content.From, call.Created)
	}
	for _, e := range call.Results {
		switch {
		case e.Status != nil && e.To != "":
			s := Signal{Kind: Receipt, Status: strings.ToLower(e.Status.Group), Code: e.Error.ID, MessageID: e.MessageID, Sender: e.Sender}
			s.ID = digest("infobip", e.MessageID, e.To, s.Status, strconv.Itoa(s.Code))
			channel := filter.SMS
			if e.Error.ID/1000 == 7 {
				channel = filter.WhatsApp
			}
			all = infobipSignal(all, s, channel, e.To, e.Done)
		case e.Status != nil || e.From == "":
		case e.Message != nil && e.By == "WHATSAPP":
			s := Signal{Kind: Message, Text: e.Message.Text + e.Message.Title, Payload: e.Message.Payload + e.Message.ID, Sender: e.To}
			if s.Text == "" {
				s.Text, s.Media = e.Message.Caption, 1
			}
			s.ID = digest("infobip", e.MessageID, e.From, e.Received)
			all = infobipSignal(all, s, filter.WhatsApp, e.From, e.Received)
		case e.Message == nil:
			s := Signal{Kind: Message, Text: e.Text, Sender: e.To, ID: digest("infobip", e.MessageID, e.From, e.Received)}
			all = infobipSignal(all, s, filter.SMS, e.From, e.Received)
		}
	}
	return all, nil
}

// infobipSignal adds s about a person, unless that is no number.
func infobipSignal(all []Signal, s Signal, channel filter.Channel, number, at string) []Signal {
	from, err := filter.Number("+"+strings.TrimPrefix(number, "+"), "")
	if err != nil {
		return all
	}
	s.From = filter.Recipient{Channel: channel, Address: from}
	s.Sender = filter.Sender(s.Sender, "")
	if s.Time, _ = readTime(at); !s.Time.IsZero() {
		s.Time = s.Time.UTC()
	}
	return append(all, s)
}
