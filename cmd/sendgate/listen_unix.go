//go:build unix

package main

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// errFree ends the making of a listener whose address can be had.
var errFree = errors.New("the address is free")

// tryAddress says why addr cannot be listened at. It never listens: whoever looks whether somebody does would take the gate
// for ready.
func tryAddress(network, addr string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, address string, c syscall.RawConn) error {
		var bound error
		if err := c.Control(func(fd uintptr) { bound = bind(int(fd), address) }); err != nil {
			return err
		}
		for _, taken := range []error{unix.EADDRINUSE, unix.EADDRNOTAVAIL, unix.EACCES} {
			if errors.Is(bound, taken) {
				return os.NewSyscallError("bind", bound)
			}
		}
		return errFree
	}}
	if _, err := config.Listen(context.Background(), network, addr); !errors.Is(err, errFree) {
		return nil, err
	}
	return nil, nil
}

// bind binds a socket to an address as [net.Listen] has it: without a host, or with that of all of IPv4, to all.
func bind(fd int, address string) error {
	of, err := unix.Getsockname(fd) // of its family
	if err != nil {
		return err
	}
	to, err := net.ResolveTCPAddr("tcp", address)
	if err != nil || to.Zone != "" {
		return nil // who listens finds out
	}
	switch of := of.(type) {
	case *unix.SockaddrInet4:
		of.Port = to.Port
		copy(of.Addr[:], to.IP.To4())
	case *unix.SockaddrInet6:
		of.Port = to.Port
		if !to.IP.Equal(net.IPv4zero) {
			copy(of.Addr[:], to.IP.To16())
		}
	}
	return unix.Bind(fd, of)
}
