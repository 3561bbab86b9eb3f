package providers

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// The headers by which SendGrid signs.
const (
	sendgridSignature = "X-Twilio-Email-Event-Webhook-Signature"
	sendgridTime      = "X-Twilio-Email-Event-Webhook-Timestamp"
)

// Wants asks for SendGrid's public key, which the settings of the webhook show.
func (sendgrid) Wants(w *Webhook) error {
	if len(w.Secrets) > 0 {
		return errors.New("secrets: SendGrid signs with a key of its own: want its public key, in public_keys")
	}
	for _, key := range w.PublicKeys {
		if ecdsaKey(key) == nil {
			return errors.New("public_keys: want a P-256 key in base64, as the settings of SendGrid's event webhook show it")
		}
	}
	return nil
}

func ecdsaKey(text string) *ecdsa.PublicKey {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if key, ok := key.(*ecdsa.PublicKey); err == nil && ok && key.Curve == elliptic.P256() {
		return key
	}
	return nil
}

// Verify checks SendGrid's own signature, over the time and the body. How old it is decides nothing: the same event
// has the same id again.
// Source: https://github.com/sendgrid/sendgrid-go/blob/main/helpers/eventwebhook/eventwebhook.go
func (sendgrid) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.PublicKeys) == 0 {
		return err
	}
	given, n := header(&req.Header, strings.ToLower(sendgridSignature))
	at, times := header(&req.Header, strings.ToLower(sendgridTime))
	signature, err := base64.StdEncoding.DecodeString(string(given))
	if n != 1 || times != 1 || err != nil {
		return unsigned("the headers " + sendgridSignature + " and " + sendgridTime + " are not there once each")
	}
	sum := sha256.Sum256(append(bytes.Clone(at), req.Body()...))
	for _, text := range w.PublicKeys {
		if key := ecdsaKey(text); key != nil && ecdsa.VerifyASN1(key, sum[:], signature) {
			return nil
		}
	}
	return unsigned(sendgridSignature + " is not that of this body by any public key of the route")
}

// Sign leaves the signature as it is, which no address is part of: nobody else can sign for SendGrid.
func (sendgrid) Sign(req *fasthttp.Request, w *Webhook) { w.forward(req) }

// Acknowledge answers 200 without a body.
func (sendgrid) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
}

// sendgridDrops are the reasons for which SendGrid dropped an e-mail that somebody's will is behind.
// Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
var sendgridDrops = map[string]bool{"Unsubscribed Address": true, "Spam Reporting Address": true}

// Signals reads who unsubscribed, from all or from a group, and who called an e-mail spam. What SendGrid did not
// deliver since an address bounces says nothing about anybody's will.
// Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
func (sendgrid) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var events []struct {
		Event  string `json:"event"`
		Email  string `json:"email"`
		ID     string `json:"sg_event_id"`
		Time   loose  `json:"timestamp"`
		Reason string `json:"reason"`
		Group  loose  `json:"asm_group_id"`
	}
	if json.Unmarshal(body, &events) != nil {
		return nil, errNoCall
	}
	for _, e := range events {
		s := Signal{Kind: Preference, ID: e.ID, Time: unixTime(e.Time), Stop: true, Scope: filter.All, Detail: e.Event}
		switch {
		case e.Event == "unsubscribe" || e.Event == "spamreport":
		case e.Event == "dropped" && sendgridDrops[e.Reason]:
			s.Detail += ": " + e.Reason
		case e.Event == "group_unsubscribe" || e.Event == "group_resubscribe":
			s.Stop, s.Label = e.Event == "group_unsubscribe", string(e.Group)
			s.Detail += " " + s.Label
		default:
			continue
		}
		from, fault := filter.Address(filter.Email, e.Email, "")
		if fault != nil {
			continue
		}
		s.From = filter.Recipient{Channel: filter.Email, Address: from}
		if s.ID == "" {
			s.ID = digest("sendgrid", e.Event, from, string(e.Time), string(e.Group))
		}
		all = append(all, s)
	}
	return all, nil
}
