package proxy

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
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
)

// An Outcome is what became of a request that was to be forwarded.
type outcome uint8

const (
	answered outcome = iota // the upstream gave a complete answer
	notSent                 // no byte of the request left the gate
	unknown                 // the request, or a part of it, left, and no complete answer came
	outcomes = iota
)

var outcomeNames = [outcomes]string{"answered", "not-sent", "unknown"}

func (o outcome) String() string { return outcomeNames[o] }

// An upstream is the send endpoint of one route, with the connections to it.
type upstream struct {
	head.Destination
	key    settings
	body   int // bytes an answer may have
	places chan struct{}
	dialer dialer
	pool   pool
	count  *counters
	alone  bool // there is one processor for all that the gate does
}

// settings is what an upstream is made of: where a reload leaves them as they were, the upstream
// and its connections stay.
type settings struct {
	url, ca              string // ca is a digest of the file's content
	timeouts             Timeouts
	inFlight, handshakes int
	limits               Limits
}

func newUpstream(cfg RouteConfig, limits Limits, count *counters) (*upstream, error) {
	base, err := url.Parse(cfg.Upstream)
	if err != nil {
		return nil, errors.New("upstream: this is not a URL") // what err says would repeat it
	}
	address, err := checkUpstream(base)
	if err != nil {
		return nil, fmt.Errorf("upstream: %s %w", veiled(base), err)
	}
	u := &upstream{
		Destination: head.Destination{Host: base.Host, Base: strings.TrimRight(base.EscapedPath(), "/")},
		key:         settings{cfg.Upstream, "", cfg.Timeouts, cfg.InFlight, cfg.Handshakes, limits},
		body:        limits.Body,
		places:      make(chan struct{}, cfg.InFlight),
		count:       count,
		alone:       runtime.GOMAXPROCS(0) == 1,
	}
	u.pool = pool{keep: cfg.Timeouts.Idle}
	u.dialer = dialer{
		address:  address,
		limit:    cfg.Timeouts.Connect,
		shortest: min(cfg.Timeouts.Write, cfg.Timeouts.Response),
		head:     limits.Header,
		count:    count,
		shakes:   make(chan struct{}, cfg.Handshakes),
		connect:  new(net.Dialer).DialContext,
	}
	if base.Scheme == "https" {
		if u.dialer.tls, u.key.ca, err = tlsConfig(base.Hostname(), cfg.CAFile); err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	return u, nil
}

// veiled is u for an error, which others may read: a path, a query and a name often hold a secret.
func veiled(u *url.URL) string {
	if u.Host == "" {
		return "this"
	}
	return strconv.Quote((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
}

// checkUpstream returns the host:port to connect to.
func checkUpstream(base *url.URL) (address string, err error) {
	port := base.Port()
	switch base.Scheme {
	case "https":
		port = cmp.Or(port, "443")
	case "http":
		port = cmp.Or(port, "80")
		if !isLoopback(base.Hostname()) {
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

func isLoopback(host string) bool {
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

// exchange hands request to the upstream once, and reads the answer into resp and a. It tries a second
// connection only when nothing has left on the first. toHead says that the request's method is HEAD.
// resp and a are of use only when the outcome is answered, except for when that was; err says why it is
// not.
//
// On one processor, other requests that came in are decided about first, so that all of them leave one after
// the other: an upstream that has begun to wait again takes microseconds to wake. On several, this would wake
// processors of our own that have nothing to do.
func (u *upstream) exchange(request []byte, toHead bool, resp *fasthttp.Response, a *answer) (o outcome, err error) {
	if u.alone {
		runtime.Gosched()
	}
	if err := u.enter(); err != nil {
		a.done = time.Now()
		return notSent, err
	}
	defer func() { <-u.places }()
	c, o, keep, err := u.try(request, toHead, resp, a)
	a.done = time.Now()
	if keep {
		u.pool.put(c, a.done)
	}
	return o, err
}

// try makes an exchange on a pooled connection, or on a new one when there is none that lives. The upstream's time
// begins here: what came before, such as a disk that the key of a send is kept on, took of the gate's own.
func (u *upstream) try(request []byte, toHead bool, resp *fasthttp.Response, a *answer) (c *conn, o outcome, keep bool, err error) {
	now := time.Now()
	for {
		if c = u.pool.take(now); c == nil {
			if c, err = u.dialer.dial(u.pool.take); err != nil {
				return nil, notSent, false, err
			}
			now = time.Now()
		}
		used := c.socket.used
		if o, keep, err = u.ask(c, request, toHead, now, resp, a); !used || !errors.Is(err, errUnasked) {
			return c, o, keep, err
		}
		u.count.stale.Add(1)
	}
}

// ask makes an exchange on c. It closes c unless keep says that another may follow, also when it
// panics.
func (u *upstream) ask(c *conn, request []byte, toHead bool, now time.Time, resp *fasthttp.Response, a *answer) (o outcome, keep bool, err error) {
	defer func() {
		if !keep {
			c.close()
		}
	}()
	if err := c.send(request, u.key.timeouts.Write); err != nil {
		err = fmt.Errorf("sending the request: %w", err)
		if c.left() && u.early(c, toHead, resp, a) {
			return answered, false, nil
		}
		return c.lost(), false, err
	}
	if len(request) > holdMost { // which took its time
		now = time.Now()
	}
	if err := c.socket.SetReadDeadline(now.Add(u.key.timeouts.Response)); err != nil { // it is closed already
		if c.left() {
			return unknown, false, fmt.Errorf("no answer: %w", err)
		}
		return notSent, false, fmt.Errorf("sending the request: %w", err)
	}
	keep, err = c.receive(resp, a, toHead, u.body)
	if len(c.socket.held) > 0 { // all that was read had come before the request
		return c.lost(), false, errUnasked
	}
	if err != nil {
		if c.socket.failed != nil {
			err = fmt.Errorf("sending the request: %w", c.socket.failed)
		}
		return c.lost(), false, err
	}
	return answered, keep, nil
}

// early reads the answer of an upstream that answered before it had read the whole request, and
// stopped reading. It reports whether there was a complete one. The connection is of no more use.
func (u *upstream) early(c *conn, toHead bool, resp *fasthttp.Response, a *answer) bool {
	if err := c.socket.SetReadDeadline(time.Now().Add(lastWords)); err != nil {
		return false
	}
	_, err := c.receive(resp, a, toHead, u.body)
	return err == nil
}

// enter waits for a place among the requests in flight, where it must.
func (u *upstream) enter() error {
	select {
	case u.places <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(u.key.timeouts.Connect)
	defer t.Stop()
	select {
	case u.places <- struct{}{}:
		return nil
	case <-t.C:
		return fmt.Errorf("all %d places for requests in flight stayed taken for %s (in_flight, timeouts.connect)",
			cap(u.places), u.key.timeouts.Connect)
	}
}
