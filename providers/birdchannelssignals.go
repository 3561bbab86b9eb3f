package providers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A birdchannelsSigner knows the calls of Bird's webhook subscriptions, by an HMAC with SHA-256 over a time, the URL and the hash of
// the body. How old a time may be is not checked: a call that comes late may hold a STOP, and one that is played again is
// the same as before by its ids. A provider embeds it.
// Source: https://docs.bird.com/api/notifications-api/api-reference/webhooks/verifying-a-webhook
type birdchannelsSigner struct{ quiet }

// The headers of a call.
const (
	birdchannelsSignature = "Messagebird-Signature"
	birdchannelsTime      = "Messagebird-Request-Timestamp"
)

// Verify checks the signature where the route has secrets.
func (birdchannelsSigner) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	given, n := header(&req.Header, strings.ToLower(birdchannelsSignature))
	at, times := header(&req.Header, strings.ToLower(birdchannelsTime))
	switch {
	case n == 0:
		return unsigned("the header " + birdchannelsSignature + " is missing")
	case n > 1 || times != 1:
		return unsigned("the headers of the signature are not there once each")
	}
	good := 0
	for _, secret := range w.Secrets {
		if secret != "" && same(given, birdchannelsMAC(secret, at, w.URL, req.Body())) {
			good++
		}
	}
	if good == 0 {
		return unsigned(birdchannelsSignature + " is not that of this address and body with any secret of the route")
	}
	return nil
}

func birdchannelsMAC(secret string, at []byte, url string, body []byte) string {
	sum := sha256.Sum256(body)
	h := hmac.New(sha256.New, []byte(secret))
	for _, part := range [...][]byte{at, {'\n'}, []byte(url), {'\n'}, sum[:]} {
		h.Write(part)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Sign signs as Verify checks, with the time of a call that has one.
func (birdchannelsSigner) Sign(req *fasthttp.Request, w *Webhook) {
	w.forward(req)
	if len(w.Secrets) == 0 {
		return
	}
	at, times := header(&req.Header, strings.ToLower(birdchannelsTime))
	if times != 1 {
		at = strconv.AppendInt(nil, time.Now().Unix(), 10)
	}
	at = []byte(string(at)) // of the header, which is changed
	drop(&req.Header, strings.ToLower(birdchannelsTime))
	drop(&req.Header, strings.ToLower(birdchannelsSignature))
	req.Header.SetBytesV(birdchannelsTime, at)
	req.Header.Set(birdchannelsSignature, birdchannelsMAC(w.Secrets[0], at, string(req.RequestURI()), req.Body()))
}

// A birdchannelsCall is one call of a subscription.
// Sources: https://docs.bird.com/api/channels-api/message-status-and-interactions and
// https://docs.bird.com/api/channels-api/supported-channels/programmable-sms/receiving-messages
type birdchannelsCall struct {
	Service string `json:"service"`
	Event   string `json:"event"`
	Payload struct {
		ID       string `json:"id"`
		Channel  string `json:"channelId"`
		Sender   struct{ Contact birdchannelsNamed }
		Receiver struct{ Contacts []birdchannelsNamed }
		Body     struct {
			Type string `json:"type"`
			Text struct {
				Text string `json:"text"`
			} `json:"text"`
			HTML struct {
				Text string `json:"text"`
			} `json:"html"`
		} `json:"body"`
		ReplyTo struct {
			ID string `json:"id"`
		} `json:"replyTo"`
		Meta struct {
			Extra struct {
				UserID loose `json:"whatsappbsuid"`
			} `json:"extraInformation"`
		} `json:"meta"`
		Status  string `json:"status"`
		Created loose  `json:"createdAt"`
		Changed loose  `json:"lastStatusAt"`
	} `json:"payload"`
}

// A birdchannelsNamed is a contact as a call names it.
type birdchannelsNamed struct {
	Key   string `json:"identifierKey"`
	Value string `json:"identifierValue"`
}

// birdchannelsPlatforms are the channels by the names that events begin with, for those that a route does not list.
var birdchannelsPlatforms = map[string]filter.Channel{"sms": filter.SMS, "whatsapp": filter.WhatsApp, "email": filter.Email, "viber": filter.Viber,
	"facebook": filter.Messenger, "instagram": filter.Messenger, "telegram": filter.Telegram, "line": filter.LINE}

// Signals reads what people wrote, and what became of messages to them.
func (p birdchannels) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call birdchannelsCall
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	platform, event, _ := strings.Cut(call.Event, ".")
	channel, known := birdchannelsPlatforms[platform]
	if c, listed := p.channels[call.Payload.Channel]; listed {
		channel, known = c.channel, true
	}
	if m := &call.Payload; known && m.ID != "" {
		switch event {
		case "inbound":
			s := Signal{Kind: Message, ID: m.ID, Time: saidAt(m.Created), Sender: m.Channel, Text: m.Body.Text.Text, ReplyTo: m.ReplyTo.ID}
			if s.Text == "" {
				s.Text = m.Body.HTML.Text
			}
			if m.Body.Type == "image" || m.Body.Type == "file" {
				s.Media = 1
			}
			if s.From = birdchannelsPersonOn(channel, m.Sender.Contact); channel == filter.WhatsApp {
				s.about(s.From.Address, string(m.Meta.Extra.UserID))
			}
			all = told(s)
		case "outbound":
			for _, contact := range m.Receiver.Contacts {
				s := Signal{Kind: Receipt, Time: saidAt(m.Changed), Sender: m.Channel, Status: m.Status, MessageID: m.ID, From: birdchannelsPersonOn(channel, contact)}
				s.ID = m.ID + ":" + digest(s.From.Address) + ":" + m.Status
				all = append(all, told(s)...)
			}
		}
	}
	return all, nil
}

// birdchannelsPersonOn is whom a contact is on a channel; nobody where it is named by something else.
func birdchannelsPersonOn(channel filter.Channel, contact birdchannelsNamed) filter.Recipient {
	text := contact.Value
	switch want := birdchannelsIdentifiers[channel]; {
	case channel == filter.WhatsApp && contact.Key == birdchannelsUserID:
	case want != "" && contact.Key != "" && contact.Key != want:
		return filter.Recipient{}
	case want == "phonenumber":
		text = withPlus(text)
	}
	address, err := filter.Address(channel, text, "")
	if err != nil {
		return filter.Recipient{}
	}
	return filter.Recipient{Channel: channel, Address: address}
}
