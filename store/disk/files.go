// Package disk is how files are made so that a crash leaves each whole or not at all, and how much room there is for
// them.
package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// MinFree is how much free disk space an append asks for. Badger writes through a memory map of
// a sparse file: a disk without room for a page kills the process there, so the store stops
// earlier. It is room for the write-ahead log, one table and a compaction.
const MinFree = 128 << 20

// Write makes a file whole or not at all: under a temporary name first, synced before it gets
// its own.
func Write(dir, name, temp string, data []byte) error {
	f, err := Put(dir, name, temp, data)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), SyncDir(dir))
}

// Put is Write but for the sync of the folder. It returns the file open, to be written to.
func Put(dir, name, temp string, data []byte) (*os.File, error) {
	f, err := os.CreateTemp(dir, temp+"*") // made with mode 0600
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil { // the first error is the one that explains
		_ = f.Close()
		_ = os.Remove(f.Name())
		return nil, err
	}
	return f, nil
}

// Replace makes the file at path whole or not at all, by way of one beside it whose name is always the same: one process
// writes it at a time.
func Replace(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Glob lists the files in dir whose names match a pattern, in the order of their names. It is filepath.Glob for a dir
// whose own name may be a pattern too, and tells when it cannot be read.
func Glob(dir, pattern string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, entry := range entries {
		if ok, err := filepath.Match(pattern, entry.Name()); err != nil {
			return nil, err
		} else if ok {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	return paths, nil
}
