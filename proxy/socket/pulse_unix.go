//go:build unix && (!linux || portable)

package socket

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// A Pulse tells whether a quiet connection is still one. It looks at the socket without waiting
// and without taking anything from it.
type Pulse struct {
	raw   syscall.RawConn
	alive bool
	look  func(fd uintptr)
	one   [1]byte
}

// Watch has it look at s.
func (p *Pulse) Watch(s *Conn) {
	sc, ok := s.Conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	p.raw = raw
	p.look = func(fd uintptr) {
		_, _, err := unix.Recvfrom(int(fd), p.one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		p.alive = err == unix.EAGAIN
	}
}

// Beats reports whether the connection is open and nothing unasked came in. A connection without
// a socket behind it is believed.
func (p *Pulse) Beats() bool {
	if p.raw == nil {
		return true
	}
	p.alive = false
	return p.raw.Control(p.look) == nil && p.alive
}
