package providers

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// The headers by which Telnyx signs.
const (
	telnyxSignature = "Telnyx-Signature-Ed25519"
	telnyxTime      = "Telnyx-Timestamp"
)

// Wants asks for Telnyx's public key, which its portal shows.
func (telnyx) Wants(w *Webhook) error {
	if len(w.Secrets) > 0 {
		return errors.New("secrets: Telnyx signs with a key of its own: want its public key, in public_keys")
	}
	for _, key := range w.PublicKeys {
		if ed25519Key(key) == nil {
			return errors.New("public_keys: want 32 bytes in base64, as Telnyx's portal shows them")
		}
	}
	return nil
}

func ed25519Key(text string) ed25519.PublicKey {
	if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == ed25519.PublicKeySize {
		return key
	}
	return nil
}

// Verify checks Telnyx's own signature, over the time, a bar and the body. How old it is decides nothing: the same
// message has the same id again.
// Source: https://github.com/team-telnyx/telnyx-node/blob/master/src/lib/webhooks.ts
func (telnyx) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.PublicKeys) == 0 {
		return err
	}
	given, n := header(&req.Header, strings.ToLower(telnyxSignature))
	at, times := header(&req.Header, strings.ToLower(telnyxTime))
	signature, err := base64.StdEncoding.DecodeString(string(given))
	if n != 1 || times != 1 || err != nil {
		return unsigned("the headers " + telnyxSignature + " and " + telnyxTime + " are not there once each")
	}
	signed := append(append(append([]byte(nil), at...), '|'), req.Body()...)
	for _, text := range w.PublicKeys {
		if key := ed25519Key(text); key != nil && ed25519.Verify(key, signed, signature) {
			return nil
		}
	}
	return unsigned(telnyxSignature + " is not that of this body by any public key of the route")
}

// A telnyxParty is one side of a message: a number, or an agent of RCS.
type telnyxParty struct {
	Number string `json:"phone_number"`
	Agent  string `json:"agent_id"`
	Status string `json:"status"`
}

// sender is p where it is the business.
func (p telnyxParty) sender(region string) string {
	return filter.Sender(cmp.Or(p.Number, p.Agent), region)
}

// A telnyxMessage is a message that Telnyx tells of, either way.
type telnyxMessage struct {
	ID      string            `json:"id"`
	Type    string            `json:"type"`
	Profile string            `json:"messaging_profile_id"`
	Text    string            `json:"text"`
	Word    string            `json:"autoresponse_type"`
	Media   []json.RawMessage `json:"media"`
	From    telnyxParty       `json:"from"`
	To      []telnyxParty     `json:"to"`
	Body    json.RawMessage   `json:"body"`
	Errors  []struct {
		Code  loose  `json:"code"`
		Title string `json:"title"`
	} `json:"errors"`
}

// A telnyxBody is what an RCS message says, or the button that was pressed below one.
// Source: https://developers.telnyx.com/docs/messaging/messages/receiving-rcs-webhooks
type telnyxBody struct {
	Text    string `json:"text"`
	Pressed struct {
		Text string `json:"text"`
		Data string `json:"postback_data"`
	} `json:"suggestion_response"`
}

// say has s say what is in the body of p, which on WhatsApp is as it is with Meta.
func (p *telnyxMessage) say(s *Signal) error {
	s.Text, s.Media, s.Word = p.Text, len(p.Media), takenFor[strings.ToUpper(p.Word)]
	if len(p.Body) == 0 || p.Body[0] != '{' {
		return nil
	}
	if p.Type == telnyxWhatsAppType {
		var c metaContent
		if err := json.Unmarshal(p.Body, &c); err != nil {
			return err
		}
		c.say(s)
		s.Text, s.Media = cmp.Or(s.Text, p.Text), max(s.Media, len(p.Media))
		return nil
	}
	var c telnyxBody
	if err := json.Unmarshal(p.Body, &c); err != nil {
		return err
	}
	s.Text, s.Payload = cmp.Or(p.Text, c.Text, c.Pressed.Text), c.Pressed.Data
	return nil
}

// telnyxStopped is the title with which 40300 says that the person opted out. In a receipt the code may also stand
// for a block by the carrier.
// Source: https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
const telnyxStopped = "Blocked due to STOP message"

// Signals reads what people wrote, and what became of messages, for each of their recipients. What Telnyx took a
// message for, and answered itself, it says as autoresponse_type.
// Source: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
func (t telnyx) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Data struct {
			Type     string          `json:"event_type"`
			Occurred string          `json:"occurred_at"`
			Payload  json.RawMessage `json:"payload"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	received := call.Data.Type == "message.received"
	if !received && call.Data.Type != "message.sent" && call.Data.Type != "message.finalized" {
		return nil, nil
	}
	var p telnyxMessage
	if json.Unmarshal(call.Data.Payload, &p) != nil {
		return nil, errNoCall
	}
	s := Signal{Service: p.Profile}
	if at, ok := readTime(call.Data.Occurred); ok {
		s.Time = at.UTC()
	}
	switch {
	case p.ID == "":
		return nil, nil
	case received:
		s.Kind, s.ID = Message, p.ID
		if p.say(&s) != nil {
			return nil, errNoCall
		}
		s.From = t.party(&p, p.From)
		if len(p.To) > 0 {
			s.Sender = p.To[0].sender(t.region)
		}
		if s.From.Address == "" {
			return nil, nil
		}
		return []Signal{s}, nil
	}
	s.Kind, s.MessageID, s.Sender = Receipt, p.ID, p.From.sender(t.region)
	if len(p.Errors) > 0 {
		s.Code = count(string(p.Errors[0].Code))
	}
	for _, e := range p.Errors {
		if e.Code == "40300" && e.Title != telnyxStopped {
			s.Code = 0
		}
	}
	for _, to := range p.To {
		s.From, s.Status = t.party(&p, to), strings.ToLower(to.Status)
		s.ID = p.ID + ":" + digest(s.From.Address) + ":" + s.Status
		if s.From.Address != "" && s.Status != "" {
			all = append(all, s)
		}
	}
	return all, nil
}

// telnyxWhatsAppType is the type of a message on WhatsApp.
const telnyxWhatsAppType = "WHATSAPP"

// party is who has a number, on the channel of message p.
func (t telnyx) party(p *telnyxMessage, who telnyxParty) filter.Recipient {
	if p.Type == telnyxWhatsAppType {
		return t.correspondent(filter.WhatsApp, who.Number)
	}
	r := filter.Recipient{Channel: filter.SMS}
	r.Address, _ = filter.Number(who.Number, t.region) // a short code is nobody
	return r
}
