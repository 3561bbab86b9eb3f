package providers

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// vonageMACs are the ways in which an account may have its calls signed. The first is no HMAC: the secret stands
// behind what is signed.
// Source: https://developer.vonage.com/en/getting-started/concepts/signing-messages
var vonageMACs = []func(secret string, text []byte) []byte{
	func(secret string, text []byte) []byte {
		sum := md5.Sum(append(text[:len(text):len(text)], secret...))
		return sum[:]
	},
	vonageHMAC(md5.New), vonageHMAC(sha1.New), vonageHMAC(sha256.New), vonageHMAC(sha512.New),
}

func vonageHMAC(with func() hash.Hash) func(secret string, text []byte) []byte {
	return func(secret string, text []byte) []byte {
		h := hmac.New(with, []byte(secret))
		h.Write(text)
		return h.Sum(nil)
	}
}

// vonageSaid are all parameters of a call, of its query for a GET, and else of its body; ok is false for what cannot
// be read.
func vonageSaid(req *fasthttp.Request) (all []pair, ok bool) {
	if req.Header.IsGet() {
		_, query, _ := splitURI(req.Header.RequestURI())
		return pairs(query)
	}
	if formBody(req) {
		return pairs(req.Body())
	}
	var said map[string]loose
	if kind, _, ok := mediaType(req.Header.ContentType()); !ok || !fold(kind, "application/json") {
		return nil, false
	}
	if _, err := scanJSON(req.Body(), nil); err != nil || json.Unmarshal(req.Body(), &said) != nil {
		return nil, false // as it is where a name comes twice
	}
	for name, value := range said {
		all = append(all, pair{name, string(value)})
	}
	return all, true
}

// vonageSigned is what is signed of a call: its parameters but for the signature, in the order of their names; and the
// signature. ok is false where a name comes twice.
func vonageSigned(all []pair) (text []byte, sig string, ok bool) {
	clean := strings.NewReplacer("&", "_", "=", "_")
	slices.SortFunc(all, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	for i, p := range all {
		if i > 0 && all[i-1].name == p.name {
			return nil, "", false
		}
		if p.name == "sig" {
			sig = p.value
			continue
		}
		text = append(append(append(append(text, '&'), p.name...), '='), clean.Replace(p.value)...)
	}
	return text, sig, true
}

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
		for _, mac := range vonageMACs {
			if secret != "" && same([]byte(strings.ToLower(sig)), hex.EncodeToString(mac(secret, text))) {
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
	sig := hex.EncodeToString(vonageMACs[3](w.Secrets[0], text))
	h := keyhole{at: "sig"}
	if req.Header.IsGet() {
		uri := req.Header.RequestURI()
		_, query, at := splitURI(uri)
		kept, _ := h.cutParams(query, "")
		req.Header.SetRequestURI(string(uri[:min(at, len(uri))]) + string(kept) + "&sig=" + sig)
		return
	}
	if formBody(req) {
		kept, _ := h.cutParams(req.Body(), "")
		req.SetBody(bytes.TrimPrefix(append(kept, "&sig="+sig...), []byte("&")))
		return
	}
	d := document{src: req.Body()}
	d.nodes, _ = scanJSON(d.src, nil) // it was read before
	edits := d.without(0, func(i int) bool { return i == d.member(0, "sig") })
	var out []byte
	last := 0
	for _, e := range edits {
		out, last = append(out, d.src[last:e.start]...), e.end
	}
	end := int(d.nodes[0].end) - 1
	out = bytes.TrimRight(append(out, d.src[last:end]...), " \t\r\n")
	if out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	req.SetBody(append(append(out, `"sig":"`+sig+`"`...), d.src[end:]...))
}

// vonageSMSSaid are the parameters of a call that are read.
// Source: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
var vonageSMSSaid = []string{"msisdn", "to", "messageId", "text", "type", "status", "err-code", "message-timestamp", "timestamp"}

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
	if status := strings.ToLower(said["status"]); status != "" {
		one.Kind, one.Text, one.Status, one.Code, one.MessageID = Receipt, "", status, count(said["err-code"]), one.ID
		if one.ID != "" {
			one.ID += ":" + status
		}
	}
	return told(one), nil
}
