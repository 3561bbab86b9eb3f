package providers

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/textproto"
	"slices"
	"time"

	"github.com/valyala/fasthttp"
)

// An Authorizer is a Provider whose calls the gate can make with credentials of its own, so that callers need none
// of the service's. The methods of [Provider] bind it, too. Most embed a keyring, and have all of them by that.
type Authorizer interface {
	// Admits says what c lacks as credentials for this service, or has too much of. An error names the key.
	Admits(c *Credentials) error
	// Presented is what req holds where the service takes a secret, such as a password, a token or a key: the first
	// place that has one counts. Nil: it holds none. Head is the header lines as the client wrote them, as in
	// [Batch]. The secret is in the memory of dst, behind what that has, or in that of req and head.
	// [ErrTwice]: one place holds two.
	Presented(dst []byte, req *fasthttp.Request, head []byte) ([]byte, error)
	// Authorize puts c in the place of whatever credentials req holds, in header, query, path or body, so that
	// none of a caller's get through. It is the last thing that is done to req before it is written; what
	// req.Header.RequestURI returns stands behind the path of the route's upstream, if that has one, and Host is
	// the upstream's. It changes header lines and the URI through req.Header alone, sets a new body instead of
	// changing the bytes of the old one, and leaves all else as it is. An error means that req must not be sent;
	// it is a sentence for the sender that shows no address, no query and no credential.
	Authorize(req *fasthttp.Request, c *Credentials, now time.Time) error
	// Deny answers req as the service does where it does not know the credentials, with why for people to read
	// where there is room. No library sends again after that.
	Deny(req *fasthttp.Request, resp *fasthttp.Response, why string)
}

// ErrTwice is what Presented answers where one place holds two secrets: nobody can say which of them counts.
var ErrTwice = errors.New("the request holds two credentials in one place")

// Sentences for the sender.
var (
	errSealed = errors.New("the body may hold credentials and cannot be read to take them out: send them in a header")
	errNoHole = errors.New("the request has no place for the credentials of this gate")
	errGives  = errors.New("the call makes or shows credentials of the account, which nobody gets who sends by those of this gate")
)

// A keyring is where a service takes credentials, and how it says that they are wrong. A provider embeds its own,
// and is an [Authorizer] by that.
type keyring struct {
	name  string   // of the service
	takes []string // the keys of [Credentials] that it wants; those that may be left out end in a ?
	// holes are all places in which it takes a credential, the usual one first. Those without a key are emptied,
	// and so are those that are filled, before that.
	holes []keyhole
	// gives are words in the paths of calls that make or show credentials, in lower case, and asks such in queries:
	// with those a sender could go round the gate.
	gives, asks []string
	denial      denial
}

// A keyhole is one place of a request.
type keyhole struct {
	in place  // a header, the query, or the body, as a form or as JSON
	at string // the header in lower case, the parameter, or the member, such as messages.authentication.token
	// scheme is what stands in front of it in a header, such as Bearer. Basic has it in base64, and what is read
	// is the part behind the colon, whatever the scheme that the service wants.
	scheme string
	// key is what the gate puts in, without the scheme: into a header or a query always, into a body where that
	// had something there. Nil: nothing.
	key func(c *Credentials) string
	// public is for what is no secret, such as the name of an account: it is emptied and never read.
	public bool
	// typeless: a body without a Content-Type is JSON.
	typeless bool
}

// secretKey is what most services know their customers by.
func secretKey(c *Credentials) string { return c.Secret }

// pairKey is what services know their customers by that have an account and its secret.
func pairKey(c *Credentials) string { return c.Account + ":" + c.Secret }

// A denial is the answer to wrong credentials, in JSON. In its body {detail} stands for why.
type denial struct {
	status int
	body   string
}

// Admits wants what the service takes.
func (k *keyring) Admits(c *Credentials) error { return c.check(k.name, k.takes...) }

// Presented looks at all places that hold a secret.
func (k *keyring) Presented(dst []byte, req *fasthttp.Request, head []byte) ([]byte, error) {
	for i := range k.holes {
		h := &k.holes[i]
		if h.public {
			continue
		}
		if value, n := h.find(req, head); n > 1 {
			return nil, ErrTwice
		} else if value = h.bare(dst, value); len(value) > 0 {
			return value, nil
		}
	}
	return nil, nil
}

