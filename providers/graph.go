package providers

import (
	"bytes"
	"strconv"

	"github.com/valyala/fasthttp"
)

// What the products of Meta's Graph API have in common.

// graphQuery are the parameters a send may carry in its query. Graph reads any parameter of a
// call from there too, so another one could change the message.
var graphQuery = []string{"access_token", "appsecret_proof", "appsecret_time", "debug", "pretty", "format", "fields", "locale"}

// graphTricks are the parameters by which Graph turns one call into others.
// Source: https://developers.facebook.com/docs/graph-api/batch-requests
var graphTricks = []string{"batch", "method", "_method"}

// graphProduct is the parameter by which Graph tells messages of WhatsApp from those of Messenger.
var graphProduct = []string{"messaging_product"}

// graphTraces are parts of the paths of all its sends, in lower case: those of a private reply to a comment, and of
// advertisements that are messages, are not called messages.
var graphTraces = []string{"messages", "private_replies", "sponsored_message"}

// graphElsewhere is what a path is that is none of a product's own: what some server might read as that of a send is a
// disguise, and at the root Graph takes batches of calls.
func graphElsewhere(path []byte) pathKind {
	var buf [256]byte
	plain := unmasked(buf[:0], path)
	root := bytes.Trim(plain, "/.")
	switch {
	case traced(plain):
		return disguised
	case len(root) == 0, version(root):
		return sendMany
	}
	return unknownPath
}

// traced reports whether some server might read path as that of a send.
func traced(path []byte) bool {
	for _, t := range graphTraces {
		if bytes.Contains(path, []byte(t)) {
			return true
		}
	}
	return false
}

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

// otherOfGraph answers for a call that is no send by its path or by its method, once it is sure that its
// body makes it none either.
func (b *Batch) otherOfGraph(req *fasthttp.Request, h *head, kind pathKind) error {
	switch found, err := b.hides(req, h, graphTricks); {
	case err != nil:
		return b.unreadable(0, "%w", err)
	case found:
		return b.unreadable(0, hidden)
	case kind == unknownPath:
		return ErrUnknownPath
	}
	return ErrNotSend
}

// graphKeyring is that of a product: Graph takes a token in a header and as a parameter of query and body, and a proof beside it that
// is made of the token. A page's own token stands in the field access_token of it, and in the list of accounts.
// Sources: https://developers.facebook.com/docs/graph-api/overview and
// https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
func graphKeyring(name string) *keyring {
	return &keyring{
		name:  name,
		takes: []string{"secret"},
		holes: []keyhole{
			{in: inHeader, at: "authorization", scheme: "Bearer", key: secretKey},
			{in: inQuery, at: "access_token"}, {in: inBody, at: "access_token"},
			{in: inQuery, at: "appsecret_proof"}, {in: inBody, at: "appsecret_proof"}, {in: inQuery, at: "appsecret_time", public: true},
			{in: inQuery, at: "client_secret"}, {in: inBody, at: "client_secret"},
		},
		gives: []string{"token", "/accounts", "oauth"},
		// What is asked for as a field is behind one of these signs.
		asks:   []string{"access_token", "client_secret", "=accounts", ",accounts", "{accounts", "+accounts", " accounts", `"accounts`},
		denial: denial{401, `{"error":{"message":"Invalid OAuth access token - {detail}","type":"OAuthException","code":190,"fbtrace_id":"sendgate"}}`},
	}
}

// graphError appends Graph's error, less what follows its code. Why is for people; it may be left out.
func graphError(out []byte, code int, text, why string) []byte {
	out = append(out, `{"error":{"message":"(#`...)
	out = strconv.AppendInt(out, int64(code), 10)
	out = append(out, ") "...)
	out = escapeJSON(out, text)
	if why != "" {
		out = escapeJSON(append(out, ": "+marker...), why)
	}
	out = append(out, `","type":"OAuthException","code":`...)
	return strconv.AppendInt(out, int64(code), 10)
}

// extra is member i as it is written, less the text in it that ends at byte at, to which a line may be added.
func (b *Batch) extra(d document, i, at int) string {
	if i == 0 {
		return ""
	}
	part, start := d.nodes[i], len(b.parsed.text)
	from := part.start
	for _, n := range d.nodes[i+1:] {
		if n.start >= part.end {
			break
		}
		if b.parsed.place == inBody && n.kind == '"' && int(n.end) == at {
			b.parsed.text = append(b.parsed.text, d.src[from:n.start]...)
			from = n.end
		}
	}
	b.parsed.text = append(b.parsed.text, d.src[from:part.end]...)
	return b.parsed.keep(start)
}

// A graphCode is what an error of Graph says by numbers.
type graphCode struct {
	Error struct {
		Code    int `json:"code"`
		Subcode int `json:"error_subcode"`
	} `json:"error"`
}
