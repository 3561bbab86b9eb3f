package store

import (
	"os"

	"github.com/dgraph-io/badger/v4"
)

// commitSynced commits txn. When it returns nil, what txn wrote is on disk.
func (s *Store) commitSynced(txn *badger.Txn) error {
	file, err := s.put(txn)
	if err == nil {
		err = s.sync(file)
	}
	s.wal.settle()
	return err
}

// put commits txn, and returns the file that has to be synced then.
func (s *Store) put(txn *badger.Txn) (file *os.File, err error) {
	defer txn.Discard()
	if err = s.commit(txn); err == nil && !s.cfg.Memory {
		file, err = s.wal.written()
	}
	return file, err
}
