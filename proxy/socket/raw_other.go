//go:build !linux || portable

package socket

import "net"

// A rawIO is the short way to the system, where there is one: see raw_linux.go. Here there is
// none, and a socket goes Go's own way.
type rawIO struct{}

func (*rawIO) watch(net.Conn) {}

func (*rawIO) able() bool { return false }

func (*rawIO) exchange(_, _ []byte, _ bool) (wrote, n int, err error) { return 0, 0, nil }

func (*rawIO) readAll(Taker) error { return nil }

func (*rawIO) write([]byte) (n int, err error) { return 0, nil }

func (*rawIO) silent() bool { return false }

func (*rawIO) ended() bool { return false }
