package providers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// twilioSaid are the parameters of a call that are read.
// Sources: https://www.twilio.com/docs/messaging/guides/webhook-request and
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
var twilioSaid = []string{
	"MessageSid", "SmsSid", "SmsMessageSid", "MessagingServiceSid", "From", "To", "Body", "NumMedia", "OptOutType",
	"ButtonText", "ButtonPayload", "OriginalRepliedMessageSid", "WaId", "ExternalUserId",
	"MessageStatus", "SmsStatus", "ErrorCode",
}

// twilioWords are what Twilio's own handling of keywords took a message for.
// Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
var twilioWords = map[string]filter.Keyword{"STOP": filter.StopWord, "START": filter.StartWord, "HELP": filter.HelpWord}

// Signals reads an incoming message or a status callback. A call of the fallback URL has the same
// MessageSid as the one that failed, and is the same signal. What has none, such as a phone call, gives
// no signal; nor does what comes from something that is no recipient, such as a short code.
func (t twilio) Signals(req *fasthttp.Request) ([]Signal, error) {
	said, err := twilioSays(req)
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
		s.Word = twilioWords[strings.ToUpper(said["OptOutType"])]
	}
	if s.From = t.recipient(person); s.From.Channel == filter.WhatsApp {
		id, _ := strings.CutPrefix(said["ExternalUserId"], "whatsapp:")
		s.about(s.From.Address, said["WaId"], id)
	}
	s.Sender = filter.Sender(sender, t.region)
	if person == "" || s.From.Address == "" || s.ID == "" || s.MessageID == "" && s.Kind == Receipt {
		return nil, nil
	}
	return []Signal{s}, nil
}

// twilioSays reads the parameters of a call: of its query for a GET, and else of its body, which is a
// form or, in Twilio's newer services, JSON. The query of a POST is the owner's own.
func twilioSays(req *fasthttp.Request) (map[string]string, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	if req.Header.IsGet() {
		_, query, _ := splitURI(req.Header.RequestURI())
		return twilioForm(query)
	}
	if kind, _, ok := mediaType(req.Header.ContentType()); ok && fold(kind, "application/json") {
		var all map[string]loose
		if json.Unmarshal(body, &all) != nil {
			return nil, errors.New("the body is not the JSON object that its type promises")
		}
		said := make(map[string]string, len(twilioSaid))
		for _, name := range twilioSaid {
			said[name] = string(all[name])
		}
		return said, nil
	}
	if !formBody(req) {
		return nil, errors.New("the body is neither a form nor JSON")
	}
	return twilioForm(body)
}

// twilioForm is what twilioSays reads of a form or a query.
func twilioForm(src []byte) (map[string]string, error) {
	all, ok := pairs(src)
	if !ok {
		return nil, errEscape
	}
	said := make(map[string]string, len(twilioSaid))
	for _, p := range all {
		if !slices.Contains(twilioSaid, p.name) {
			continue
		}
		if _, twice := said[p.name]; twice {
			return nil, fmt.Errorf("the parameter %s is there more than once", p.name)
		}
		said[p.name] = strings.ToValidUTF8(p.value, "\uFFFD")
	}
	return said, nil
}

// Acknowledge answers with TwiML that says nothing to anybody: text of another type would be sent to the
// person as a reply.
// Source: https://www.twilio.com/docs/messaging/twiml
func (t twilio) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
	resp.Header.SetContentType("text/xml")
	resp.SetBodyString(`<?xml version="1.0" encoding="UTF-8"?><Response/>`)
}

// count is a small number that a service wrote; 0 for anything else.
func count(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 9_999_999 {
		return 0
	}
	return n
}
