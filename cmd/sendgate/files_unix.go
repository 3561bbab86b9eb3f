//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFiles is how many files this process may have open, 0 where that is not known. The runtime has
// raised it to the hard limit by now.
func openFiles() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(limit.Cur, 1<<30))
}

// hold reports whether f is this process's alone from now on, until it is closed or the process ends, however it does.
func hold(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}
