package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/valyala/fasthttp"
)

// A said is an answer of the gate's own, in which the libraries of every service find what they look for: code,
// message and status those for Twilio; error those for Meta's Graph; errors those for MessageBird, which take what
// has none for a success, for Telnyx and for SendGrid; ok, error_code and description those for Telegram; status and
// status_message those for Viber; ErrorCode and Message those for Postmark. TestSDKMatrix tries them.
type said struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Status  int       `json:"status"`
	Error   saidError `json:"error"`

	Errors        []saidError `json:"errors"`
	OK            bool        `json:"ok"`
	TelegramCode  int         `json:"error_code"`
	Description   string      `json:"description"`
	StatusMessage string      `json:"status_message"`

	PostmarkCode    int    `json:"ErrorCode"`
	PostmarkMessage string `json:"Message"`
}

type saidError struct {
	Message     string `json:"message"`
	Description string `json:"description"`
	Type        string `json:"type"`
	Code        int    `json:"code"`
}

// say answers with a sentence of the gate's own.
func say(resp *fasthttp.Response, status int, sentence string) {
	e := saidError{Message: sentence, Description: sentence, Type: "Sendgate", Code: status}
	s := said{Code: status, Message: sentence, Status: status, Error: e, Errors: []saidError{e}, TelegramCode: status, Description: sentence,
		StatusMessage: sentence, PostmarkCode: status, PostmarkMessage: sentence}
	body, _ := json.Marshal(s) // strings and numbers: it cannot fail
	resp.Reset()
	resp.SetStatusCode(status)
	resp.Header.SetContentType("application/json")
	resp.SetBodyRaw(body)
}

// tell answers for an upstream that did not.
//
// Not sent is 503: a client may try again, and libraries do by themselves. Unknown is 424 Failed
// Dependency, although the fault is the upstream's: after a 5xx, and after a broken connection,
// some libraries and most queue workers send again what may have been sent already, and after 429
// and 408 too. Nothing retries a 424 by itself (Twilio's Java library repeats a POST on any 5xx,
// Apache's client on 429 and 503).
func tell(resp *fasthttp.Response, o upstream.Outcome) {
	if o == upstream.NotSent {
		withhold(resp, "sendgate could not reach the provider")
		return
	}
	say(resp, fasthttp.StatusFailedDependency,
		"sendgate handed this request to the provider and got no complete answer: it may have been sent, so ask the provider before you repeat it")
	resp.Header.Set("Sendgate-Outcome", o.String())
}

// withhold answers for a request that did not leave, and says why.
func withhold(resp *fasthttp.Response, why string) {
	say(resp, fasthttp.StatusServiceUnavailable, why+": nothing was sent, and the request can be repeated")
	resp.Header.Set("Sendgate-Outcome", upstream.NotSent.String())
}

// translate puts what tell says into the form of the service where its libraries read no other.
func (rt *route) translate(w *work) {
	c, ok := rt.provider.(providers.Confessor)
	status := w.resp.StatusCode()
	if !ok || w.relayed || status != fasthttp.StatusServiceUnavailable && status != fasthttp.StatusFailedDependency {
		return
	}
	var s said
	if json.Unmarshal(w.resp.Body(), &s) == nil { // as say wrote it
		c.Confess(w.resp, s.Message)
	}
}

// confess answers for a request whose handling panicked.
func confess(resp *fasthttp.Response, o upstream.Outcome) {
	if o == upstream.NotSent {
		withhold(resp, "sendgate failed at this request by a fault of its own")
	} else {
		tell(resp, o)
	}
}

// malform answers a request that no route can take.
func (g *Gate) malform(resp *fasthttp.Response, status int, sentence string) {
	g.malformed.Add(1)
	say(resp, status, sentence)
}

// broken answers a request that fasthttp could not read. fasthttp ends the connection after it.
func (g *Gate) broken(ctx *fasthttp.RequestCtx, err error) {
	status, sentence := misread(err, g.limits, "limits")
	g.malform(&ctx.Response, status, sentence)
	hearOut(ctx)
}

// misread is what is said of a request that fasthttp could not read within l, the section of the
// configuration that is called so.
func misread(err error, l Limits, section string) (status int, sentence string) {
	var small *fasthttp.ErrSmallBuffer
	var late net.Error
	var chunk fasthttp.ErrBrokenChunk
	status, sentence = fasthttp.StatusBadRequest, ""
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		status, sentence = fasthttp.StatusRequestEntityTooLarge,
			fmt.Sprintf("the request's body is larger than %s.body allows (%d bytes)", section, l.Body)
	case errors.As(err, &small):
		status, sentence = fasthttp.StatusRequestHeaderFieldsTooLarge,
			fmt.Sprintf("the request's head is larger than %s.header allows (%d bytes)", section, l.Header)
	case errors.As(err, &late) && late.Timeout():
		status, sentence = fasthttp.StatusRequestTimeout,
			fmt.Sprintf("the request did not arrive within %s.read (%s)", section, l.Read)
	case errors.As(err, &chunk):
		sentence = "the request's chunks are not well-formed"
	case errors.Is(err, io.ErrUnexpectedEOF):
		sentence = "the request ends before its declared length"
	case errors.Is(err, fasthttp.ErrDuplicateContentLength):
		sentence = "the request has two Content-Length headers"
	case errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding):
		sentence = "the only Transfer-Encoding understood is chunked, in HTTP/1.1"
	default:
		sentence = "the request is not well-formed HTTP/1.1"
		if cause := errors.Unwrap(err); cause != nil {
			sentence += ": " + cause.Error()
		}
	}
	return status, sentence
}
