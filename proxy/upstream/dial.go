package upstream

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/sendgate/sendgate/proxy/socket"
)

// A dialer sets up connections to one upstream, a bounded number at a time: a cold burst that
// shakes hands all at once starves itself.
type dialer struct {
	address  string // host:port
	tls      *tls.Config
	shortest time.Duration // limit of an exchange
	limit    time.Duration // for waiting, DNS, TCP and TLS together
	head     int           // bytes of an answer's head
	count    *Connections
	shakes   chan struct{}
	connect  func(ctx context.Context, network, address string) (net.Conn, error)
}

// dial returns a new connection, or one that spare finds while waiting for a turn. Nothing of a
// request has been sent when it fails.
func (d *dialer) dial(spare func(now time.Time) *conn) (*conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d.limit)
	defer cancel()
	select {
	case d.shakes <- struct{}{}:
		defer func() { <-d.shakes }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for one of %d handshakes (handshakes, timeouts.connect): %w", cap(d.shakes), ctx.Err())
	}
	c, err := d.descriptor(ctx, spare)
	if c != nil || err != nil {
		return c, err
	}
	defer func() {
		if err != nil {
			d.count.Files.Give()
		}
	}()
	plain, err := d.connect(ctx, "tcp", d.address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", d.address, err)
	}
	s := socket.New(plain, d.shortest)
	if d.tls == nil {
		return newConn(s, s, d.head, d.count), nil
	}
	secure := tls.Client(s, d.tls)
	if err = secure.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, fmt.Errorf("TLS handshake with %s: %w", d.address, err)
	}
	return newConn(s, secure, d.head, d.count), nil
}

// anew is how often a dial that waits for a descriptor looks again.
const anew = 5 * time.Millisecond

// descriptor takes one for a connection, or finds that a connection became spare.
func (d *dialer) descriptor(ctx context.Context, spare func(now time.Time) *conn) (*conn, error) {
	for {
		if c := spare(time.Now()); c != nil {
			return c, nil
		}
		if d.count.Files.Take() {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a file descriptor (ulimit -n, limits.connections, timeouts.connect): %w", ctx.Err())
		case <-time.After(anew):
		}
	}
}
