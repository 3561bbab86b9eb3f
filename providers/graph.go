package providers

import (
	"bytes"
	"strconv"
)

// What the products of Meta's Graph API have in common.

// graphQuery are the parameters a send may carry in its query. Graph reads any parameter of a
// call from there too, so another one could change the message.
var graphQuery = []string{"access_token", "appsecret_proof", "appsecret_time", "debug", "pretty", "format", "fields", "locale"}

// graphTricks are the parameters by which Graph turns one call into others.
// Source: https://developers.facebook.com/docs/graph-api/batch-requests
var graphTricks = []string{"batch", "method", "_method"}

// hidden is the sentence for calls that turn into others.
const hidden = "a batch or a call with another method than its own hides what is sent: send one message a call"

// version reports whether s is a version of the Graph API, such as v23.0.
func version(s []byte) bool {
	major, minor, ok := bytes.Cut(s, []byte("."))
	return ok && len(major) > 1 && major[0] == 'v' && digits(major[1:]) && digits(minor)
}

// queried refuses a query of a send in which anything stands that could change the message.
func (b *Batch) queried(query []byte) error {
	for i := 0; i < len(query); {
		var p param
		p, i = nextParam(query, i)
		if _, found, err := b.named(p.name, graphQuery); err != nil || !found && len(p.name) > 0 || bytes.IndexByte(p.value, ';') >= 0 {
			return b.unreadable(0, "the query of a send carries a parameter that could change the message")
		}
	}
	return nil
}

// graphError appends Graph's error, less what follows its code.
func graphError(out []byte, n native) []byte {
	out = append(out, `{"error":{"message":"(#`...)
	out = strconv.AppendInt(out, int64(n.code), 10)
	out = append(out, ") "...)
	out = escapeJSON(out, n.text)
	out = append(out, `","type":"OAuthException","code":`...)
	return strconv.AppendInt(out, int64(n.code), 10)
}

// A graphCode is what an error of Graph says by numbers.
type graphCode struct {
	Error struct {
		Code    int `json:"code"`
		Subcode int `json:"error_subcode"`
	} `json:"error"`
}
