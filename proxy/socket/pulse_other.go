//go:build !unix

package socket

import (
	"errors"
	"os"
	"time"
)

// A Pulse tells whether a quiet connection is still one. Where the socket cannot be looked at
// without waiting, it is read from for a moment: what that takes from a connection, the connection
// should not have held, and it is thrown away.
type Pulse struct{ socket *Conn }

// Watch has it look at s.
func (p *Pulse) Watch(s *Conn) { p.socket = s }

// Beats reports whether the connection is open and nothing unasked came in.
func (p *Pulse) Beats() bool {
	conn := p.socket.Conn
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Microsecond)); err != nil {
		return false
	}
	p.socket.readBy = time.Time{} // whatever was armed is no more
	var one [1]byte
	n, err := conn.Read(one[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && conn.SetReadDeadline(time.Time{}) == nil
}
