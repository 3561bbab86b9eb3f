package providers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// mailgunAge is how old a signature of Mailgun's may be. It repeats a call for eight hours.
// Source: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks
const mailgunAge = 12 * time.Hour

// A mailgunSignature vouches for its time and its token, and for nothing else of the body in which it stands.
type mailgunSignature struct {
	Time   loose  `json:"timestamp"`
	Token  string `json:"token"`
	Own    string `json:"signature"`
	Parent string `json:"parent-signature"` // of the primary account, where a subaccount's e-mail is told of
}

// Verify checks the signature in the body: the HMAC with SHA-256 over its time and token. It says who calls, as a
// password does, and not what: somebody who got hold of one could tell anything with it for [mailgunAge], so that
// nothing is read here but who left. Secrets are signing keys.
// Source: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
func (mailgun) Verify(req *fasthttp.Request, w *Webhook, now time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	var call struct {
		Signature mailgunSignature `json:"signature"`
	}
	if json.Unmarshal(req.Body(), &call) != nil {
		return unsigned("the body is not the JSON in which its signature stands")
	}
	s, good := &call.Signature, 0
	for _, secret := range w.Secrets {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(string(s.Time) + s.Token))
		for _, given := range []string{s.Own, s.Parent} {
			if mac, err := hex.DecodeString(given); err == nil && secret != "" && s.Token != "" && hmac.Equal(mac, h.Sum(nil)) {
				good++
			}
		}
	}
	at := unixTime(s.Time)
	switch {
	case good == 0:
		return unsigned("the signature in the body is not that of its time and token with any signing key of the route")
	case at.IsZero() || now.Sub(at) > mailgunAge || at.Sub(now) > mailgunAge:
		return unsigned("the signature in the body is not of this time, by the clock of this machine")
	}
	return nil
}

// mailgunFailures are the reasons of a failure that somebody's will is behind.
// Source: https://github.com/mailgun/mailgun-go/blob/master/events/enums.go
var mailgunFailures = map[string]bool{"suppress-unsubscribe": true, "suppress-complaint": true}

// Signals reads who unsubscribed, who called an e-mail spam, and to whom Mailgun sent nothing since they had. Whether
// they left all or what has one tag is not told, and counts for all.
// Source: https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure
func (mailgun) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Data struct {
			Event     string `json:"event"`
			ID        string `json:"id"`
			Recipient string `json:"recipient"`
			Reason    string `json:"reason"`
			Time      loose  `json:"timestamp"`
		} `json:"event-data"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	d := &call.Data
	seconds, _, _ := strings.Cut(string(d.Time), ".")
	s := Signal{Kind: Preference, Time: unixTime(loose(seconds)), Stop: true, Scope: filter.All, Detail: d.Event}
	switch {
	case d.Event == "unsubscribed" || d.Event == "complained":
	case d.Event == "failed" && mailgunFailures[d.Reason]:
		s.Detail += ": " + d.Reason
	default:
		return nil, nil
	}
	from, fault := filter.Address(filter.Email, d.Recipient, "")
	if fault != nil {
		return nil, nil
	}
	s.From = filter.Recipient{Channel: filter.Email, Address: from}
	s.ID = digest("mailgun", d.Event, d.ID, from, string(d.Time))
	return []Signal{s}, nil
}
