package providers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// mostSigned is more parameters than a form of Twilio's has. To sort what anybody sends takes longer than to refuse it.
const mostSigned = 1000

// bodyHash is the parameter of a URL by which Twilio signs a body that is no form.
const bodyHash = "bodySHA256"

// Verify checks X-Twilio-Signature: the HMAC with SHA-1 over the URL, followed by the parameters of a
// form that was posted; of another body the URL holds the hash. Twilio itself is not of one mind about
// the standard port and the escapes of a query, so that what its own validators take is taken here.
// Source: https://www.twilio.com/docs/usage/security#validating-requests
func (t twilio) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	given, n := header(&req.Header, "x-twilio-signature")
	switch {
	case n == 0:
		return unsigned("the header X-Twilio-Signature is missing")
	case n > 1:
		return unsigned("the header X-Twilio-Signature is there more than once")
	case !w.carried(&req.Header):
		return unsigned("the header that its webhook asks for is missing or wrong")
	}
	mac, err := base64.StdEncoding.DecodeString(string(given))
	if err != nil {
		return unsigned("the header X-Twilio-Signature is no base64")
	}
	url, _, _ := strings.Cut(w.URL, "#")
	params, ok := twilioSigned(req, url)
	good := 0
	for _, token := range w.Secrets {
		for _, spelled := range twilioSpellings(url) {
			if token != "" && hmac.Equal(mac, twilioMAC(token, spelled, params)) {
				good++
			}
		}
	}
	if !ok || good == 0 {
		return unsigned("X-Twilio-Signature is not that of this URL and body with any auth token of the route")
	}
	return nil
}

// Sign signs as Verify checks. Where the body is no form, the URL gets its hash.
func (t twilio) Sign(req *fasthttp.Request, w *Webhook) {
	url, _, _ := strings.Cut(w.URL, "#")
	if req.Header.IsPost() && !formBody(req) {
		url = withBodyHash(url, req.Body())
	}
	req.SetRequestURI(url)
	w.carry(&req.Header)
	drop(&req.Header, "x-twilio-signature")
	if len(w.Secrets) > 0 {
		params, _ := twilioSigned(req, url)
		req.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(twilioMAC(w.Secrets[0], url, params)))
	}
}

// A pair is a parameter, decoded.
type pair struct{ name, value string }

// pairs decodes a form or a query; ok is false where an escape is broken.
func pairs(src []byte) (all []pair, ok bool) {
	for i := 0; i < len(src); {
		var p param
		p, i = nextParam(src, i)
		name, okName := decode(nil, p.name)
		value, okValue := decode(nil, p.value)
		if !okName || !okValue {
			return nil, false
		}
		if len(p.raw) > 0 {
			all = append(all, pair{string(name), string(value)})
		}
	}
	return all, true
}

// twilioSigned is the parameters that are signed besides the URL; ok is false where the body is
// one that no signature covers, or not the one that the URL promises.
func twilioSigned(req *fasthttp.Request, url string) (params []pair, ok bool) {
	_, query, _ := strings.Cut(url, "?")
	hash, hashes := "", 0
	for part := range strings.SplitSeq(query, "&") {
		if value, found := strings.CutPrefix(part, bodyHash+"="); found {
			hash = value
			hashes++
		}
	}
	switch {
	case hashes > 0:
		sum := sha256.Sum256(req.Body())
		return nil, hashes == 1 && same([]byte(strings.ToLower(hash)), hex.EncodeToString(sum[:]))
	case req.Header.IsGet():
		return nil, true
	case !req.Header.IsPost() || !formBody(req) || bytes.Count(req.Body(), []byte("&")) > mostSigned:
		return nil, false
	}
	return pairs(req.Body())
}

// formBody reports whether the body of req is a form, as it also is where nothing is said.
func formBody(req *fasthttp.Request) bool {
	kind, _, ok := mediaType(req.Header.ContentType())
	return ok && (len(kind) == 0 || fold(kind, "application/x-www-form-urlencoded"))
}

// twilioMAC is the signature of a URL and the parameters of a form, in the order of their names. Of a
// name that is there several times, each different value counts once.
func twilioMAC(token, url string, params []pair) []byte {
	sorted := slices.Clone(params)
	slices.SortFunc(sorted, func(a, b pair) int {
		if n := strings.Compare(a.name, b.name); n != 0 {
			return n
		}
		return strings.Compare(a.value, b.value)
	})
	h := hmac.New(sha1.New, []byte(token))
	h.Write([]byte(url))
	for _, p := range slices.Compact(sorted) {
		h.Write([]byte(p.name))
		h.Write([]byte(p.value))
	}
	return h.Sum(nil)
}

// twilioSpellings are the ways in which Twilio may have written url when it signed it: as it is, with
// the standard port of its scheme, without a port, and each of them with the query escaped as browsers
// do and as older Node programs do. Sources: the validators of twilio-node and twilio-go.
func twilioSpellings(url string) []string {
	all := []string{url}
	if scheme, user, host, port, rest, ok := splitURL(url); ok {
		standard := ":80"
		if strings.EqualFold(scheme, "https") {
			standard = ":443"
		}
		all = append(all, scheme+"://"+user+host+rest)
		if port == "" {
			all = append(all, scheme+"://"+user+host+standard+rest)
		}
	}
	for _, spelled := range all {
		all = append(all, browserQuery(spelled), legacyQuery(spelled))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// splitURL cuts an absolute URL: user ends in an at sign and port begins with a colon, or they are empty.
func splitURL(url string) (scheme, user, host, port, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(url, "://")
	if !ok {
		return "", "", "", "", "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, rest = rest[:end], rest[end:]
	at := strings.LastIndexByte(host, '@') + 1
	user, host = host[:at], host[at:]
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host, port = host[:colon], host[colon:]
	}
	return scheme, user, host, port, rest, true
}

// browserQuery is url with those signs of its query escaped that a browser escapes.
// Source: https://url.spec.whatwg.org/#special-query-percent-encode-set
func browserQuery(url string) string {
	before, query, found := strings.Cut(url, "?")
	if !found {
		return url
	}
	out := []byte(before + "?")
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c > '~' || strings.IndexByte(`"<>'`, c) >= 0 {
			out = escapeForm(out, query[i:i+1])
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}

// legacyQuery is url with its query decoded, and escaped again as Node's querystring module does.
func legacyQuery(url string) string {
	before, query, found := strings.Cut(url, "?")
	params, ok := pairs([]byte(query))
	if !found || !ok {
		return url
	}
	out := []byte(before)
	for i, p := range params {
		out = append(out, "?&"[min(i, 1)])
		out = append(escapeQuery(out, p.name), '=')
		out = escapeQuery(out, p.value)
	}
	return string(out)
}

// escapeQuery is [escapeForm] but for the signs that encodeURIComponent of JavaScript leaves.
func escapeQuery(dst []byte, s string) []byte {
	for i := range len(s) {
		if strings.IndexByte("!*'()", s[i]) >= 0 {
			dst = append(dst, s[i])
		} else {
			dst = escapeForm(dst, s[i:i+1])
		}
	}
	return dst
}

// withBodyHash is url with the hash of body as its last parameter.
func withBodyHash(url string, body []byte) string {
	base, query, _ := strings.Cut(url, "?")
	out := base + "?"
	for part := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(part, "="); part != "" && name != bodyHash {
			out += part + "&"
		}
	}
	sum := sha256.Sum256(body)
	return out + bodyHash + "=" + hex.EncodeToString(sum[:])
}
