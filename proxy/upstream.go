package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
)

// An upstream is the send endpoint of one route, with the connections to it.
type upstream struct {
	head.Destination
	cfg    config
	ca     string // a digest of what cfg.CAFile holds
	places chan struct{}
	dialer dialer
	pool   pool
	count  *connections
	alone  bool // there is one processor for all that the gate does
}

// same reports whether u and other are made of the same, so that one may be used in place of the other.
func (u *upstream) same(other *upstream) bool {
	a, b := u.cfg, other.cfg
	a.CAFile, b.CAFile = u.ca, other.ca // wherever they lie
	return a == b
}

// newUpstream makes connections when they are needed. Errors name the key of the route: `upstream: …`.
func newUpstream(cfg config, count *connections) (*upstream, error) {
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, errors.New("upstream: this is not a URL") // what err says would repeat it
	}
	address, err := checkUpstream(base)
	if err != nil {
		return nil, fmt.Errorf("upstream: %s %w", veiled(base), err)
	}
	u := &upstream{
		Destination: head.Destination{Host: base.Host, Base: strings.TrimRight(base.EscapedPath(), "/")},
		cfg:         cfg,
		places:      make(chan struct{}, cfg.InFlight),
		count:       count,
		alone:       runtime.GOMAXPROCS(0) == 1,
	}
	u.pool = pool{keep: cfg.Timeouts.Idle}
	u.dialer = dialer{
		address:  address,
		limit:    cfg.Timeouts.Connect,
		shortest: min(cfg.Timeouts.Write, cfg.Timeouts.Response),
		head:     cfg.Header,
		count:    count,
		shakes:   make(chan struct{}, cfg.Handshakes),
		connect:  new(net.Dialer).DialContext,
	}
	if base.Scheme == "https" {
		if u.dialer.tls, u.ca, err = tlsConfig(base.Hostname(), cfg.CAFile); err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	return u, nil
}

// through has connections made by connect, and nothing on them in TLS. It is for tests.
func (u *upstream) through(connect func(ctx context.Context, network, address string) (net.Conn, error)) {
	u.dialer.connect, u.dialer.tls = connect, nil
}

// close ends the quiet connections at once, and those in use after their exchange.
func (u *upstream) close() { u.pool.close() }

// idle counts the quiet connections.
func (u *upstream) idle() int { return u.pool.idle() }

// longest is how long an exchange may take.
func (u *upstream) longest() time.Duration {
	t := &u.cfg.Timeouts
	return 2*t.Connect + t.Write + t.Response + lastWords
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
		used := c.socket.Used
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
	if err := c.send(request, u.cfg.Timeouts.Write); err != nil {
		err = fmt.Errorf("sending the request: %w", err)
		if c.left() && u.early(c, toHead, resp, a) {
			return answered, false, nil
		}
		return c.lost(), false, err
	}
	if len(request) > holdMost { // which took its time
		now = time.Now()
	}
	if err := c.socket.SetReadDeadline(now.Add(u.cfg.Timeouts.Response)); err != nil { // it is closed already
		if c.left() {
			return unknown, false, fmt.Errorf("no answer: %w", err)
		}
		return notSent, false, fmt.Errorf("sending the request: %w", err)
	}
	keep, err = c.receive(resp, a, toHead, u.cfg.Body)
	if c.socket.holds() { // all that was read had come before the request
		return c.lost(), false, errUnasked
	}
	if err != nil {
		if failure := c.socket.failure(); failure != nil {
			err = fmt.Errorf("sending the request: %w", failure)
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
	_, err := c.receive(resp, a, toHead, u.cfg.Body)
	return err == nil
}

// enter waits for a place among the requests in flight, where it must.
func (u *upstream) enter() error {
	select {
	case u.places <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(u.cfg.Timeouts.Connect)
	defer t.Stop()
	select {
	case u.places <- struct{}{}:
		return nil
	case <-t.C:
		return fmt.Errorf("all %d places for requests in flight stayed taken for %s (in_flight, timeouts.connect)",
			cap(u.places), u.cfg.Timeouts.Connect)
	}
}
