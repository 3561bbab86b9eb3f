package providers

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// An awsDoor is how a service of AWS takes requests: it signs under a name of its own, and says in one of three ways
// what is wrong. Each provider of AWS embeds its own.
type awsDoor struct {
	service string
	speech  awsSpeech
}

// An awsSpeech is the protocol of a service of AWS.
// Source: https://smithy.io/2.0/aws/protocols/index.html
type awsSpeech uint8

const (
	awsJSON  awsSpeech = iota // awsJson1_0: the error is a member of the body
	awsREST                   // restJson1: the error is a header
	awsQuery                  // awsQuery: the request is a form, and the answer XML
)

// An awsDenial is why AWS does not look at a request.
type awsDenial struct {
	kind awsDenialKind
	text string
}

func (d awsDenial) Error() string { return d.text }

type awsDenialKind uint8

const (
	denyAccess     awsDenialKind = iota // who signed may not do this
	denyMissing                         // there is no signature
	denyIncomplete                      // it cannot be read
	denyUnknown                         // it is of a key that is not known
	denyMismatch                        // it is not that of the request, now, here
)

// awsDenials are their codes: in a form's answer, and in JSON. AWS' libraries send again after the last, once they have
// set their clock by our Date, and after none of the others.
// Sources: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and
// https://github.com/smithy-lang/smithy-typescript/blob/main/packages/service-error-classification/src/constants.ts
var awsDenials = [...][2]string{
	denyAccess:     {"AccessDenied", "AccessDeniedException"},
	denyMissing:    {"MissingAuthenticationToken", "MissingAuthenticationTokenException"},
	denyIncomplete: {"IncompleteSignature", "IncompleteSignatureException"},
	denyUnknown:    {"InvalidClientTokenId", "UnrecognizedClientException"},
	denyMismatch:   {"SignatureDoesNotMatch", "InvalidSignatureException"},
}

// awsMismatch is what AWS says of a wrong signature.
const awsMismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Attest checks the SigV4 signature of a request.
func (d awsDoor) Attest(req *fasthttp.Request, head, target []byte, by *Signers, now time.Time) (key string, err error) {
	lines := headerLines(&req.Header, head)
	s, err := readSigV4(target, lines)
	if err != nil {
		return "", err
	}
	region := awsRegion(by.Host)
	switch {
	case !slices.ContainsFunc(by.Keys, func(k Signer) bool { return k.User == s.key }):
		return "", awsDenial{denyUnknown, "The security token included in the request is invalid."}
	case s.service != d.service:
		return "", awsDenial{denyMismatch, "Credential should be scoped to correct service: '" + d.service + "'."}
	case region != "" && s.region != region:
		return "", awsDenial{denyMismatch, "Credential should be scoped to a valid region: '" + region + "'."}
	}
	if err := s.covers(lines); err != nil {
		return "", err
	}
	payload, err := s.payload(lines, req.Body())
	if err != nil {
		return "", err
	}
	canonical, good := canonicalV4(req.Header.Method(), target, lines, s.headers, payload), false
	for _, k := range by.Keys {
		good = k.User == s.key && s.is(k.Secret, canonical) || good
	}
	if !good {
		return "", awsDenial{denyMismatch, awsMismatch}
	}
	return s.key, s.timely(now)
}

// Decline answers with the error that AWS has for it.
func (d awsDoor) Decline(resp *fasthttp.Response, err error) {
	why := awsDenial{denyAccess, marker + err.Error()}
	errors.As(err, &why)
	code := awsDenials[why.kind]
	status := fasthttp.StatusForbidden
	if d.speech == awsJSON {
		status = fasthttp.StatusBadRequest
	}
	if d.speech == awsQuery {
		d.fault(resp, status, code[0], why.text, "")
		return
	}
	d.fault(resp, status, code[1], why.text, "")
}

// fault answers with an error in the protocol of the service; more is further members of it in JSON.
func (d awsDoor) fault(resp *fasthttp.Response, status int, code, text, more string) {
	id := awsRequestID()
	resp.SetStatusCode(status)
	resp.Header.Set("x-amzn-RequestId", id)
	var out []byte
	kind := "application/json"
	switch d.speech {
	case awsJSON:
		kind = "application/x-amz-json-1.0"
		out = append(append(append(out, `{"__type":"`...), code...), `","Message":"`...)
		out = append(append(append(escapeJSON(out, text), '"'), more...), '}')
	case awsREST:
		resp.Header.Set("x-amzn-ErrorType", code)
		out = append(append(append(escapeJSON(append(out, `{"message":"`...), text), '"'), more...), '}')
	case awsQuery:
		kind = "text/xml"
		var in bytes.Buffer
		_ = xml.EscapeText(&in, []byte(text)) // a buffer takes everything
		out = append(out, `<ErrorResponse><Error><Type>Sender</Type><Code>`+code+`</Code><Message>`...)
		out = append(append(out, in.Bytes()...), `</Message></Error></ErrorResponse>`...)
	}
	resp.Header.SetContentType(kind)
	resp.SetBody(out)
}

