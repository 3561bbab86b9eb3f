package providers

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// ErrSignature is what Verify answers for a call that the service did not make: it is to be refused,
// and nothing in it is believed. The errors that wrap it say what was wrong and show nothing of the call.
var ErrSignature = errors.New("the call is not signed by the service")

// ErrHandshake is what Signals answers for a call that asks for its challenge back and tells nothing:
// Acknowledge writes it.
var ErrHandshake = errors.New("the call asks for its challenge and tells nothing")

// A Caller is a Provider that calls back: it tells of answers, receipts and preferences by webhooks.
// Its methods are safe for concurrent use and keep no reference to what they are given. Names of
// headers may be spelled in any case.
type Caller interface {
	// Verify reports whether the service made this call: nil if it did, or an error that wraps
	// [ErrSignature]. Comparing takes the same time whatever is wrong. Now matters where the service says until when
	// its signature is good, or signs nothing of the body; elsewhere a recorded call stays good, and what defends
	// against one that is played again is [Signal.ID]. Other errors mean that it could not be found out, and that the
	// service may call again.
	Verify(req *fasthttp.Request, w *Webhook, now time.Time) error
	// Signals reads a call that was verified. What it tells of nobody, and what this gate does not know,
	// gives none. With an error, whose text is a sentence that shows no address, come the signals of
	// those parts that could be read. They own their strings.
	Signals(req *fasthttp.Request) ([]Signal, error)
	// Acknowledge answers what the service wants to read where nobody has more to say; for a
	// handshake, its challenge.
	Acknowledge(req *fasthttp.Request, resp *fasthttp.Response)
	// Sign has req go to w.URL, signed as the service would sign it there with the first of w.Secrets:
	// by its signature, the header of w, or both. Method, body and all other headers stay, and so does a signature that
	// nobody but the service can make.
	Sign(req *fasthttp.Request, w *Webhook)
}

// A Demander is a Caller whose calls cannot be known by all that a Webhook may hold.
type Demander interface {
	// Wants says what w lacks, or has too much of. An error names the key.
	Wants(w *Webhook) error
}

// An Opener is a Caller some of whose calls are sealed.
type Opener interface {
	// Open makes plain what Signals is to read of a call that was verified by w. Req stays as it is.
	Open(req, plain *fasthttp.Request, w *Webhook)
}

// A Confirmer is a Caller whose service wants an address of its own to be asked for before it calls.
type Confirmer interface {
	// Confirmation is the address in a call that was verified and is a handshake.
	Confirmation(req *fasthttp.Request) (address string)
}

// A Webhook is what is known about the calls of a service to one route. What is set must all hold;
// where neither Secrets nor Header is set, no call is the service's.
type Webhook struct {
	// URL is the address under which the service calls, as it is written in the service's own
	// settings, followed by path and query as they came. It is never taken from the Host header.
	URL string
	// Secrets are the keys of which any may have signed: auth tokens of Twilio and Plivo, app secrets of Meta, signing
	// keys of MessageBird, Mailgun and Bird, secrets of LINE channels, tokens of Viber bots, WeChat's Token, perhaps with a
	// colon and the EncodingAESKey. Telegram does not sign: they are the secret tokens it may send.
	Secrets []string
	// PublicKeys are what a service's signatures are checked with that signs with a key of its own, in base64. Such a call
	// cannot be signed anew.
	PublicKeys []string
	// Topics are the ARNs of the topics of Amazon SNS whose notifications count.
	Topics []string
	// Fetch gets what the service itself publishes at an address, such as the certificate that it signs by; it may
	// know that from before. An error of it means that nobody can tell yet who calls. Nil: nothing can be got.
	Fetch func(address string) ([]byte, error)
	// VerifyToken is the word by which Meta's handshake is known; empty: there is none.
	VerifyToken string
	// Header is a header that must carry Value exactly, for services that do not sign (360dialog).
	// Authorization, with "Basic " and its base64, is that of HTTP Basic authentication.
	Header, Value string
}

// unsigned wraps ErrSignature with a sentence.
func unsigned(why string) error { return fmt.Errorf("%w: %s", ErrSignature, why) }

// carried reports whether a call has the header of w, where w has one.
func (w *Webhook) carried(h *fasthttp.RequestHeader) bool {
	if w.Header == "" {
		return true
	}
	value, n := header(h, strings.ToLower(w.Header))
	return n == 1 && w.Value != "" && same(value, w.Value)
}

// posted is called for a service that calls with POST alone.
func (w *Webhook) posted(h *fasthttp.RequestHeader) error {
	if !h.IsPost() {
		return unsigned("the service calls with POST")
	}
	return w.called(h)
}

// called fails for what is no call of a service that is known by a header of w, a secret, or both. A secret is not
// looked at.
func (w *Webhook) called(h *fasthttp.RequestHeader) error {
	switch {
	case w.Header == "" && len(w.Secrets) == 0 && len(w.PublicKeys) == 0 && len(w.Topics) == 0:
		return unsigned("the route has neither a secret nor a header to know the service by")
	case !w.carried(h):
		return unsigned("the header that its webhook asks for is missing or wrong")
	}
	return nil
}

// quiet is for a service that wants nothing back. A provider embeds it.
type quiet struct{}

// Acknowledge answers 200 without a body.
func (quiet) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
}

// asSigned is for a service whose signature no address is part of, and by whose key nobody else can sign. A provider
// embeds it.
type asSigned struct{ quiet }

// Sign leaves the signature as it is.
func (asSigned) Sign(req *fasthttp.Request, w *Webhook) { w.forward(req) }

// byHeader is for a service that signs nothing. A provider embeds it.
type byHeader struct{ asSigned }

// Verify looks at the header alone.
func (byHeader) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if w.Header == "" {
		return unsigned("the route has no header to know the service by")
	}
	return w.posted(&req.Header)
}

// forward has req go to w.URL with the header of w, and all that is signed as it is.
func (w *Webhook) forward(req *fasthttp.Request) {
	url, _, _ := strings.Cut(w.URL, "#")
	req.SetRequestURI(url)
	w.carry(&req.Header)
}

// carry adds the header of w, where w has one.
func (w *Webhook) carry(h *fasthttp.RequestHeader) {
	if w.Header != "" {
		drop(h, strings.ToLower(w.Header))
		h.Set(w.Header, w.Value)
	}
}

// header is the value of the header called lower, which is in lower case, and how often it is there.
func header(h *fasthttp.RequestHeader, lower string) (value []byte, n int) {
	for name, v := range h.All() {
		if fold(name, lower) {
			value = v
			n++
		}
	}
	return value, n
}

// drop removes the header called lower, however it is spelled.
func drop(h *fasthttp.RequestHeader, lower string) {
	var spelled []string
	for name := range h.All() {
		if fold(name, lower) {
			spelled = append(spelled, string(name))
		}
	}
	for _, name := range spelled {
		h.Del(name)
	}
}

// same compares in constant time, also where the lengths differ.
func same(a []byte, b string) bool {
	x, y := sha256.Sum256(a), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// digest is an id made of parts, for what the service gives none. It shows no address.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// calledWith is the body of a call, which no service compresses.
func calledWith(req *fasthttp.Request) ([]byte, error) {
	if v, n := header(&req.Header, "content-encoding"); n > 0 && !fold(v, "identity") {
		return nil, errors.New("the body is compressed, which the service never does")
	}
	return req.Body(), nil
}
