package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// An OIDC is an OpenID provider by which people log into the console.
// See https://openid.net/specs/openid-connect-core-1_0.html
type OIDC struct {
	Issuer       string          `yaml:"issuer"`                     // its URL, as its tokens name it
	ClientID     string          `yaml:"client_id"`                  // by which it knows the console
	ClientSecret string          `yaml:"client_secret" ref:"secret"` // likewise
	Scopes       []string        `yaml:"scopes"`                     // asked for beside openid. Default: profile and email
	NameClaim    string          `yaml:"name_claim"`                 // holds the name that is written beside changes. Default: email
	RoleClaim    string          `yaml:"role_claim"`                 // holds a word, or several, that Roles knows. Default: groups
	Roles        map[string]Role `yaml:"roles"`                      // role of each word; the highest counts, and without one there is no access
}

// A Sessions says how long people stay logged in.
type Sessions struct {
	Idle     time.Duration `yaml:"idle"`     // without a request. Default 1h
	Absolute time.Duration `yaml:"absolute"` // in all. Default 12h
}

// WithDefaults is s, with the defaults where it says nothing.
func (s Sessions) WithDefaults() Sessions {
	return Sessions{cmp.Or(s.Idle, time.Hour), cmp.Or(s.Absolute, 12*time.Hour)}
}

// WithDefaults is o, with the defaults where it says nothing.
func (o OIDC) WithDefaults() OIDC {
	if o.Scopes == nil {
		o.Scopes = []string{"profile", "email"}
	}
	o.NameClaim, o.RoleClaim = cmp.Or(o.NameClaim, "email"), cmp.Or(o.RoleClaim, "groups")
	return o
}

// longestSession is the most that a configuration may ask for.
const longestSession = 30 * 24 * time.Hour

// OwnToken is the name of the token that serve makes where none is configured.
const OwnToken = "admin"

// FirstStart is the name of who logs in by the link that serve prints while nobody else could.
const FirstStart = "first-start"

// CheckLogin joins all that is wrong with how people would log in by c: Users, OIDC, Sessions, URL and Proxies. Each
// error begins with its keys, as in "users[0]: name: …".
func (c *Config) CheckLogin() error {
	errs := []error{c.checkUsers()}
	if c.URL != "" {
		errs = append(errs, prefixed("url", checkURL(c.URL, false)))
	}
	if _, err := c.ProxyNetworks(); err != nil {
		errs = append(errs, prefixed("proxies", err))
	}
	switch s := c.Sessions.WithDefaults(); {
	case s.Idle < time.Minute:
		errs = append(errs, fmt.Errorf("sessions: idle: %v is too short: want at least 1m", s.Idle))
	case s.Absolute < s.Idle || s.Absolute > longestSession:
		errs = append(errs, fmt.Errorf("sessions: absolute: %v: want at least what idle is, %v, and at most %v", s.Absolute, s.Idle, longestSession))
	}
	if c.OIDC != nil {
		errs = append(errs, prefixed("oidc", c.OIDC.check(c.URL)))
	}
	return errors.Join(errs...)
}

func (c *Config) checkUsers() error {
	var errs []error
	for i, u := range c.Users {
		if field, problem := u.Problem(); problem != "" {
			errs = append(errs, fmt.Errorf("users[%d]: %s: %s", i, field, problem))
			continue
		}
		same := func(name string) bool { return strings.EqualFold(name, u.Name) }
		if j := slices.IndexFunc(c.Users[:i], func(other User) bool { return same(other.Name) }); j >= 0 {
			errs = append(errs, fmt.Errorf("users[%d]: name: %q is the name of users[%d] too", i, u.Name, j))
		}
		if j := slices.IndexFunc(c.Tokens, func(t Token) bool { return same(t.Name) }); j >= 0 {
			errs = append(errs, fmt.Errorf("users[%d]: name: %q is the name of tokens[%d] too: who changed something could not be told", i, u.Name, j))
		}
		if same(FirstStart) {
			errs = append(errs, fmt.Errorf("users[%d]: name: %q is the name of who logs in by the link of a first start: want another", i, u.Name))
		}
		if len(c.Tokens) == 0 && same(OwnToken) {
			errs = append(errs, fmt.Errorf("users[%d]: name: %q is the name of the token that is made where console.tokens has none: want another", i, u.Name))
		}
	}
	return errors.Join(errs...)
}

func (o *OIDC) check(at string) error {
	for _, c := range []struct{ key, value string }{{"issuer", o.Issuer}, {"client_id", o.ClientID}, {"client_secret", o.ClientSecret}} {
		if c.value == "" {
			return fmt.Errorf("%s: missing", c.key)
		}
	}
	if err := checkURL(o.Issuer, true); err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	if at == "" {
		return errors.New("console.url is missing, to which people come back from their login")
	}
	if len(o.Roles) == 0 {
		return fmt.Errorf("roles: missing: want the role of each word of the claim %s, or nobody has one", o.WithDefaults().RoleClaim)
	}
	return nil
}

// checkURL refuses what is no address at which passwords and tokens are safe. It repeats no more of it than the host,
// since others may read what it says.
func checkURL(text string, path bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http"):
		return errors.New("want a URL such as https://sendgate.example.com")
	case !path && u.Path != "" && u.Path != "/":
		return fmt.Errorf("%q: want no path: the console is at the root of its host", u.Scheme+"://"+u.Host)
	case u.Scheme == "http" && !thisMachine(u.Hostname()):
		return fmt.Errorf("%q: want https, or http at an address of this machine", u.Scheme+"://"+u.Host)
	}
	return nil
}

func thisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ProxyNetworks is where the proxies of c are.
func (c *Config) ProxyNetworks() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range c.Proxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			ip, ipErr := netip.ParseAddr(text)
			if ipErr != nil {
				return nil, fmt.Errorf("%q: want an address or a network, such as 10.0.0.7 or 10.0.0.0/24", text)
			}
			network = netip.PrefixFrom(ip, ip.BitLen())
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

// prefixed is err, each of whose joined ones begins with key.
func prefixed(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", key, err)
}

// People reports whether anybody can log in by c without a link.
func (c *Config) People() bool { return len(c.Users) > 0 || c.OIDC != nil }
