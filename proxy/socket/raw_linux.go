//go:build linux && !portable

package socket

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// A rawIO reads and writes a socket by system calls of which Go's scheduler hears nothing. They
// never wait, since Go's sockets do not block, so there is nothing for it to do; and being told costs
// more than many of them. Waiting is left to Go's poller.
//
// The build tag portable leaves it out; what a socket does is the same without it.
type rawIO struct {
	conn  syscall.RawConn
	step  func(fd uintptr) bool // take, kept so that it is made once
	put   func(fd uintptr)
	look  func(fd uintptr)
	out   []byte // to be written
	in    []byte // to be read into
	wary  bool   // nothing may come before out was written
	wrote int
	n     int
	errno syscall.Errno
	early bool // something came
	one   [1]byte
	quiet bool
	over  bool
}

// watch takes c over, if it is a socket.
func (r *rawIO) watch(c net.Conn) {
	sc, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	r.conn, r.step, r.put, r.look = raw, r.take, r.give, r.peek
}

func (r *rawIO) able() bool { return r.conn != nil }

// exchange writes out, if there is any, waits for something to read, and reads it into in. When the
// system does not take all of out at once it returns how much it took, and has not read. wary says
// that nothing may be there to read before: where there is, or the end, nothing is written, and the
// error is errUnasked.
func (r *rawIO) exchange(out, in []byte, wary bool) (wrote, n int, err error) {
	r.out, r.in, r.wary, r.wrote, r.n, r.errno, r.early = out, in, wary, 0, 0, 0, false
	err = r.conn.Read(r.step)
	r.out, r.in = nil, nil
	switch {
	case err != nil:
	case r.early:
		err = ErrUnasked
	case r.errno != 0 && r.wrote < len(out):
		err = os.NewSyscallError("write", r.errno)
	case r.errno != 0:
		err = os.NewSyscallError("read", r.errno)
	case r.wrote == len(out) && r.n == 0:
		err = io.EOF
	}
	return r.wrote, r.n, err
}

// take is called when the poller was told to forget what it knew of the socket, and again whenever
// it learns something new. Where nothing was there before the write, all that comes after it is
// new, so it is waited for and not looked for.
func (r *rawIO) take(fd uintptr) bool {
	if r.wrote < len(r.out) {
		if r.wary {
			r.peek(fd)
			if r.early = !r.quiet; r.early {
				return true
			}
		}
		if r.give(fd); r.wrote < len(r.out) {
			return true
		}
		if r.wary {
			return false
		}
	}
	r.n, r.errno = sysRead(fd, r.in)
	return r.errno != syscall.EAGAIN
}

// readAll has to taken in all that comes, until it stops. It is one long call of the poller's, which therefore
// forgets nothing of what it learns while a request is carried; and so what can only come later is
// waited for, and not looked for.
func (r *rawIO) readAll(to Taker) error {
	return r.conn.Read(func(fd uintptr) bool {
		for {
			room := to.Room()
			n, errno := sysRead(fd, room)
			var err error
			switch {
			case errno == syscall.EAGAIN:
				to.Wait()
				return false
			case errno != 0:
				err = os.NewSyscallError("read", errno)
			case n == 0:
				err = io.EOF
			}
			switch to.Take(n, err) {
			case Stop:
				return true
			case Await:
				if n < len(room) {
					return false
				}
			}
		}
	})
}

// write writes what the system takes of p at once.
func (r *rawIO) write(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	r.out, r.wrote, r.errno = p, 0, 0
	err = r.conn.Control(r.put)
	r.out = nil
	if err == nil && r.errno != 0 {
		err = os.NewSyscallError("write", r.errno)
	}
	return r.wrote, err
}

func (r *rawIO) give(fd uintptr) {
	r.wrote, r.errno = sysWrite(fd, r.out)
	if r.errno == syscall.EAGAIN {
		r.errno = 0
	}
}

// silent reports whether the connection is open and has nothing to read.
func (r *rawIO) silent() bool {
	r.quiet = false
	return r.conn.Control(r.look) == nil && r.quiet
}

// ended reports whether nothing more can come from the peer, who may be gone.
func (r *rawIO) ended() bool {
	return r.able() && (r.conn.Control(r.look) != nil || r.over)
}

func (r *rawIO) peek(fd uintptr) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&r.one[0])), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	r.quiet = errno == syscall.EAGAIN
	r.over = !r.quiet && (errno != 0 || n == 0)
}
