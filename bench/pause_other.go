//go:build !linux

package bench

import "time"

// pause sleeps for d, and perhaps a little longer.
func pause(d time.Duration) { time.Sleep(d) }
