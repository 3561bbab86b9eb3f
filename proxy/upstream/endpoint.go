package upstream

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
	"github.com/sendgate/sendgate/proxy/socket"
	"github.com/valyala/fasthttp"
)

// An Endpoint is the send endpoint of one route, with the connections to it.
type Endpoint struct {
	head.Destination
	cfg    Config
	ca     string // a digest of what cfg.CAFile holds
	places chan struct{}
	dialer dialer
	pool   pool
	count  *Connections
	alone  bool // there is one processor for all that the gate does
}

// Same reports whether e and other are made of the same, so that one may be used in place of the other.
func (e *Endpoint) Same(other *Endpoint) bool {
	a, b := e.cfg, other.cfg
	a.CAFile, b.CAFile = e.ca, other.ca // wherever they lie
	return a == b
}

// New makes an endpoint, and connects to nothing yet. count is where its connections are counted. Errors name the key of
// the route: `upstream: …`.
func New(cfg Config, count *Connections) (*Endpoint, error) {
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, errors.New("upstream: this is not a URL") // what err says would repeat it
	}
	address, err := check(base)
	if err != nil {
		return nil, fmt.Errorf("upstream: %s %w", Veiled(base), err)
	}
	e := &Endpoint{
		Destination: head.Destination{Host: base.Host, Base: strings.TrimRight(base.EscapedPath(), "/")},
		cfg:         cfg,
		places:      make(chan struct{}, cfg.InFlight),
		count:       count,
		alone:       runtime.GOMAXPROCS(0) == 1,
	}
	e.pool = pool{keep: cfg.Timeouts.Idle}
	e.dialer = dialer{
		address:  address,
		limit:    cfg.Timeouts.Connect,
		shortest: min(cfg.Timeouts.Write, cfg.Timeouts.Response),
		head:     cfg.Header,
		count:    count,
		shakes:   make(chan struct{}, cfg.Handshakes),
		connect:  new(net.Dialer).DialContext,
	}
	if base.Scheme == "https" {
		if e.dialer.tls, e.ca, err = tlsConfig(base.Hostname(), cfg.CAFile); err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	return e, nil
}

// Through has connections made by connect, and no TLS spoken on them. It is for tests.
func (e *Endpoint) Through(connect func(ctx context.Context, network, address string) (net.Conn, error)) {
	e.dialer.connect, e.dialer.tls = connect, nil
}

// Close ends the quiet connections at once, and those in use after their exchange.
func (e *Endpoint) Close() { e.pool.close() }

// Idle counts the quiet connections.
func (e *Endpoint) Idle() int { return e.pool.idle() }

// Longest is how long an exchange may take.
func (e *Endpoint) Longest() time.Duration {
	t := &e.cfg.Timeouts
	return 2*t.Connect + t.Write + t.Response + socket.LastWords
}

// Exchange hands request to the upstream once, and reads the answer into resp and a. It tries a second
// connection only when nothing has left on the first. toHead says that the request's method is HEAD.
// resp and a are of use only when the outcome is Answered, except for a.Done; err says why it is
// not.
//
// On one processor, other requests that came in are decided about first, so that all of them leave one after
// the other: an upstream that has begun to wait again takes microseconds to wake. On several, this would wake
// processors of our own that have nothing to do.
func (e *Endpoint) Exchange(request []byte, toHead bool, resp *fasthttp.Response, a *Answer) (o Outcome, err error) {
	if e.alone {
		runtime.Gosched()
	}
	if err := e.enter(); err != nil {
		a.Done = time.Now()
		return NotSent, err
	}
	defer func() { <-e.places }()
	c, o, keep, err := e.try(request, toHead, resp, a)
	a.Done = time.Now()
	if keep {
		e.pool.put(c, a.Done)
	}
	return o, err
}

// try makes an exchange on a pooled connection, or on a new one when there is none that lives. The upstream's time
// begins here: what came before, such as a disk that the key of a send is kept on, took of the gate's own.
func (e *Endpoint) try(request []byte, toHead bool, resp *fasthttp.Response, a *Answer) (c *conn, o Outcome, keep bool, err error) {
	now := time.Now()
	for {
		if c = e.pool.take(now); c == nil {
			if c, err = e.dialer.dial(e.pool.take); err != nil {
				return nil, NotSent, false, err
			}
			now = time.Now()
		}
		used := c.socket.Used
		if o, keep, err = e.ask(c, request, toHead, now, resp, a); !used || !errors.Is(err, socket.ErrUnasked) {
			return c, o, keep, err
		}
		e.count.Stale.Add(1)
	}
}

// ask makes an exchange on c. It closes c unless keep says that another may follow, also when it
// panics.
func (e *Endpoint) ask(c *conn, request []byte, toHead bool, now time.Time, resp *fasthttp.Response, a *Answer) (o Outcome, keep bool, err error) {
	defer func() {
		if !keep {
			c.close()
		}
	}()
	if err := c.send(request, e.cfg.Timeouts.Write); err != nil {
		err = fmt.Errorf("sending the request: %w", err)
		if c.left() && e.early(c, toHead, resp, a) {
			return Answered, false, nil
		}
		return c.lost(), false, err
	}
	if len(request) > holdMost { // which took its time
		now = time.Now()
	}
	if err := c.socket.SetReadDeadline(now.Add(e.cfg.Timeouts.Response)); err != nil { // it is closed already
		if c.left() {
			return Unknown, false, fmt.Errorf("no answer: %w", err)
		}
		return NotSent, false, fmt.Errorf("sending the request: %w", err)
	}
	keep, err = c.receive(resp, a, toHead, e.cfg.Body)
	if c.socket.Held() { // all that was read had come before the request
		return c.lost(), false, socket.ErrUnasked
	}
	if err != nil {
		if failure := c.socket.Failed(); failure != nil {
			err = fmt.Errorf("sending the request: %w", failure)
		}
		return c.lost(), false, err
	}
	return Answered, keep, nil
}

// early reads the answer of an upstream that answered before it had read the whole request, and
// stopped reading. It reports whether there was a complete one. The connection is of no more use.
func (e *Endpoint) early(c *conn, toHead bool, resp *fasthttp.Response, a *Answer) bool {
	if err := c.socket.SetReadDeadline(time.Now().Add(socket.LastWords)); err != nil {
		return false
	}
	_, err := c.receive(resp, a, toHead, e.cfg.Body)
	return err == nil
}

// enter waits for a place among the requests in flight, where it must.
func (e *Endpoint) enter() error {
	select {
	case e.places <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(e.cfg.Timeouts.Connect)
	defer t.Stop()
	select {
	case e.places <- struct{}{}:
		return nil
	case <-t.C:
		return fmt.Errorf("all %d places for requests in flight stayed taken for %s (in_flight, timeouts.connect)",
			cap(e.places), e.cfg.Timeouts.Connect)
	}
}
