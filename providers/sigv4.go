package providers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// A sigV4 is what a request says about its signature by Version 4 of AWS: in its Authorization header, or in its query
// where it was signed beforehand.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type sigV4 struct {
	key                   string // the id of the access key
	day, region, service  string // its scope
	at                    time.Time
	good                  time.Duration // for how long from at on, where it stands in the query
	headers, token, proof string        // what is signed, with semicolons; the session's token; the signature in hexadecimal
	presigned             bool
}

const (
	sigV4Algorithm = "AWS4-HMAC-SHA256"
	sigV4Time      = "20060102T150405Z"
	// sigV4Skew is by how much the time of a signature may differ from ours.
	sigV4Skew = 15 * time.Minute
	// sigV4Longest is how long a query may stay good.
	sigV4Longest = 7 * 24 * time.Hour
)

// A headerLine is one header of a request.
type headerLine struct{ name, value []byte }

// headerLines lists the headers of a request, whose lines are in head if it has read some.
func headerLines(h *fasthttp.RequestHeader, head []byte) (all []headerLine) {
	if head == nil {
		head = h.RawHeaders()
	}
	if len(head) == 0 { // a request that was composed, not read
		for name, value := range h.All() {
			all = append(all, headerLine{name, value})
		}
		return all
	}
	for line := range bytes.Lines(head) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			all = append(all, headerLine{name, bytes.TrimSpace(value)})
		}
	}
	return all
}

// valueOf is the value of the header called lower, and how often it is there.
func valueOf(lines []headerLine, lower string) (value string, n int) {
	for _, f := range lines {
		if fold(f.name, lower) {
			value = string(f.value)
			n++
		}
	}
	return value, n
}

// readSigV4 reads what target and lines say. Its error is an awsDenial.
func readSigV4(target []byte, lines []headerLine) (s sigV4, err error) {
	_, query, _ := splitURI(target)
	authorization, n := valueOf(lines, "authorization")
	params := map[string]string{}
	for p := range strings.SplitSeq(string(query), "&") {
		name, value, _ := strings.Cut(p, "=")
		name, value = unescapeURI(name), unescapeURI(value)
		if !strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			continue
		}
		if _, twice := params[name]; twice {
			return s, awsDenial{denyIncomplete, "the parameter " + name + " is there more than once."}
		}
		params[name] = value
	}
	_, s.presigned = params["X-Amz-Signature"]
	switch {
	case n == 0 && !s.presigned:
		return s, awsDenial{denyMissing, "Request is missing Authentication Token"}
	case n > 1 || n > 0 && s.presigned:
		return s, awsDenial{denyIncomplete, "Request has more than one signature."}
	case s.presigned:
		return s, s.fromQuery(params)
	}
	return s, s.fromHeaders(authorization, lines)
}

func (s *sigV4) fromHeaders(authorization string, lines []headerLine) error {
	algorithm, rest, _ := strings.Cut(authorization, " ")
	if algorithm != sigV4Algorithm {
		return awsDenial{denyIncomplete, "The signature is not made by " + sigV4Algorithm + "."}
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[name]; twice || !ok {
			return awsDenial{denyIncomplete, "Authorization header is not a list of Credential, SignedHeaders and Signature."}
		}
		parts[name] = value
	}
	date, n := valueOf(lines, "x-amz-date")
	if n != 1 {
		return awsDenial{denyIncomplete, "Authorization header requires one existing 'X-Amz-Date' header."}
	}
	s.token, _ = valueOf(lines, "x-amz-security-token")
	return s.set(parts["Credential"], date, parts["SignedHeaders"], parts["Signature"])
}

func (s *sigV4) fromQuery(params map[string]string) error {
	if params["X-Amz-Algorithm"] != sigV4Algorithm {
		return awsDenial{denyIncomplete, "The signature is not made by " + sigV4Algorithm + "."}
	}
	seconds, err := strconv.Atoi(params["X-Amz-Expires"])
	if s.good = time.Duration(seconds) * time.Second; err != nil || seconds < 1 || seconds > int(sigV4Longest/time.Second) {
		return awsDenial{denyIncomplete, "X-Amz-Expires must be a number of seconds, at most a week."}
	}
	s.token = params["X-Amz-Security-Token"]
	return s.set(params["X-Amz-Credential"], params["X-Amz-Date"], params["X-Amz-SignedHeaders"], params["X-Amz-Signature"])
}