// bare is the secret in the value of a place.
func (h *keyhole) bare(dst, value []byte) []byte {
	n := indexBlank(value)
	if h.scheme == "" || n < 0 {
		return value
	}
	scheme, rest := value[:n], value[n+1:]
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	if !fold(scheme, "basic") {
		return rest
	}
	start := len(dst)
	plain, err := base64.StdEncoding.AppendDecode(dst, rest)
	if err != nil {
		return nil
	}
	plain = plain[start:]
	for i, c := range plain {
		if c == ':' && i+1 < len(plain) {
			return plain[i+1:]
		} else if c == ':' { // as in https://key@host
			return plain[:i]
		}
	}
	return plain
}

func indexBlank(b []byte) int {
	for i, c := range b {
		if c == ' ' || c == '\t' {
			return i
		}
	}
	return -1
}

// Authorize empties all places, and fills those that have a key. Authorization is such a place at every service:
// whoever a caller is known by, it is nobody else's business.
func (k *keyring) Authorize(req *fasthttp.Request, c *Credentials, _ time.Time) error {
	filled := false
	drop(&req.Header, "authorization")
	for i := range k.holes {
		h := &k.holes[i]
		value := ""
		if h.key != nil {
			value = h.key(c)
		}
		done, err := h.put(req, value)
		if err != nil {
			return err
		}
		filled = filled || done
	}
	switch {
	case !filled:
		return errNoHole
	case k.given(req.Header.RequestURI()):
		return errGives
	}
	return nil
}

// given reports whether a call to this URI makes or shows credentials.
func (k *keyring) given(uri []byte) bool {
	path, query, _ := splitURI(uri)
	return holds(path, k.gives) || holds(query, k.asks)
}

// holds reports whether part of a URI, as the most generous of servers would read it, has one of words in it.
func holds(part []byte, words []string) bool {
	if len(words) == 0 {
		return false
	}
	var buf [512]byte
	plain := unmasked(buf[:0], part)
	for _, word := range words {
		if bytes.Contains(plain, []byte(word)) {
			return true
		}
	}
	return false
}

// put puts value in the place of what is there; empty: nothing. It reports whether value is there.
func (h *keyhole) put(req *fasthttp.Request, value string) (filled bool, err error) {
	switch h.in {
	case inQuery:
		h.cutQuery(req)
		if value != "" {
			uri := req.Header.RequestURI()
			sign := "?"
			if bytes.IndexByte(uri, '?') >= 0 {
				sign = "&"
			}
			req.Header.SetRequestURIBytes(escapeForm(slices.Concat(uri, []byte(sign+h.at+"=")), value))
		}
		return value != "", nil
	case inBody:
		return h.putBody(req, value)
	}
	drop(&req.Header, h.at)
	if value == "" {
		return false, nil
	}
	switch h.scheme {
	case "":
	case "Basic":
		value = "Basic " + base64.StdEncoding.EncodeToString([]byte(value))
	default:
		value = h.scheme + " " + value
	}
	req.Header.Add(textproto.CanonicalMIMEHeaderKey(h.at), value)
	return true, nil
}

// Deny answers in the service's own words.
func (k *keyring) Deny(_ *fasthttp.Request, resp *fasthttp.Response, why string) {
	resp.SetStatusCode(k.denial.status)
	k.challenge(resp)
	resp.Header.SetContentType("application/json")
	resp.SetBody(fill(nil, k.denial.body, "unauthorized", marker+why, "", escapeJSON))
}

// challenge asks for what the service takes in the usual place, which some clients wait for before they show it.
func (k *keyring) challenge(resp *fasthttp.Response) {
	if len(k.holes) > 0 && resp.StatusCode() == fasthttp.StatusUnauthorized && (k.holes[0].scheme == "Basic" || k.holes[0].scheme == "Bearer") {
		resp.Header.Set(fasthttp.HeaderWWWAuthenticate, k.holes[0].scheme+` realm="sendgate"`)
	}
}
