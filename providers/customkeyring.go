package providers

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/valyala/fasthttp"
)

// A Place is where an API takes a credential, or a part of one: a header, a parameter of the query, or one of a form or
// a member of JSON, such as auth.key. One of them is named.
type Place struct {
	Header string `yaml:"header"`
	Query  string `yaml:"query"`
	Body   string `yaml:"body"`
	// Scheme stands in front of it in a header, such as Bearer; Basic has account and secret in base64.
	Scheme string `yaml:"scheme"`
	// Value is what the gate puts there, with {account}, {user} and {secret} of the route's credentials: in a body
	// in the place of what is there alone. Empty: whatever is there is taken out.
	Value string `yaml:"value"`
}

// keyed is a custom API into whose calls credentials can be put.
type keyed struct {
	custom
	*keyring
}

// keyringOf is what places say; nil for none. Errors name the key.
func (c *Custom) keyringOf() (*keyring, error) {
	if len(c.Credentials) == 0 {
		return nil, nil
	}
	k := &keyring{name: "this service", takes: []string{"account?", "user?", "secret"}}
	filled := false
	for i, p := range c.Credentials {
		h, err := p.keyhole()
		if err != nil {
			return nil, fmt.Errorf("credentials[%d]: %w", i, err)
		}
		filled = filled || h.key != nil
		k.holes = append(k.holes, h)
	}
	if !filled {
		return nil, errors.New("credentials: none has a value: want one that is put in")
	}
	return k, nil
}

func (p Place) keyhole() (h keyhole, err error) {
	named := 0
	for _, in := range []struct {
		name string
		in   place
	}{{p.Header, inHeader}, {p.Query, inQuery}, {p.Body, inBody}} {
		if in.name != "" {
			h.in, h.at = in.in, in.name
			named++
		}
	}
	if h.in == inHeader {
		h.at = strings.ToLower(h.at)
	}
	switch {
	case named != 1:
		return h, errors.New("want one of header, query and body")
	case strings.ContainsFunc(h.at, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`:"()<>@,;=\?{}&%`, r) }):
		return h, fmt.Errorf("%q: want a name of letters, digits, - and _", h.at)
	case h.in == inHeader && (h.at == "host" || h.at == "cookie" || h.at == "user-agent" || strings.HasPrefix(h.at, "content-") || textproto.CanonicalMIMEHeaderKey(h.at) == "Transfer-Encoding"):
		return h, fmt.Errorf("header: %s says something else", p.Header)
	case p.Scheme != "" && h.in != inHeader:
		return h, errors.New("scheme: that is for a header alone")
	case strings.ContainsFunc(p.Scheme+p.Value, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Contains(p.Scheme, " "):
		return h, errors.New("want ASCII that can stand in a header")
	}
	h.scheme = p.Scheme
	if strings.EqualFold(p.Scheme, "basic") {
		h.scheme = "Basic"
	}
	if p.Value != "" {
		h.key = func(c *Credentials) string {
			return strings.NewReplacer("{account}", c.Account, "{user}", c.User, "{secret}", c.Secret).Replace(p.Value)
		}
	}
	return h, nil
}

// Deny answers as the description says of a refusal, with status 401 where it is not 200.
func (k keyed) Deny(_ *fasthttp.Request, resp *fasthttp.Response, why string) {
	r := &k.c.Refusal
	status := fasthttp.StatusUnauthorized
	if r.Status == fasthttp.StatusOK {
		status = r.Status
	}
	resp.SetStatusCode(status)
	k.challenge(resp)
	resp.Header.SetContentType(r.ContentType)
	resp.SetBody(fill(nil, r.Body, "unauthorized", marker+why, "", escaping(r.ContentType)))
}
