package mock

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// A callback is how a service calls back that tells one thing a call, in no service's own way.
type callback struct {
	// receipt is the body of a call that tells what became of a message, and inbound that of one that tells what the
	// person did: what they wrote, or, by e-mail, that they unsubscribed. Nil, or an empty body: nothing is told.
	receipt, inbound func(t *talk) string
	json             bool // the body is JSON, and else a form
	get              bool // a receipt comes as the query of a GET
	// sign is the headers, names and values in turn, of a call to a URL with a body.
	sign func(secret, to, body string, now time.Time) []string
}

// A talk is what passed between a person and a business's side of a service.
type talk struct {
	id, person, us string // the id of the message; numbers without their plus
	text           string // what the person writes
	leaves         bool   // the message fails, because the person had left
	now            time.Time
	secret         string // for a service that signs in the body
}

// callbacks are the services that call so.
var callbacks = map[string]*callback{
	"bird":               {receipt: birdReceipt, inbound: birdInbound, json: true, sign: birdSign},
	"bird-channels":      {receipt: birdChannelsReceipt, inbound: birdChannelsInbound, json: true, sign: birdChannelsSign},
	"mailgun":            {receipt: mailgunReceipt, inbound: mailgunLeaves, json: true, sign: mailgunSign},
	"messagebird":        {receipt: messagebirdReceipt, inbound: messagebirdInbound, get: true, sign: messagebirdSign},
	"plivo":              {receipt: plivoReceipt, inbound: plivoInbound, sign: plivoSign},
	"postmark":           {inbound: postmarkLeaves, json: true, sign: postmarkSign},
	"sendgrid":           {receipt: sendgridReceipt, inbound: sendgridLeaves, json: true, sign: sendgridSign},
	"telnyx":             {receipt: telnyxReceipt, inbound: telnyxInbound, json: true, sign: telnyxSign},
	"cm":                 {receipt: cmReceipt, inbound: cmInbound, json: true, sign: postmarkSign},
	"infobip":            {receipt: infobipReceipt, inbound: infobipInbound, json: true, sign: postmarkSign},
	"messenger":          {receipt: messengerReceipt, inbound: messengerInbound, json: true, sign: messengerSign},
	"sinch-conversation": {receipt: sinchConversationReceipt, inbound: sinchConversationInbound, json: true, sign: sinchSign},
	"sinch-sms":          {receipt: sinchSMSReceipt, inbound: sinchSMSInbound, json: true, sign: sinchSign},
	"vonage-messages":    {receipt: vonageMessagesReceipt, inbound: vonageMessagesInbound, json: true, sign: vonageMessagesSign},
	"vonage-sms":         {receipt: vonageSMSReceipt, inbound: vonageSMSInbound, sign: vonageSMSSign},
}

// follows are the calls that follow a message that a service took: for each recipient a receipt, and what the person
// does. What is to be delivered later has neither yet.
func (m *Mock) follows(service string, s *Send, id string) (calls []*Call) {
	hook, c := m.cfg.Webhooks[service], callbacks[service]
	if c == nil || hook.URL == "" || !s.SendAt.IsZero() {
		return nil
	}
	people := s.Recipients
	if len(people) == 0 {
		people = []string{s.To}
	}
	for _, to := range people {
		box, domain, _ := strings.Cut(to, "@")
		number, _ := digits(box)
		does := reactions[number]
		t := &talk{id: id, person: number, us: strings.TrimPrefix(s.From, "+"), text: does.writes, leaves: does.leaves, now: m.cfg.Now(), secret: hook.Secret}
		if domain != "" {
			t.person = to
		}
		if c.receipt != nil && !hook.NoReceipts {
			calls = append(calls, c.call(service, "receipt", to, hook, c.receipt(t), m.cfg.Now)...)
		}
		if t.text != "" {
			calls = append(calls, c.call(service, "message", to, hook, c.inbound(t), m.cfg.Now)...)
		}
	}
	return calls
}

// call is a call to hook, or none where there is nothing to tell.
func (c *callback) call(service, kind, to string, hook Webhook, body string, clock func() time.Time) []*Call {
	if body == "" {
		return nil
	}
	return []*Call{{Provider: service, Kind: kind, To: to, URL: hook.URL, request: func(ctx context.Context) (*http.Request, error) {
		if c.get && kind == "receipt" {
			separator := "?"
			if strings.Contains(hook.URL, "?") {
				separator = "&"
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, hook.URL+separator+body, nil)
			if err == nil {
				signed(req, c.sign(hook.Secret, req.URL.String(), "", clock()))
			}
			return req, err
		}
		mime := "application/x-www-form-urlencoded"
		if c.json {
			mime = "application/json"
		}
		return posting(ctx, hook.URL, mime, []byte(body), c.sign(hook.Secret, hook.URL, body, clock())...)
	}}}
}

func signed(req *http.Request, header []string) {
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
}

// PublicKey is what a gate has to know the calls of a service by that signs with a private key, made from secret: in
// base64, as the service shows it. Empty for other services.
func PublicKey(service, secret string) string {
	switch service {
	case "telnyx":
		return base64.StdEncoding.EncodeToString(telnyxKey(secret).Public().(ed25519.PublicKey))
	case "sendgrid":
		der, err := x509.MarshalPKIXPublicKey(sendgridKey(secret).Public())
		if err == nil {
			return base64.StdEncoding.EncodeToString(der)
		}
	}
	return ""
}

// Password is the Authorization header that a gate has to know the calls of a service by that signs nothing. Empty for
// other services.
func Password(service, secret string) string {
	switch service {
	case "cm", "infobip", "postmark":
		return postmarkSign(secret, "", "", time.Time{})[1]
	}
	return ""
}

func sum(text string) []byte {
	s := sha256.Sum256([]byte(text))
	return s[:]
}

func mac(secret, text string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// asJSON is v, which is one of this package's own.
func asJSON(v any) string { return string(jsonAnswer(0, v).body) }
