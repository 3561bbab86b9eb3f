package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// pause sleeps for d in the kernel, which wakes within some ten microseconds. A signal may end it
// early; the caller looks at the clock again.
func pause(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil) // interrupted or done, time has passed
}