// headerValue is the value of the header called lower, and how often it is there.
func (b *Batch) headerValue(h *fasthttp.RequestHeader, lower string) (value []byte, n int) {
	raw := b.Head
	if raw == nil {
		raw = h.RawHeaders()
	}
	if len(raw) == 0 { // a request that was composed, not read
		return header(h, lower)
	}
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if name, v, ok := bytes.Cut(line, []byte(":")); ok && fold(name, lower) {
			value = bytes.TrimSpace(v)
			n++
		}
	}
	return value, n
}

// awsOther is what a call is that is no send, by the verbs that write to nobody.
func awsOther(call string, verbs []string) error {
	for _, verb := range verbs {
		if strings.HasPrefix(call, verb) {
			return ErrNotSend
		}
	}
	return ErrUnknownPath
}

// awsPlaces finds the region in the name of a host, such as sns.eu-central-1.amazonaws.com, in any of AWS' public clouds.
var awsPlaces = regexp.MustCompile(`(?:^|\.)([a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.(?:vpce\.)?(?:amazonaws\.(?:com(?:\.cn)?|eu)|api\.(?:aws|amazonwebservices\.(?:com\.cn|eu)))$`)

// awsRegion is the region in the name of a host of AWS; empty for any other host.
func awsRegion(host string) string {
	name, _, _ := strings.Cut(host, ":")
	if m := awsPlaces.FindStringSubmatch(strings.ToLower(name)); m != nil {
		return m[1]
	}
	return ""
}

func isRegional(host string) bool { return awsRegion(host) != "" }

// awsDefaultRegion is where what carries no region and goes to no region's host is signed for.
const awsDefaultRegion = "us-east-1"

// Authorize signs req anew by c. Who called is no longer in it.
func (d awsDoor) Authorize(req *fasthttp.Request, c *Credentials, now time.Time) error {
	h := &req.Header
	before, _ := readSigV4(h.RequestURI(), headerLines(h, nil)) // what is not signed has no region
	s := sigV4{key: c.User, at: now.UTC(), day: now.UTC().Format("20060102"), service: d.service, region: awsRegion(string(h.Host()))}
	if s.region == "" {
		if s.region = before.region; s.region == "" {
			s.region = awsDefaultRegion
		}
	}
	for _, name := range []string{"authorization", "x-amz-date", "x-amz-security-token"} {
		drop(h, name)
	}
	if uri := awsUnsigned(h.RequestURI()); uri != nil {
		h.SetRequestURIBytes(uri)
	}
	h.Set("X-Amz-Date", s.at.Format(sigV4Time))
	if c.Session != "" {
		h.Set("X-Amz-Security-Token", c.Session)
	}
	sum := sha256.Sum256(req.Body())
	payload := hex.EncodeToString(sum[:])
	if _, n := header(h, "x-amz-content-sha256"); n > 0 {
		drop(h, "x-amz-content-sha256")
		h.Set("X-Amz-Content-Sha256", payload)
	}
	var lines []headerLine
	var signed []string
	for name, value := range h.All() {
		lower := strings.ToLower(string(name))
		if lower == "host" || lower == "content-type" || strings.HasPrefix(lower, "x-amz-") {
			lines, signed = append(lines, headerLine{name, value}), append(signed, lower)
		}
	}
	slices.Sort(signed)
	s.headers = strings.Join(slices.Compact(signed), ";")
	proof := s.sum(c.Secret, canonicalV4(h.Method(), h.RequestURI(), lines, s.headers, payload))
	h.Set("Authorization", sigV4Algorithm+" Credential="+c.User+"/"+s.scope()+", SignedHeaders="+s.headers+", Signature="+hex.EncodeToString(proof))
	return nil
}

// awsUnsigned is uri without the parameters of a signature; nil where it has none.
func awsUnsigned(uri []byte) []byte {
	path, query, _ := splitURI(uri)
	var kept []string
	all := strings.Split(string(query), "&")
	for _, p := range all {
		name, _, _ := strings.Cut(p, "=")
		switch unescapeURI(name) {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token":
		default:
			kept = append(kept, p)
		}
	}
	if len(kept) == len(all) {
		return nil
	}
	out := slices.Clone(path)
	if len(kept) > 0 {
		out = append(append(out, '?'), strings.Join(kept, "&")...)
	}
	return out
}

// Admits wants the id of an access key and its secret, and takes a session's token.
func (awsDoor) Admits(c *Credentials) error { return c.check("AWS", "user", "secret", "session?") }

// Presented is nothing: a signature shows no secret.
func (awsDoor) Presented([]byte, *fasthttp.Request, []byte) ([]byte, error) { return nil, nil }

// Deny answers that who called may not.
func (d awsDoor) Deny(_ *fasthttp.Request, resp *fasthttp.Response, why string) {
	d.Decline(resp, errors.New(why))
}

// Confess writes an error that libraries repeat where nothing was sent, by its status of 503, and not otherwise.
func (d awsDoor) Confess(resp *fasthttp.Response, why string) {
	code := "SendgateOutcomeUnknown"
	if resp.StatusCode() == fasthttp.StatusServiceUnavailable {
		code = "ServiceUnavailable"
	}
	d.fault(resp, resp.StatusCode(), code, marker+strings.TrimPrefix(why, "sendgate "), "")
}

// awsRequestID is an id such as AWS gives each request.
func awsRequestID() string { return rand.Text() }
