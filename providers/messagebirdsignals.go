package providers

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// The headers by which MessageBird signs: a token today, and what its libraries call deprecated.
const (
	messagebirdJWT  = "MessageBird-Signature-JWT"
	messagebirdHMAC = "MessageBird-Signature"
	messagebirdTime = "MessageBird-Request-Timestamp"
)

// messagebirdClaims are what MessageBird says in a token: the SHA-256 of the URL, and of the body where there is one.
// Source: https://github.com/messagebird/go-rest-api/blob/master/signature_jwt/claims.go
type messagebirdClaims struct {
	Issuer string `json:"iss"`
	jwtTime
	ID      string `json:"jti"`
	URL     string `json:"url_hash"`
	Payload string `json:"payload_hash,omitempty"`
}

// Verify checks the token, which is good for a minute, or the older signature, which covers the query and the body.
// Secrets are signing keys.
// Source: https://github.com/messagebird/go-rest-api/blob/master/signature_jwt/signature.go
func (messagebird) Verify(req *fasthttp.Request, w *Webhook, now time.Time) error {
	if err := w.called(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	token, tokens := header(&req.Header, strings.ToLower(messagebirdJWT))
	given, n := header(&req.Header, strings.ToLower(messagebirdHMAC))
	switch {
	case tokens > 1 || n > 1:
		return unsigned("it is signed more than once")
	case tokens == 0 && n == 0:
		return unsigned("the header " + messagebirdJWT + " is missing")
	case tokens == 0:
		return messagebirdOld(req, w, given)
	}
	var c messagebirdClaims
	if err := readJWT(token, w.Secrets, &c); err != nil {
		return err
	}
	payload := ""
	if len(req.Body()) > 0 {
		payload = hexDigest(req.Body())
	}
	if c.Issuer != "MessageBird" || c.ID == "" || c.URL != hexDigest([]byte(w.URL)) || c.Payload != payload {
		return unsigned("its JSON Web Token is not for this URL and body")
	}
	return c.check(now)
}

// messagebirdOld checks the older signature: the HMAC with SHA-256 over the time, the sorted query and the SHA-256 of
// the body, in lines.
// Source: https://github.com/messagebird/go-rest-api/blob/master/signature/signature.go
func messagebirdOld(req *fasthttp.Request, w *Webhook, given []byte) error {
	at, n := header(&req.Header, strings.ToLower(messagebirdTime))
	good := 0
	for _, secret := range w.Secrets {
		if secret != "" && same(given, messagebirdMAC(secret, at, w.URL, req.Body())) {
			good++
		}
	}
	if n != 1 || good == 0 {
		return unsigned(messagebirdHMAC + " is not that of this query and body with any signing key of the route")
	}
	return nil
}

func messagebirdMAC(secret string, at []byte, url string, body []byte) string {
	_, query, _ := strings.Cut(url, "?")
	params, _ := pairs([]byte(query)) // a query that is broken has none
	slices.SortStableFunc(params, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	var sorted []byte
	for i, p := range params {
		if i > 0 {
			sorted = append(sorted, '&')
		}
		sorted = escapeForm(append(escapeForm(sorted, p.name), '='), p.value)
	}
	sum := sha256.Sum256(body)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(bytes.Join([][]byte{at, sorted, sum[:]}, []byte("\n")))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Sign signs as Verify checks, in the older way what is signed in that already, and by a new token else.
func (messagebird) Sign(req *fasthttp.Request, w *Webhook) {
	url, _, _ := strings.Cut(w.URL, "#")
	req.SetRequestURI(url)
	w.carry(&req.Header)
	_, old := header(&req.Header, strings.ToLower(messagebirdHMAC))
	_, tokens := header(&req.Header, strings.ToLower(messagebirdJWT))
	drop(&req.Header, strings.ToLower(messagebirdHMAC))
	drop(&req.Header, strings.ToLower(messagebirdJWT))
	now := time.Now()
	switch {
	case len(w.Secrets) == 0:
	case old > 0 && tokens == 0:
		at := strconv.FormatInt(now.Unix(), 10)
		drop(&req.Header, strings.ToLower(messagebirdTime))
		req.Header.Set(messagebirdTime, at)
		req.Header.Set(messagebirdHMAC, messagebirdMAC(w.Secrets[0], []byte(at), url, req.Body()))
	default:
		id := make([]byte, 16)
		rand.Read(id) // never fails
		c := messagebirdClaims{Issuer: "MessageBird", ID: hex.EncodeToString(id), URL: hexDigest([]byte(url)),
			jwtTime: jwtTime{NotBefore: float64(now.Unix()), Expires: float64(now.Add(time.Minute).Unix())}}
		if len(req.Body()) > 0 {
			c.Payload = hexDigest(req.Body())
		}
		req.Header.Set(messagebirdJWT, signJWT(c, w.Secrets[0]))
	}
}

// Acknowledge answers what MessageBird's guides answer.
// Source: https://github.com/messagebirdguides/subscriptions-guide
func (messagebird) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
	resp.Header.SetContentType("text/plain")
	resp.SetBodyString("OK")
}

// messagebirdSaid are the parameters of a call that are read: of a number, of the flow builder, and of a status report.
var messagebirdSaid = []string{"id", "message_id", "originator", "sender", "recipient", "receiver", "body", "payload", "message", "createdDatetime",
	"status", "statusReason", "statusErrorCode", "statusDatetime"}

// Signals reads an incoming message or a status report, which come with GET or POST. Flows name the text payload. Which
// code a report has of somebody who opted out is not known, so that its words are read.
// Source: https://github.com/messagebirdguides/subscriptions-guide and
// https://www.bluemicrodot.com/docs/webhooks/messagebird
func (m messagebird) Signals(req *fasthttp.Request) ([]Signal, error) {
	said, err := saidIn(req, messagebirdSaid)
	if err != nil {
		return nil, err
	}
	id, person, us := cmp.Or(said["message_id"], said["id"]), cmp.Or(said["originator"], said["sender"]), cmp.Or(said["recipient"], said["receiver"])
	s := Signal{Kind: Message, Text: cmp.Or(said["body"], said["payload"], said["message"]), ID: id}
	at := said["createdDatetime"]
	if said["status"] != "" {
		person, us, at = us, "", said["statusDatetime"]
		s = Signal{Kind: Receipt, Status: strings.ToLower(said["status"]), Code: count(said["statusErrorCode"]), MessageID: id}
		s.ID = id + ":" + digest(person) + ":" + s.Status
	}
	s.From, s.Sender = texter(person), senderAbroad(us, m.region)
	if s.Time, _ = readTime(at); !s.Time.IsZero() {
		s.Time = s.Time.UTC()
	}
	switch {
	case s.From.Address == "" || s.Kind == Receipt && id == "":
		return nil, nil
	case s.ID == "":
		s.ID, s.Undated = digest("messagebird", s.From.Address, s.Sender, at, s.Text), at == ""
	}
	if s.Kind == Receipt && strings.EqualFold(said["statusReason"], "opted out") {
		left := Signal{Kind: Preference, ID: s.ID + ":opted out", Time: s.Time, From: s.From, Stop: true, Scope: filter.All, Detail: "receipt: opted out"}
		return []Signal{s, left}, nil
	}
	return []Signal{s}, nil
}
