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
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// vonageMACs are the ways in which an account may have its calls signed, by the names that its libraries have for
// them. The first is no HMAC: the secret stands behind what is signed.
// Sources: https://developer.vonage.com/en/getting-started/concepts/signing-messages and
// https://github.com/Vonage/vonage-php-sdk-core (Client/Signature.php)
var vonageMACs = []struct {
	name string
	mac  func(secret string, text []byte) []byte
}{
	{"md5hash", func(secret string, text []byte) []byte {
		sum := md5.Sum(append(text[:len(text):len(text)], secret...))
		return sum[:]
	}},
	{"md5", vonageHMAC(md5.New)}, {"sha1", vonageHMAC(sha1.New)}, {"sha256", vonageHMAC(sha256.New)}, {"sha512", vonageHMAC(sha512.New)},
}

// vonageMAC is the way of this name, or nil.
func vonageMAC(name string) func(secret string, text []byte) []byte {
	for _, m := range vonageMACs {
		if m.name == name {
			return m.mac
		}
	}
	return nil
}

func vonageHMAC(with func() hash.Hash) func(secret string, text []byte) []byte {
	return func(secret string, text []byte) []byte {
		h := hmac.New(with, []byte(secret))
		h.Write(text)
		return h.Sum(nil)
	}
}

// vonageSaid are all parameters of a call, of its query where it has no body, and else of its body; ok is false for what cannot
// be read.
func vonageSaid(req *fasthttp.Request) (all []pair, ok bool) {
	if req.Header.IsGet() || len(req.Body()) == 0 {
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

// vonagePut puts a parameter behind those that a call has, where those stand.
func vonagePut(req *fasthttp.Request, name, value string) {
	body := req.Body()
	switch {
	case req.Header.IsGet() || len(body) == 0:
		uri := slices.Clone(req.Header.RequestURI())
		sign := byte('?')
		if bytes.IndexByte(uri, '?') >= 0 {
			sign = '&'
		}
		req.Header.SetRequestURIBytes(escapeForm(append(append(append(uri, sign), name...), '='), value))
	case formBody(req):
		req.SetBodyRaw(escapeForm(append(append(append(slices.Clone(body), '&'), name...), '='), value))
	default:
		end := bytes.LastIndexByte(body, '}') // it is an object
		out := slices.Clone(bytes.TrimRight(body[:end], " \t\r\n"))
		if out[len(out)-1] != '{' {
			out = append(out, ',')
		}
		out = escapeJSON(append(append(append(out, '"'), name...), `":"`...), value)
		req.SetBodyRaw(append(append(out, '"'), body[end:]...))
	}
}

// Admits wants an account and its secret; or its signature secret in the place of that, or beside it.
func (v vonageSMS) Admits(c *Credentials) error {
	switch {
	case c.Signature == "" && c.Method != "":
		return errors.New("method: it is how to sign by signature, which is missing")
	case c.Signature == "":
		return v.keyring.Admits(c)
	case c.Method != "" && vonageMAC(c.Method) == nil:
		return fmt.Errorf("method: unknown word %q: want md5hash, md5, sha1, sha256 or sha512, as the account says", c.Method)
	}
	return c.check(v.name, "account", "signature", "secret?", "method?")
}

// Sentences for the sender.
var (
	errUnsignable = errors.New("the request cannot be signed anew: its parameters are texts and numbers, uncompressed, and all in the query or all in the body")
	errNoSecret   = errors.New("this gate can sign messages alone, and has no secret of the account for other calls")
)

// Authorize puts in the account and its secret. With a signature secret it signs messages anew by that: an account may
// take no others. What else there is at this host is never signed.
func (v vonageSMS) Authorize(req *fasthttp.Request, c *Credentials, now time.Time) error {
	if err := v.keyring.Authorize(req, c, now); err != nil || c.Signature == "" {
		return err
	}
	path, query, _ := splitURI(req.Header.RequestURI())
	if v.shape.path(path) != send {
		if c.Secret == "" {
			return errNoSecret
		}
		return nil
	}
	drop(&req.Header, "authorization")
	h := (&Batch{}).readHead(&req.Header)
	if h.encodings > 0 || len(query) > 0 && len(req.Body()) > 0 || !vonagePlain(req) {
		return errUnsignable
	}
	vonagePut(req, "api_key", c.Account)
	vonagePut(req, "timestamp", strconv.FormatInt(now.Unix(), 10))
	all, ok := vonageSaid(req)
	text, _, once := vonageSigned(all)
	if !ok || !once {
		return errUnsignable
	}
	mac := vonageMAC(cmp.Or(c.Method, vonageMACs[0].name))
	vonagePut(req, "sig", hex.EncodeToString(mac(c.Signature, text)))
	return nil
}

// vonagePlain reports whether what a body holds can be signed: nobody says how a truth or a list would be.
func vonagePlain(req *fasthttp.Request) bool {
	if len(req.Body()) == 0 || formBody(req) {
		return true
	}
	nodes, err := scanJSON(req.Body(), nil)
	if err != nil {
		return false
	}
	d := document{req.Body(), nodes}
	for i := d.child(0); i != 0; i = int(d.nodes[i].next) {
		if d.nodes[i].kind != '"' && d.nodes[i].kind != '0' {
			return false
		}
	}
	return d.nodes[0].kind == '{'
}
