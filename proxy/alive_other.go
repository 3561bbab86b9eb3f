//go:build !unix

package proxy

import (
	"errors"
	"net"
	"os"
	"time"
)

// A pulse tells whether a quiet connection is still one. Where the socket cannot be looked at
// without waiting, it is read from for a moment: what that takes from a connection, the connection
// should not have held, and it is thrown away.
type pulse struct{ conn net.Conn }

func (p *pulse) watch(s *socket) { p.conn = s.Conn }

// beats reports whether the connection is open and nothing unasked came in.
func (p *pulse) beats() bool {
	if err := p.conn.SetReadDeadline(time.Now().Add(50 * time.Microsecond)); err != nil {
		return false
	}
	var one [1]byte
	n, err := p.conn.Read(one[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && p.conn.SetReadDeadline(time.Time{}) == nil
}
