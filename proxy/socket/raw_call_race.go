//go:build linux && !portable && race

package socket

import "syscall"

// sysRead and sysWrite go by package syscall, which tells the race detector of them.
func sysRead(fd uintptr, p []byte) (int, syscall.Errno) { return called(syscall.Read, fd, p) }

func sysWrite(fd uintptr, p []byte) (int, syscall.Errno) { return called(syscall.Write, fd, p) }

func called(f func(int, []byte) (int, error), fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, err := f(int(fd), p)
		errno, _ := err.(syscall.Errno)
		if errno != syscall.EINTR {
			return max(n, 0), errno
		}
	}
}
