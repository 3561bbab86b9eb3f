package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// runUpstream is the upstream's process.
func runUpstream(in *os.File, out io.Writer) error {
	var job upstreamJob
	line, err := bufio.NewReader(in).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading a job: %w", err)
	}
	if err := json.Unmarshal(line, &job); err != nil {
		return fmt.Errorf("reading a job: %w", err)
	}
	if job.Certificate != "" {
		return serveTLS(job, in, out)
	}
	return servePlain(in, out)
}

// A caller is one connection to the upstream.
type caller struct {
	n   int
	buf [8192]byte
}

// servePlain answers every request at once, in one loop over all connections.
func servePlain(in *os.File, out io.Writer) error {
	listener, address, err := listenRaw()
	if err != nil {
		return err
	}
	p, err := newPoll()
	if err != nil {
		return err
	}
	for fd := range map[int]bool{listener: true, int(in.Fd()): true} {
		if err := p.add(fd, int32(fd)); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(out, address); err != nil {
		return err
	}
	callers := make(map[int32]*caller)
	for {
		ready, err := p.wait(-1)
		if err != nil {
			return err
		}
		for i := range ready {
			switch fd := ready[i].Fd; {
			case fd == int32(in.Fd()):
				return nil
			case fd == int32(listener):
				if err := acceptAll(p, listener, callers); err != nil {
					return err
				}
			case !callers[fd].serve(int(fd)):
				delete(callers, fd)
				_ = unix.Close(int(fd))
			}
		}
	}
}

// serve answers the requests that are here whole; false: the connection is over.
func (c *caller) serve(fd int) bool {
	n, err := unix.Read(fd, c.buf[c.n:])
	if err == unix.EAGAIN || err == unix.EINTR {
		return true
	}
	if n <= 0 {
		return false
	}
	c.n += n
	for c.n > 0 {
		f, err := readFrame(c.buf[:c.n])
		if err != nil || f.size == 0 && c.n == len(c.buf) {
			return false
		}
		if f.size == 0 {
			return true
		}
		if n, err := unix.Write(fd, createdAnswer); err != nil || n < len(createdAnswer) {
			return false
		}
		c.n = copy(c.buf[:], c.buf[f.size:c.n])
	}
	return true
}

// acceptAll takes every connection that waits.
func acceptAll(p *poll, listener int, callers map[int32]*caller) error {
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
		case unix.EAGAIN:
			return nil
		case unix.EINTR, unix.ECONNABORTED:
			continue
		default:
			return fmt.Errorf("accepting: %w", err)
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return fmt.Errorf("accepting: %w", err)
		}
		callers[int32(fd)] = new(caller)
		if err := p.add(fd, int32(fd)); err != nil {
			return err
		}
	}
}

// listenRaw listens on a free port of the loopback.
func listenRaw() (fd int, address netip.AddrPort, err error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, address, err
	}
	defer l.Close()
	if address, err = netip.ParseAddrPort(l.Addr().String()); err != nil {
		return 0, address, err
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return 0, address, fmt.Errorf("listening at %s: %w", address, err)
	}
	defer file.Close()
	if fd, err = unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0); err != nil {
		return 0, address, fmt.Errorf("listening at %s: %w", address, err)
	}
	return fd, address, unix.SetNonblock(fd, true)
}
