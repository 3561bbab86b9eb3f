package badgerdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"
)

// A Folder is where a database is, under a name that stays its own as long as it is open: where it
// is removed meanwhile, or another comes to lie in its place, nothing is made or removed there, which
// may be of another process by then.
type Folder struct {
	Tables Tables // of the database
	WAL    WAL    // likewise

	path, name string
	file       *os.File // nil: the database is in memory
	logger     *zap.Logger
	badger     *zap.Logger
}

// Memory is where a database in memory is. Badger's own log goes to badger.
func Memory(badger *zap.Logger) *Folder { return &Folder{badger: badger} }

// OpenFolder opens a folder, or makes one. The logger is told of changes of the tables that were taken back, and
// Badger's own log goes to badger.
func OpenFolder(path string, logger, badger *zap.Logger) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := &Folder{path: path, name: fmt.Sprintf("/proc/self/fd/%d", file.Fd()), file: file, logger: logger, badger: badger}
	if f.same(f.name) != nil { // a system without
		f.name = path
	}
	f.WAL.dir = f.name
	return f, nil
}

// same fails where what has that name is not the folder.
func (f *Folder) same(name string) error {
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

// Check fails where the folder was removed, or another is in its place.
func (f *Folder) Check() error {
	if f.file == nil {
		return nil
	}
	return f.same(f.path)
}

// Close lets go of the folder, whose database is not open any more.
func (f *Folder) Close() {
	if f.file != nil {
		_ = f.file.Close() // it was only read
	}
}

// Drop removes all keys under prefixes from memory and from every table, with all their versions. Nothing may be
// committed meanwhile, or be on its way to disk.
func (f *Folder) Drop(db *badger.DB, prefixes [][]byte) error {
	dropping(f.name, prefixes)
	err := db.DropPrefix(prefixes...)
	dropping(f.name, nil)
	f.WAL.Forget() // it began another
	return err
}
