package store

import (
	"errors"
	"os"

	"github.com/dgraph-io/badger/v4"
)

// commitSynced commits txn. When it returns nil, what txn wrote is on disk.
func (s *Store) commitSynced(txn *badger.Txn) error {
	file, err := s.put(txn)
	if err == nil {
		err = s.sync(file)
	}
	s.folder.WAL.Settle()
	return err
}

// put commits txn, and returns the file that has to be synced then.
func (s *Store) put(txn *badger.Txn) (file *os.File, err error) {
	defer txn.Discard()
	if err = s.commit(txn); err == nil && !s.cfg.Memory {
		file, err = s.folder.WAL.Written()
	}
	return file, err
}

// commitBatch commits a transaction, syncs it and makes it known.
func (s *Store) commitBatch(b *txnBatch) error {
	b.announce()
	if err := s.commitSynced(b.txn); err != nil {
		if errors.Is(err, badger.ErrTxnTooBig) {
			return err
		}
		return s.broken(err, b.touched()...)
	}
	b.publish()
	return nil
}
