//go:build !linux

package store

import "os"

// badgerSyncs: Badger makes every commit durable by itself.
const badgerSyncs = true

// A wal has nothing to do here.
type wal struct{ dir string }

func (*wal) written() (*os.File, error) { return nil, nil }
func (*wal) settle()                    {}
func (*wal) forget()                    {}

// syncData makes a file durable; what Badger commits is in none that it knows.
func syncData(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Sync()
}
