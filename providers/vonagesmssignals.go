package providers

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Verify checks the parameter sig. Secrets are signature secrets; any way to sign that Vonage offers is good.
func (vonageSMS) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.called(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	all, ok := vonageSaid(req)
	if !ok || len(all) > mostSigned {
		return unsigned("its parameters cannot be read")
	}
	text, sig, ok := vonageSigned(all)
	switch {
	case !ok:
		return unsigned("a parameter is there more than once")
	case sig == "":
		return unsigned("the parameter sig is missing")
	}
	good := 0
	for _, secret := range w.Secrets {
		for _, m := range vonageMACs {
			if secret != "" && same([]byte(strings.ToLower(sig)), hex.EncodeToString(m.mac(secret, text))) {
				good++
			}
		}
	}
	if good == 0 {
		return unsigned("sig is not that of its parameters with any signature secret of the route")
	}
	return nil
}

// Sign leaves the signature that there is, which does not cover the URL, where it is that of the first secret, and
// signs by HMAC with SHA-256 else, behind the other parameters.
func (v vonageSMS) Sign(req *fasthttp.Request, w *Webhook) {
	if w.forward(req); len(w.Secrets) == 0 {
		return
	}
	first := Webhook{Secrets: w.Secrets[:1]}
	all, ok := vonageSaid(req)
	text, _, once := vonageSigned(all)
	if !ok || !once || v.Verify(req, &first, time.Time{}) == nil {
		return
	}
	h := keyhole{in: inBody, at: "sig"}
	if req.Header.IsGet() {
		h.in = inQuery
	}
	if _, err := h.put(req, ""); err == nil {
		vonagePut(req, "sig", hex.EncodeToString(vonageMAC("sha256")(w.Secrets[0], text)))
	}
}

// vonageSMSSaid are the parameters of a call that are read.
// Source: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
var vonageSMSSaid = []string{"msisdn", "to", "messageId", "text", "type", "status", "err-code", "message-timestamp", "timestamp",
	"concat-ref", "concat-part", "concat-total"}

// vonageSMSWithdrawn are the codes of receipts that are opt-outs: of 9 the person asked the sender to stop.
// Source: https://developer.vonage.com/en/opt-out-assist/guides/messaging-opted-out-numbers
var vonageSMSWithdrawn = map[int]filter.Scope{9: filter.All}

// Signals reads an incoming message, or a delivery receipt. A message in several parts comes part by part.
func (v vonageSMS) Signals(req *fasthttp.Request) ([]Signal, error) {
	said, err := saidIn(req, vonageSMSSaid)
	if err != nil {
		return nil, err
	}
	one := Signal{Kind: Message, ID: said["messageId"], Text: said["text"], From: texter(said["msisdn"]), Sender: senderAbroad(said["to"], v.region)}
	if at, err := time.Parse(time.DateTime, said["message-timestamp"]); err == nil { // in UTC
		one.Time = at
	}
	if part := (Part{said["concat-ref"], count(said["concat-part"]), count(said["concat-total"])}); !part.Whole() {
		one.Part = part
	}
	if status := strings.ToLower(said["status"]); status != "" {
		one.Kind, one.Text, one.Status, one.Code, one.MessageID = Receipt, "", status, count(said["err-code"]), one.ID
		if one.ID != "" {
			one.ID += ":" + status
		}
	}
	return told(one), nil
}
