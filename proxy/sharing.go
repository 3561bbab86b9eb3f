package proxy

import (
	"net"
	"sync"
	"sync/atomic"
)

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
