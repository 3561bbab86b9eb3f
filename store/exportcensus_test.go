package store

import (
	"bytes"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
)

// Census is what is done once a day.
func Census(s *Store) error { return s.census() }

// LoseEnd takes what a key begins with out of the database: what the totals are, the head of the
// chain, or its last piece.
func LoseEnd(s *Store, what string) error {
	prefix := map[string][]byte{"totals": metaKey(metaTotals), "head": metaKey(metaHead), "piece": pieceKey(s.Seq())}[what]
	return s.db.Update(func(txn *badger.Txn) error { return txn.Delete(prefix) })
}

// LoseEvents takes the events of a recipient out of the database, and nothing else.
func LoseEvents(s *Store, to filter.Recipient) error {
	fp := s.fingerprintOf(to)
	return s.db.Update(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: eventsKey(kindEvent, fp)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if err := txn.Delete(bytes.Clone(it.Item().Key())); err != nil {
				return err
			}
		}
		return nil
	})
}
