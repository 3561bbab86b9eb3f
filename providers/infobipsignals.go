package providers

import (
	"cmp"
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

// An infobipEvent is what somebody wrote, or what became of a message to them. The Messages API has its own names for
// both: event, channel, sender, destination and content.
type infobipEvent struct {
	From      string       `json:"from"`
	To        string       `json:"to"`
	Sender    string       `json:"sender"` // by RCS and Viber the person
	Text      string       `json:"text"`
	MessageID string       `json:"messageId"`
	Received  string       `json:"receivedAt"`
	Done      string       `json:"doneAt"`
	By        string       `json:"integrationType"`
	Counted   string       `json:"interactionType"` // what it counts as, of RCS alone
	Message   infobipParts `json:"message"`
	Status    *struct {
		Group string `json:"groupName"`
	} `json:"status"`
	Error struct {
		ID int `json:"id"`
	} `json:"error"`
	Contact *struct {
		Number   string `json:"phoneNumber"`
		ID       string `json:"userId"`
		ParentID string `json:"parentUserId"`
	} `json:"contact"`

	Event       loose        `json:"event"`
	Channel     string       `json:"channel"`
	Destination string       `json:"destination"`
	Content     infobipParts `json:"content"`
}

// An infobipPart is a part of what somebody wrote: of an MMS there are several, and of what comes by the Messages API.
type infobipPart struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Title    string `json:"title"`
	Caption  string `json:"caption"`
	Payload  string `json:"payload"`
	Postback string `json:"postbackData"`
	ID       loose  `json:"id"`
	URL      string `json:"url"`
	Value    string `json:"value"` // the text of an MMS
}

type infobipParts []infobipPart

// UnmarshalJSON takes an object for a list of one.
func (p *infobipParts) UnmarshalJSON(b []byte) error { return oneOrMore(b, (*[]infobipPart)(p)) }

// say has s say what is in p: its texts, or else what stands below files, on buttons and for a subject.
func (p infobipParts) say(s *Signal) {
	var texts, others []string
	for _, part := range p {
		if text := part.Text + part.Title + part.Caption; text != "" && part.Type != "TEXT" {
			others = append(others, text)
		} else if text += part.Value; text != "" {
			texts = append(texts, text)
		}
		s.Payload = cmp.Or(s.Payload, part.Payload, part.Postback, string(part.ID))
		if part.URL != "" {
			s.Media++
		}
	}
	if len(texts) == 0 {
		texts = others
	}
	s.Text = strings.Join(texts, "\n")
}

// Signals reads what people wrote, what became of messages, and who stopped marketing by WhatsApp in its settings or has
// it again.
// Sources: the webhooks of https://github.com/api-evangelist/infobip/blob/main/openapi/infobip-sms-openapi.json and of
// those of mms, rcs, viber, whatsapp and messages-api beside it
func (p infobip) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Results []json.RawMessage `json:"results"`
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
		all = infobipSignal(all, s, filter.WhatsApp, call.Created, call.Content.From)
	}
	for _, raw := range call.Results {
		var e infobipEvent
		switch {
		case json.Unmarshal(raw, &e) != nil:
			err = errors.New("a part of the call is not of the shape that Infobip's have")
		case e.Status != nil:
			all = e.receipt(all)
		case e.Received != "": // which a receipt of reading has not
			all = e.written(all)
		}
	}
	return all, err
}

// infobipLeft is the error by which RCS says that somebody opted out at the agent. By other channels it may be the will of
// somebody else.
// Source: https://github.com/api-evangelist/infobip/blob/main/errors/infobip-error-codes.yml
const infobipLeft = 7003

// receipt adds what became of a message. Those of RCS, WhatsApp and Viber do not say their channel: it is RCS where they say
// what they count as, WhatsApp where they have a contact, or an error of WhatsApp's, and SMS otherwise.
func (e *infobipEvent) receipt(all []Signal) []Signal {
	to := cmp.Or(e.To, e.Destination)
	channel, known := infobipMedia[e.Channel]
	switch {
	case to == "" || e.Channel != "" && !known:
		return all
	case known:
	case e.Counted != "":
		channel = filter.SMS
	case e.Contact != nil || e.Error.ID/1000 == 7:
		channel = filter.WhatsApp
	default:
		channel = filter.SMS
	}
	s := Signal{Kind: Receipt, Status: strings.ToLower(e.Status.Group), Code: e.Error.ID, MessageID: e.MessageID, Sender: e.Sender}
	s.ID = digest("infobip", e.MessageID, to, s.Status, strconv.Itoa(s.Code))
	if s.Code == infobipLeft && (e.Counted != "" || e.Channel == "RCS") {
		s = Signal{Kind: Preference, ID: s.ID, Sender: s.Sender, Stop: true, Scope: filter.All, Detail: "opted out at the agent"}
	}
	return infobipSignal(all, s, channel, e.Done, e.people(to)...)
}

// written adds what somebody wrote, by a channel that is known.
func (e *infobipEvent) written(all []Signal) []Signal {
	s := Signal{Kind: Message, Sender: e.To, Text: e.Text}
	channel, known := filter.SMS, true
	who, parts := e.From, e.Message
	switch {
	case e.Event == "MO":
		channel, known = infobipMedia[e.Channel]
		who, parts, s.Sender = e.Sender, e.Content, e.Destination
	case e.By != "":
		channel, known = infobipIntegrations[e.By]
		who = cmp.Or(e.From, e.Sender)
	}
	if len(parts) > 0 {
		parts.say(&s)
	}
	if !known {
		return all
	}
	s.ID = digest("infobip", e.MessageID, who, e.Received)
	return infobipSignal(all, s, channel, e.Received, e.people(who)...)
}

// infobipIntegrations are the channels by the words of their own APIs. Those of SMS and MMS have none.
var infobipIntegrations = map[string]filter.Channel{"WHATSAPP": filter.WhatsApp, "RCS": filter.SMS, "VIBER": filter.Viber}

// people are the addresses of the person who is written as who.
func (e *infobipEvent) people(who string) []string {
	if e.Contact == nil {
		return []string{who}
	}
	return []string{who, e.Contact.Number, e.Contact.ID, e.Contact.ParentID}
}

// infobipSignal adds s about a person, of whose addresses some may be none.
func infobipSignal(all []Signal, s Signal, channel filter.Channel, at string, who ...string) []Signal {
	if channel == filter.WhatsApp {
		if !s.about(who...) {
			return all
		}
	} else {
		number, err := filter.Number(withPlus(who[0]), "")
		if err != nil {
			return all
		}
		s.From = filter.Recipient{Channel: channel, Address: number}
	}
	s.Sender = filter.Sender(s.Sender, "")
	if s.Time, _ = readTime(at); !s.Time.IsZero() {
		s.Time = s.Time.UTC()
	}
	return append(all, s)
}
