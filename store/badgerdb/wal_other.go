//go:build !linux

package badgerdb

import "os"

// badgerSyncs: Badger makes every commit durable by itself.
const badgerSyncs = true

// A WAL has nothing to do here.
type WAL struct{ dir string }

func (*WAL) Written() (*os.File, error) { return nil, nil }
func (*WAL) Settle()                    {}
func (*WAL) Forget()                    {}

// Sync makes a file durable; what Badger commits is in none that it knows.
func Sync(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Sync()
}
