package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/storetest"
	"golang.org/x/sys/unix"
)

// syncFloor is how long it takes to write 150 bytes into a file that has its size already, and to
// make them durable: the least that any append can take on this disk.
func syncFloor(b testing.TB) []time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	storetest.Must(b, err)
	defer f.Close()
	const size, writes = 150, 1000
	_, err = f.Write(make([]byte, size*writes))
	storetest.Must(b, err)
	storetest.Must(b, f.Sync())
	took := make([]time.Duration, writes)
	line := make([]byte, size)
	for i := range took {
		line[0] = byte(i)
		start := time.Now()
		_, err := f.WriteAt(line, int64(i*size))
		storetest.Must(b, err)
		storetest.Must(b, unix.Fdatasync(int(f.Fd())))
		took[i] = time.Since(start)
	}
	return took
}

// cpuTime is what this process has used of the processors.
func cpuTime(b testing.TB) time.Duration {
	b.Helper()
	var u unix.Rusage
	storetest.Must(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
