package badgerdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/sendgate/sendgate/store/disk"
	"golang.org/x/sys/unix"
)

// badgerSyncs says whether Badger makes every commit durable by itself. It syncs two files at each
// commit, its write-ahead log and a value log in which nothing ever is. Here we sync the first
// alone, which halves what a commit takes.
const badgerSyncs = false

// A WAL finds the file of the write-ahead log that a commit of Badger is in: the newest, because
// Badger begins another only before it writes, one a commit at most. Badger writes through a memory
// map, and fdatasync does for the whole file what its own msync does for the map.
type WAL struct {
	dir    string
	number int      // of the file
	file   *os.File // nil: not known yet
	before *os.File // the one before, which may still be being synced; nil: there is none
}

// Written is the file that the last commit is in. It is called after every commit, before the next.
func (w *WAL) Written() (*os.File, error) {
	if w.file == nil {
		if err := w.find(); err != nil {
			return nil, err
		}
	}
	if _, err := os.Lstat(w.path(w.number + 1)); err == nil {
		if err := w.use(w.number + 1); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return w.file, nil
}

// Sync makes durable what was committed into a file.
func Sync(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err == nil || !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

func (w *WAL) path(number int) string { return filepath.Join(w.dir, fmt.Sprintf("%05d.mem", number)) }

// find looks for the newest file.
func (w *WAL) find() error {
	names, err := disk.Glob(w.dir, "*.mem")
	if err != nil {
		return err
	}
	newest := -1
	for _, name := range names {
		if n, err := strconv.Atoi(filepath.Base(name[:len(name)-len(".mem")])); err == nil {
			newest = max(newest, n)
		}
	}
	if newest < 0 {
		return fmt.Errorf("the database has no write-ahead log in %s", w.dir)
	}
	return w.use(newest)
}

// use turns to a file, and makes its name durable too.
func (w *WAL) use(number int) error {
	f, err := os.Open(w.path(number))
	if err != nil {
		return err
	}
	w.Settle()
	w.number, w.file, w.before = number, f, w.file
	return disk.SyncDir(w.dir)
}

// Settle lets go of the file before, once all that was committed into it is on disk.
func (w *WAL) Settle() {
	if w.before != nil {
		_ = w.before.Close() // it was only read
		w.before = nil
	}
}

// Forget is called when Badger began a file otherwise than by a commit, and none is being synced.
func (w *WAL) Forget() {
	w.Settle()
	if w.file != nil {
		_ = w.file.Close() // it was only read
		w.file = nil
	}
}
