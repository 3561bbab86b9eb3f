package providers

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A plivoScheme is a way in which Plivo signs: by the auth token of the account that a message is of, in one header,
// and by that of the main account, in another.
type plivoScheme struct {
	headers [2]string
	nonce   string
	signed  func(req *fasthttp.Request, url string) (text []byte, ok bool) // without the nonce
}

// plivoSchemes are those of messages first. The address alone is signed there, so that such a signature vouches for
// who calls, and not for the body: like a password that is good for once.
// Sources: https://docs.plivo.com/docs/messaging/concepts/signature-validation and
// https://github.com/plivo/plivo-go/blob/master/utils.go
var plivoSchemes = []plivoScheme{
	{[2]string{"X-Plivo-Signature-V2", "X-Plivo-Signature-Ma-V2"}, "X-Plivo-Signature-V2-Nonce", plivoAddress},
	{[2]string{"X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3"}, "X-Plivo-Signature-V3-Nonce", plivoCall},
}

// plivoAddress is a URL without its query.
func plivoAddress(_ *fasthttp.Request, url string) ([]byte, bool) {
	base, _, _ := strings.Cut(url, "?")
	return []byte(base), true
}

// plivoCall is a URL with its query sorted, the parameters of a form, and the dot before the nonce.
func plivoCall(req *fasthttp.Request, url string) ([]byte, bool) {
	base, query, _ := strings.Cut(url, "?")
	asked, ok := pairs([]byte(query))
	var posted []pair
	if !req.Header.IsGet() && ok && formBody(req) {
		posted, ok = pairs(req.Body())
	}
	if !ok || len(asked)+len(posted) > mostSigned || !req.Header.IsGet() && !formBody(req) {
		return nil, false
	}
	out := []byte(base)
	if len(asked)+len(posted) > 0 {
		out = append(out, '?')
	}
	for i, p := range sortedPairs(asked) {
		if i > 0 {
			out = append(out, '&')
		}
		out = append(append(append(out, p.name...), '='), p.value...)
	}
	if len(asked) > 0 && len(posted) > 0 {
		out = append(out, '.')
	}
	for _, p := range sortedPairs(posted) {
		out = append(append(out, p.name...), p.value...)
	}
	return append(out, '.'), true
}

// sortedPairs are all in the order of their names, and of the values of one name.
func sortedPairs(all []pair) []pair {
	slices.SortFunc(all, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	return all
}

// mac is the signature with a token.
func (s *plivoScheme) mac(token string, text, nonce []byte) string {
	h := hmac.New(sha256.New, []byte(token))
	h.Write(text)
	h.Write(nonce)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Verify checks the signatures that are there: any of them must be good, and none may be there twice. Secrets are auth
// tokens. A header of V3 may hold several, with commas between them.
func (plivo) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.called(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	url, _, _ := strings.Cut(w.URL, "#")
	good, there := 0, 0
	for i := range plivoSchemes {
		s := &plivoSchemes[i]
		nonce, nonces := header(&req.Header, strings.ToLower(s.nonce))
		for _, name := range s.headers {
			given, n := header(&req.Header, strings.ToLower(name))
			if n == 0 {
				continue
			}
			there++
			if n > 1 || nonces != 1 || len(nonce) == 0 || len(given) > mostSigned {
				return unsigned("the headers " + name + " and " + s.nonce + " are not there once each")
			}
			text, ok := s.signed(req, url)
			for one := range strings.SplitSeq(string(given), ",") {
				for _, token := range w.Secrets {
					if ok && token != "" && same([]byte(one), s.mac(token, text, nonce)) {
						good++
					}
				}
			}
		}
	}
	switch {
	case there == 0:
		return unsigned("the header " + plivoSchemes[0].headers[0] + " is missing")
	case good == 0:
		return unsigned("none of its signatures is that of this address with any auth token of the route")
	}
	return nil
}

// Sign signs in each way in which a call is signed already, with its nonces, and as messages are else.
func (plivo) Sign(req *fasthttp.Request, w *Webhook) {
	w.forward(req)
	if len(w.Secrets) == 0 {
		return
	}
	url, _, _ := strings.Cut(w.URL, "#")
	signed := false
	for i := range plivoSchemes {
		signed = plivoSchemes[i].again(req, url, w.Secrets[0]) || signed
	}
	if !signed {
		n, _ := rand.Int(rand.Reader, big.NewInt(1e18)) // never fails
		s := &plivoSchemes[0]
		req.Header.Set(s.nonce, n.String())
		text, _ := s.signed(req, url)
		req.Header.Set(s.headers[0], s.mac(w.Secrets[0], text, []byte(n.String())))
	}
}

// again signs req with its nonce in the headers of s that it has, and reports whether it has any.
func (s *plivoScheme) again(req *fasthttp.Request, url, token string) (signed bool) {
	nonce, n := header(&req.Header, strings.ToLower(s.nonce))
	text, ok := s.signed(req, url)
	mac := s.mac(token, text, nonce)
	for _, name := range s.headers {
		if _, there := header(&req.Header, strings.ToLower(name)); there > 0 {
			drop(&req.Header, strings.ToLower(name))
			if n == 1 && ok {
				req.Header.Set(name, mac)
				signed = true
			}
		}
	}
	return signed
}

// Acknowledge answers 200 without a body: in XML Plivo would send what it holds, which would go round the gate.
// Source: https://docs.plivo.com/docs/messaging/xml/request
func (plivo) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
}

// plivoSaid are the parameters of a call that are read.
// Sources: https://docs.plivo.com/docs/messaging/xml/request and
// https://docs.plivo.com/docs/messaging/api/message/message-status-callback
var plivoSaid = []string{"MessageUUID", "From", "To", "Text", "Body", "ButtonText", "ButtonPayload", "Type", "Status", "ErrorCode", "ParentMessageUUID"}

// plivoWithdrawn are the codes that are opt-outs: of 200 the person wrote STOP to the sender.
// Source: https://plivo.com/docs/messaging/troubleshooting/error-codes
var plivoWithdrawn = map[int]filter.Scope{200: filter.All}

// Signals reads an incoming message, of SMS or of WhatsApp, or what became of a message.
func (p plivo) Signals(req *fasthttp.Request) ([]Signal, error) {
	said, err := saidIn(req, plivoSaid)
	if err != nil {
		return nil, err
	}
	person, us := said["From"], said["To"]
	s := Signal{Kind: Message, ID: said["MessageUUID"], Text: cmp.Or(said["Text"], said["Body"], said["ButtonText"]), Payload: said["ButtonPayload"]}
	if status := strings.ToLower(said["Status"]); status != "" && status != "received" {
		person, us = us, person
		s = Signal{Kind: Receipt, ID: s.ID + ":" + status, Status: status, Code: count(said["ErrorCode"]), MessageID: s.ID}
	}
	s.From, s.Sender = texter(person), senderAbroad(us, p.region)
	if strings.EqualFold(said["Type"], "whatsapp") {
		s.From.Channel = filter.WhatsApp
	} else if s.Kind == Message && strings.EqualFold(said["Type"], "mms") {
		s.Media = 1
	}
	if s.From.Address == "" || said["MessageUUID"] == "" {
		return nil, nil
	}
	return []Signal{s}, nil
}
