package upstream

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"time"
)

// A Config says where an endpoint is, and how much it may take. Only CAFile may be empty.
type Config struct {
	URL                  string
	CAFile               string // PEM certificates that are trusted besides the system's
	Timeouts             Timeouts
	InFlight, Handshakes int // how many at a time
	Header, Body         int // bytes an answer may have
}

// Timeouts bound the upstream side of one exchange.
type Timeouts struct {
	Connect  time.Duration `yaml:"connect"`  // waiting for a place in flight and, apart, DNS, TCP and TLS together. Default 5s
	Write    time.Duration `yaml:"write"`    // handing over the whole request. Default 10s
	Response time.Duration `yaml:"response"` // from then to the last byte of the answer. Default 2m
	Idle     time.Duration `yaml:"idle"`     // how long a pooled connection is kept; below the upstream's own. Default 15s
}

// WithDefaults is t with the defaults where it has nothing.
func (t Timeouts) WithDefaults() Timeouts {
	t.Connect = cmp.Or(t.Connect, 5*time.Second)
	t.Write = cmp.Or(t.Write, 10*time.Second)
	t.Response = cmp.Or(t.Response, 2*time.Minute)
	t.Idle = cmp.Or(t.Idle, 15*time.Second)
	return t
}

// Veiled is u for an error, which others may read: a path, a query and a name often hold a secret.
func Veiled(u *url.URL) string {
	if u.Host == "" {
		return "this"
	}
	return strconv.Quote((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
}

// check returns the host:port to connect to.
func check(base *url.URL) (address string, err error) {
	port := base.Port()
	switch base.Scheme {
	case "https":
		port = cmp.Or(port, "443")
	case "http":
		port = cmp.Or(port, "80")
		if !IsLoopback(base.Hostname()) {
			return "", errors.New("would send messages in the clear: http:// is for loopback only")
		}
	default:
		return "", errors.New("is not an https:// URL")
	}
	if base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" || base.Opaque != "" {
		return "", errors.New("is not a base URL: want scheme, host and at most a path")
	}
	return net.JoinHostPort(base.Hostname(), port), nil
}

// IsLoopback reports whether host, a name or an address, is this machine.
func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// tlsConfig verifies the upstream's certificate for name against the system's roots and those in
// caFile, if one is given. digest tells two contents of that file apart.
func tlsConfig(name, caFile string) (cfg *tls.Config, digest string, err error) {
	cfg = &tls.Config{
		ServerName:         name,
		MinVersion:         tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
		NextProtos:         []string{"http/1.1"},
	}
	if caFile == "" {
		return cfg, "", nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, "", err
	}
	if cfg.RootCAs, err = x509.SystemCertPool(); err != nil {
		cfg.RootCAs = x509.NewCertPool()
	}
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, "", fmt.Errorf("%s holds no PEM certificate", caFile)
	}
	sum := sha256.Sum256(pem)
	return cfg, string(sum[:]), nil
}