func (s *sigV4) set(credential, date, headers, proof string) (err error) {
	scope := strings.Split(credential, "/")
	switch s.at, err = time.Parse(sigV4Time, date); {
	case len(scope) != 5 || scope[4] != "aws4_request" || scope[0] == "":
		return awsDenial{denyIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request."}
	case err != nil || len(date) != len(sigV4Time):
		return awsDenial{denyIncomplete, "Date must be in ISO-8601 'basic format'."}
	case !strings.HasPrefix(date, scope[1]) || len(scope[1]) != 8:
		return awsDenial{denyMismatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."}
	case len(proof) != 2*sha256.Size:
		return awsDenial{denyIncomplete, "Signature must be 64 hexadecimal digits."}
	}
	s.key, s.day, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
	s.headers, s.proof = headers, proof
	return nil
}

// covers refuses a signature that leaves out what decides how the request is read.
func (s *sigV4) covers(lines []headerLine) error {
	signed := strings.Split(s.headers, ";")
	if !slices.IsSorted(signed) || !slices.Contains(signed, "host") || len(slices.Compact(slices.Clone(signed))) < len(signed) {
		return awsDenial{denyMismatch, "SignedHeaders must be sorted, and 'Host' must be one of them."}
	}
	for _, name := range signed {
		if _, n := valueOf(lines, name); n == 0 || n > 1 && name == "host" {
			return awsDenial{denyMismatch, "The request lacks a header that is signed, or has two hosts."}
		}
	}
	for _, f := range lines {
		name := strings.ToLower(string(f.name))
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-security-token" && !slices.Contains(signed, name) { // the token may be added later
			return awsDenial{denyMismatch, "There were headers present in the request which were not signed: " + name}
		}
	}
	return nil
}

// timely refuses a signature that is too old, or of a time to come.
func (s *sigV4) timely(now time.Time) error {
	first, last := s.at.Add(-sigV4Skew), s.at.Add(sigV4Skew)
	if s.presigned {
		last = s.at.Add(s.good)
	}
	when := now.UTC().Format(sigV4Time)
	switch {
	case now.After(last):
		return awsDenial{denyMismatch, "Signature expired: " + s.at.Format(sigV4Time) + " is now earlier than " +
			now.Add(s.at.Sub(last)).UTC().Format(sigV4Time) + " (" + when + " - " + fmt.Sprint(int(last.Sub(s.at).Minutes())) + " min.)"}
	case now.Before(first):
		return awsDenial{denyMismatch, "Signature not yet current: " + s.at.Format(sigV4Time) + " is still later than " +
			now.Add(sigV4Skew).UTC().Format(sigV4Time) + " (" + when + " + 15 min.)"}
	}
	return nil
}

// payload is what stands for the body in what is signed. It refuses the hash of another body, and what stands for
// none: only S3 takes a body that is not signed, or signed chunk by chunk.
func (s *sigV4) payload(lines []headerLine, body []byte) (string, error) {
	sum := sha256.Sum256(body)
	is := hex.EncodeToString(sum[:])
	said, n := valueOf(lines, "x-amz-content-sha256")
	switch {
	case n == 0 || n == 1 && said == is:
		return is, nil
	case n == 1 && (said == "UNSIGNED-PAYLOAD" || strings.HasPrefix(said, "STREAMING-")):
		return "", awsDenial{denyMismatch, "This service takes no " + said + ": the whole body must be signed."}
	}
	return "", awsDenial{denyMismatch, "The value of x-amz-content-sha256 is not the hash of the body."}
}

// is reports whether secret signed a request.
func (s *sigV4) is(secret, canonical string) bool {
	proof, err := hex.DecodeString(s.proof)
	return err == nil && hmac.Equal(proof, s.sum(secret, canonical))
}

// sum is the signature of a request.
func (s *sigV4) sum(secret, canonical string) []byte {
	hash := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.day, s.region, s.service, "aws4_request", sigV4Algorithm + "\n" + s.at.Format(sigV4Time) + "\n" + s.scope() + "\n" + hex.EncodeToString(hash[:])} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return key
}

func (s *sigV4) scope() string { return s.day + "/" + s.region + "/" + s.service + "/aws4_request" }
