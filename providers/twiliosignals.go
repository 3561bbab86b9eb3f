package providers

import (
	"cmp"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// twilioSaid are the parameters of a call that are read.
// Sources: https://www.twilio.com/docs/messaging/guides/webhook-request and
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
var twilioSaid = []string{
	"MessageSid", "SmsSid", "SmsMessageSid", "MessagingServiceSid", "From", "To", "Body", "NumMedia", "OptOutType",
	"ButtonText", "ButtonPayload", "OriginalRepliedMessageSid", "WaId", "ExternalUserId", "ParentExternalUserId",
	"MessageStatus", "SmsStatus", "ErrorCode",
}

// Signals reads an incoming message or a status callback. A call of the fallback URL has the same
// MessageSid as the one that failed, and is the same signal. What has none, such as a phone call, gives
// no signal; nor does what comes from something that is no recipient, such as a short code.
func (t twilio) Signals(req *fasthttp.Request) ([]Signal, error) {
	said, err := saidIn(req, twilioSaid)
	if err != nil {
		return nil, err
	}
	status := strings.ToLower(cmp.Or(said["MessageStatus"], said["SmsStatus"]))
	s := Signal{Kind: Message, ID: cmp.Or(said["MessageSid"], said["SmsSid"], said["SmsMessageSid"]), Service: said["MessagingServiceSid"]}
	person, sender := said["From"], said["To"]
	if status != "" && status != "received" && status != "receiving" {
		s.Kind, s.Status, s.MessageID, s.ID = Receipt, status, s.ID, s.ID+":"+status
		s.Code = count(said["ErrorCode"])
		person, sender = sender, person
	} else {
		s.Text, s.Payload = cmp.Or(said["Body"], said["ButtonText"]), said["ButtonPayload"]
		s.ReplyTo, s.Media = said["OriginalRepliedMessageSid"], count(said["NumMedia"])
		s.Word = takenFor[strings.ToUpper(said["OptOutType"])]
	}
	if s.From = t.recipient(person); s.From.Channel == filter.WhatsApp {
		id, _ := strings.CutPrefix(said["ExternalUserId"], "whatsapp:")
		parent, _ := strings.CutPrefix(said["ParentExternalUserId"], "whatsapp:")
		s.about(s.From.Address, said["WaId"], id, parent)
	}
	s.Sender = filter.Sender(sender, t.region)
	if person == "" || s.From.Address == "" || s.ID == "" || s.MessageID == "" && s.Kind == Receipt {
		return nil, nil
	}
	return []Signal{s}, nil
}

// Acknowledge answers with TwiML that says nothing to anybody: text of another type would be sent to the
// person as a reply.
// Source: https://www.twilio.com/docs/messaging/twiml
func (t twilio) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
	resp.Header.SetContentType("text/xml")
	resp.SetBodyString(`<?xml version="1.0" encoding="UTF-8"?><Response/>`)
}
