package proxy

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/sendgate/sendgate/proxy/socket"
)

// sharing is a listener whose connections each take a descriptor; without one they are closed.
type sharing struct {
	net.Listener
	files *socket.Descriptors
}

func (l *sharing) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.files.Take() {
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

func newSharingConn(c net.Conn, files *socket.Descriptors) *sharingConn {
	s := &sharingConn{Conn: c}
	s.close = sync.OnceValue(func() error {
		defer files.Give()
		if s.linger.Load() {
			drain(c)
		}
		return c.Close()
	})
	return s
}

func (c *sharingConn) Close() error { return c.close() }
