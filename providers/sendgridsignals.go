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

// sendgridDrops are the reasons for which SendGrid dropped an e-mail that somebody's will is behind.
// Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
var sendgridDrops = map[string]bool{"Unsubscribed Address": true, "Spam Reporting Address": true}

// Signals reads who unsubscribed, from all or from a group, and who called an e-mail spam. What SendGrid did not
// deliver since an address bounces says nothing about anybody's will. What the sender gave an e-mail as an argument of
// their own stands in the event, too, by any name that SendGrid has none for, and letter case tells the two apart.
// Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
func (sendgrid) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var events []map[string]loose
	if json.Unmarshal(body, &events) != nil {
		return nil, errNoCall
	}
	for _, e := range events {
		event, reason, group := string(e["event"]), string(e["reason"]), string(e["asm_group_id"])
		s := Signal{Kind: Preference, ID: string(e["sg_event_id"]), Time: unixTime(e["timestamp"]), Stop: true, Scope: filter.All, Detail: event}
		switch {
		case event == "unsubscribe" || event == "spamreport":
		case event == "dropped" && sendgridDrops[reason]:
			s.Detail += ": " + reason
		case event == "group_unsubscribe" || event == "group_resubscribe":
			s.Stop, s.Label = event == "group_unsubscribe", group
			s.Detail += " " + s.Label
		default:
			continue
		}
		from, fault := filter.Address(filter.Email, string(e["email"]), "")
		if fault != nil {
			continue
		}
		s.From = filter.Recipient{Channel: filter.Email, Address: from}
		if s.ID == "" {
			s.ID = digest("sendgrid", event, from, string(e["timestamp"]), group)
		}
		all = append(all, s)
	}
	return all, nil
}
