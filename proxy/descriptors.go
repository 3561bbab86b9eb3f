package proxy

import (
	"net"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
)

// descriptors keeps connections from taking the last file descriptors of the process: the store could
// not write then, and not even put its files in order. A nil one has no bound.
type descriptors struct {
	most  func() int // of connections on both sides, now
	taken atomic.Int64
}

// take takes one, where there is one.
func (d *descriptors) take() bool {
	if d == nil {
		return true
	}
	if d.taken.Add(1) > int64(d.most()) {
		d.taken.Add(-1)
		return false
	}
	return true
}

// clients is how many clients may have one. A quarter is left for connections to upstreams: without
// these, all clients would wait.
func (d *descriptors) clients() int { return d.most() * 3 / 4 }

// takeForClient takes one for the last of so many clients.
func (d *descriptors) takeForClient(clients int64) bool {
	return d == nil || clients <= int64(d.clients()) && d.take()
}

// tell warns where there are fewer than as many clients as are wanted would take.
func (d *descriptors) tell(wanted int, log *zap.Logger) {
	if d == nil {
		return
	}
	if n := d.clients(); n < wanted {
		log.Warn("the gate takes fewer connections than limits.connections: this process may not have enough files open. Raise ulimit -n, or LimitNOFILE of the service",
			zap.Int("connections", n), zap.Int("limits.connections", wanted), zap.Int("missing", (wanted-n)/3*4))
	}
}

func (d *descriptors) give() {
	if d != nil {
		d.taken.Add(-1)
	}
}

// sharing is a listener whose connections each take a descriptor; without one they are closed.
type sharing struct {
	net.Listener
	files *descriptors
}

func (l *sharing) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.files.take() {
			return newSharingConn(c, l.files), nil
		}
		_ = c.Close()
	}
}

// sharingConn gives its descriptor back when it is closed first.
type sharingConn struct {
	net.Conn
	close  func() error
	linger atomic.Bool // the last answer came before the request was read
}

func newSharingConn(c net.Conn, files *descriptors) *sharingConn {
	s := &sharingConn{Conn: c}
	s.close = sync.OnceValue(func() error {
		defer files.give()
		if s.linger.Load() {
			drain(c)
		}
		return c.Close()
	})
	return s
}

func (c *sharingConn) Close() error { return c.close() }
