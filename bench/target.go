package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// A Sender makes one send and waits for its answer. It is used by many goroutines at once.
type Sender interface {
	// Send returns within a timeout of its own; an answer that did not come is an Answer with a
	// Fault. The error is about the recipient, and ends the run.
	Send(r *Recipient) (Answer, error)
}

// TargetConfig says what is loaded.
type TargetConfig struct {
	URL     string // of the gate, with the prefix of the route: http://127.0.0.1:8080/twilio
	Dialect *Dialect
	Timeout time.Duration // for one send with its answer; 0: 10 seconds
	// Authorization is the header of that name; empty: the example credentials of the samples.
	Authorization string
	// AllowRemote lets the load leave this machine.
	AllowRemote bool
	// Connections is how many there may be at once; 0: 1000.
	Connections int
	// Dial makes a connection; nil: TCP.
	Dial func(addr string) (net.Conn, error)
}

// A Target is the gate under load, as a client with kept-alive connections sees it. It never sends
// twice: an attempt that failed is a failure.
type Target struct {
	client  fasthttp.HostClient
	base    string
	dialect *Dialect
	timeout time.Duration
	secret  string // Authorization header; empty: the sample's own

	mu    sync.Mutex
	conns map[net.Conn]struct{} // open ones, for Hurry
}

// NewTarget makes a target, and connects to nothing yet. Without AllowRemote it refuses whatever is
// not on a loopback address.
func NewTarget(cfg TargetConfig) (*Target, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("target %q: want a base URL such as http://127.0.0.1:8080/twilio", u.Redacted())
	}
	if !cfg.AllowRemote && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("target %s: it is not on this machine, and a load test of somebody else's is an attack; --allow-remote allows it", u.Host)
	}
	t := &Target{base: strings.TrimSuffix(cfg.URL, "/"), dialect: cfg.Dialect, timeout: cfg.Timeout, secret: cfg.Authorization, conns: map[net.Conn]struct{}{}}
	if t.timeout <= 0 {
		t.timeout = defaultTimeout
	}
	dial := cfg.Dial
	if dial == nil {
		dial = func(addr string) (net.Conn, error) { return net.DialTimeout("tcp", addr, t.timeout) }
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	t.client = fasthttp.HostClient{
		Addr: net.JoinHostPort(u.Hostname(), port), IsTLS: u.Scheme == "https",
		TLSConfig: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12},
		MaxConns:  max(cfg.Connections, 0), MaxIdemponentCallAttempts: 1,
		MaxIdleConnDuration: 5 * time.Second, MaxResponseBodySize: 4 << 20,
		DisableHeaderNamesNormalizing: true, DisablePathNormalizing: true, NoDefaultUserAgentHeader: true,
		Dial: func(addr string) (net.Conn, error) {
			c, err := dial(addr)
			if err != nil {
				return nil, err
			}
			if !cfg.AllowRemote && !localConn(c) {
				c.Close()
				return nil, errRemote
			}
			return t.keep(c), nil
		},
	}
	if t.client.MaxConns == 0 {
		t.client.MaxConns = defaultWorkers
	}
	return t, nil
}

var errRemote = errors.New("the name of the target leads off this machine")

// loopback reports whether a host is this machine by its name.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// localConn reports whether c leads to this machine, whatever the name was that led there.
func localConn(c net.Conn) bool {
	addr, isTCP := c.RemoteAddr().(*net.TCPAddr)
	return !isTCP || addr.IP.IsLoopback()
}

// Send writes to r and reads the answer.
func (t *Target) Send(r *Recipient) (Answer, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	if err := t.dialect.write(req, t.base, r); err != nil {
		return Answer{}, err
	}
	if t.secret != "" {
		req.Header.Set("Authorization", t.secret)
	}
	if r.Topic != "" {
		req.Header.Set("Sendgate-Topic", r.Topic)
	}
	if err := t.client.DoTimeout(req, resp, t.timeout); err != nil {
		return Answer{Fault: fault(err)}, nil
	}
	return t.dialect.read(resp), nil
}

// fault is a few words for what went wrong: few enough to count by, and without an address.
func fault(err error) string {
	var timeout interface{ Timeout() bool }
	var untrusted *tls.CertificateVerificationError
	var nameless *net.DNSError
	var system syscall.Errno
	switch {
	case errors.Is(err, errRemote):
		return errRemote.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, fasthttp.ErrConnectionClosed), errors.Is(err, net.ErrClosed):
		return "connection closed"
	case errors.Is(err, fasthttp.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &untrusted):
		return "the target's certificate is not trusted"
	case errors.As(err, &nameless):
		return "the target's name has no address"
	case errors.As(err, &system):
		return system.Error()
	}
	return "broken answer"
}

// Hurry gives the answers that are still to come at most within; what has not come then is a
// timeout.
func (t *Target) Hurry(within time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := time.Now().Add(within)
	for c := range t.conns {
		_ = c.SetDeadline(end) // one that is closed already needs none
	}
}

// Close closes the connections that are idle.
func (t *Target) Close() { t.client.CloseIdleConnections() }

// keep notes c until it is closed.
func (t *Target) keep(c net.Conn) net.Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns[c] = struct{}{}
	return &keptConn{c, t}
}

type keptConn struct {
	net.Conn
	target *Target
}

func (c *keptConn) Close() error {
	c.target.mu.Lock()
	delete(c.target.conns, c.Conn)
	c.target.mu.Unlock()
	return c.Conn.Close()
}
