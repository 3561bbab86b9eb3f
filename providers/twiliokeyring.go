package providers

import (
	"bytes"
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// twilioKeyring: https://www.twilio.com/docs/iam/api-keys. An account shows its auth token, and so does each subaccount,
// to whoever comes with the auth token of the account or with a main key.
var twilioKeyring = &keyring{
	name:  "Twilio",
	takes: []string{"account", "user?", "secret"},
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "Basic", key: func(c *Credentials) string { return cmp.Or(c.User, c.Account) + ":" + c.Secret }},
		{in: inHeader, at: "twilio-client-validation", public: true}, // a signature by which a key is known beside its secret
	},
	gives: []string{"keys", "token", "/credentials"},
}

// Admits wants the SID of an account, and a secret.
// Source: https://www.twilio.com/docs/iam/api-keys
func (t twilio) Admits(c *Credentials) error {
	if err := t.keyring.Admits(c); err != nil {
		return err
	}
	switch {
	case !isSID(c.Account, "AC"):
		return errors.New("account: want an account SID: AC and 32 hexadecimal digits")
	case c.User != "" && !isSID(c.User, "SK") && !isSID(c.User, "AC"):
		return errors.New("user: want the SID of an API key, SK and 32 hexadecimal digits, or that of the account or of the one above it")
	}
	return nil
}

// isSID reports whether s is an identifier of Twilio's of a kind.
// Source: https://www.twilio.com/docs/glossary/what-is-a-sid
func isSID(s, kind string) bool {
	rest, ok := strings.CutPrefix(s, kind)
	return ok && len(rest) == 32 && strings.Trim(rest, "0123456789abcdefABCDEF") == ""
}

// errAccount is a sentence for the sender.
var errAccount = errors.New("the path has to name the account that the credentials of this gate are for, and something of it")

// within reports whether a path that has trace in it goes to something below front and account, and to nothing else.
// Other paths name no account. Trace and front are in lower case.
func within(req *fasthttp.Request, trace, front, account string) bool {
	path, _, _ := splitURI(req.Header.RequestURI())
	var buf [256]byte
	plain := unmasked(buf[:0], path)
	if !bytes.Contains(plain, []byte(trace)) {
		return true
	}
	rest, ok := bytes.CutPrefix(plain, []byte(front))
	named, below, _ := segment(rest)
	return ok && alike(named, account) && len(below) > 0 && 'a' <= below[0] && below[0] <= 'z' && !bytes.Contains(below, []byte("/."))
}

// alike reports whether b is s without regard to ASCII case.
func alike(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lowered(b[i]) != lowered(s[i]) {
			return false
		}
	}
	return true
}

// Authorize lets nobody act for another account than that of the credentials: with those of an account all its
// subaccounts would answer. A subaccount is a route of its own, with the SID of the account above it for user if the
// auth token is that one's.
// Source: https://www.twilio.com/docs/iam/api/subaccounts
func (t twilio) Authorize(req *fasthttp.Request, c *Credentials, now time.Time) error {
	var buf [512]byte
	rest := unmasked(buf[:0], req.Header.RequestURI())
	for at := bytes.Index(rest, []byte("ac")); at >= 0; at = bytes.Index(rest, []byte("ac")) {
		sid := rest[at:min(at+len(c.Account), len(rest))]
		if isSID(string(sid), "ac") && !alike(sid, c.Account) {
			return errAccount
		}
		rest = rest[at+len("ac"):]
	}
	if !within(req, "2010-04-01", "/2010-04-01/accounts/", c.Account) {
		return errAccount
	}
	return t.keyring.Authorize(req, c, now)
}

// Deny answers 401 with Twilio's error, in JSON or XML as the path asks.
// Source: https://www.twilio.com/docs/errors/20003
func (t twilio) Deny(req *fasthttp.Request, resp *fasthttp.Response, why string) {
	path, _, _ := splitURI(req.Header.RequestURI())
	_, xml := twilioPath(path)
	native{20003, "Authenticate"}.twilio(resp, nil, fasthttp.StatusUnauthorized, why, xml)
	t.challenge(resp)
}
