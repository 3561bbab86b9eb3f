//go:build linux && !portable

package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// Map makes a file so long, and has it stand in memory: what is written there is in the file at once, and
// on disk after the next sync of it. Writing there panics where the system finds no room for it.
//
// The build tag portable leaves it out; what is in a file is the same without it.
func Map(f *os.File, size int) (view []byte, err error) {
	if err := f.Truncate(int64(size)); err != nil {
		return nil, err
	}
	view, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return view, os.NewSyscallError("mmap", err)
}

// Unmap has what Map made stand in memory no more.
func Unmap(view []byte) error { return os.NewSyscallError("munmap", unix.Munmap(view)) }
