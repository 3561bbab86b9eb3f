package providers

import (
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// A twilioTalk is Twilio's Conversations with its webhooks: what somebody writes into a conversation comes to no webhook
// of the number. They are signed as those of Messages are.
type twilioTalk struct{ twilioForms }

func newTwilioTalk(cfg Config) (Provider, error) {
	return twilioTalk{twilioForms{twilioKeyring, twilioConversations, cfg.Region, cfg.Unseen}}, nil
}

// Verify checks X-Twilio-Signature.
func (twilioTalk) Verify(req *fasthttp.Request, w *Webhook, now time.Time) error {
	return twilio{}.Verify(req, w, now)
}

// Sign signs as Twilio does.
func (twilioTalk) Sign(req *fasthttp.Request, w *Webhook) { twilio{}.Sign(req, w) }

// Acknowledge answers with nothing: Twilio would change the message by what it reads.
func (twilioTalk) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
}

// twilioTalkSaid are the parameters of a call that are read.
// Source: https://www.twilio.com/docs/conversations/conversations-webhooks
var twilioTalkSaid = []string{"EventType", "Source", "MessageSid", "MessagingServiceSid", "Author", "Body", "Media", "DateCreated"}

// Signals reads a message of somebody who takes part by an address, such as a number: that is its author. What comes by
// Source API or SDK a program of the customer's wrote, whatever author it names, and who is known by an identity uses
// such a program. A receipt names nobody, and a pre-event webhook tells of what is not yet.
func (t twilioTalk) Signals(req *fasthttp.Request) ([]Signal, error) {
	said, err := saidIn(req, twilioTalkSaid)
	if err != nil {
		return nil, err
	}
	if source := strings.ToLower(said["Source"]); said["EventType"] != "onMessageAdded" || source == "api" || source == "sdk" {
		return nil, nil
	}
	s := Signal{Kind: Message, ID: said["MessageSid"], Service: said["MessagingServiceSid"], Text: said["Body"]}
	s.From = (twilio{region: t.region}).recipient(said["Author"])
	if said["Media"] != "" && said["Media"] != "[]" {
		s.Media = 1
	}
	if s.Time, err = time.Parse(time.RFC3339, said["DateCreated"]); err == nil {
		s.Time = s.Time.UTC()
	}
	return told(s), nil
}
