package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A folder is where the database is, under a name that stays its own as long as it is open: where it
// is removed meanwhile, or another comes to lie in its place, nothing is made or removed there, which
// may be of another process by then.
type folder struct {
	path, name string
	file       *os.File // nil: the database is in memory
}

func openFolder(path string) (f folder, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return folder{}, err
	}
	f = folder{path: path, name: path}
	if f.file, err = os.Open(path); err != nil {
		return folder{}, err
	}
	f.name = fmt.Sprintf("/proc/self/fd/%d", f.file.Fd())
	if f.same(f.name) != nil { // a system without
		f.name = path
	}
	return f, nil
}

// same fails where what has that name is not the folder.
func (f *folder) same(name string) error {
	own, err := f.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(name)
	if err == nil && os.SameFile(own, there) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%s was removed or replaced while it was open: nothing can be kept in it, and what is there now is not this store's", f.path)
}

// check fails where the folder was removed, or another is in its place.
func (f *folder) check() error {
	if f.file == nil {
		return nil
	}
	return f.same(f.path)
}

func (f *folder) close() {
	if f.file != nil {
		_ = f.file.Close() // it was only read
	}
}
