package store

import (
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
)

// bind opts out whoever else a recipient is who is erased, of everything, since when they are.
func (e *eraser) bind(db *badger.DB, to filter.Recipient) error {
	if !e.s.linked.Load() {
		return nil
	}
	b := e.s.begin(db, nil)
	all, err := b.linkedTo(to)
	no := filter.Event{To: to, Kind: filter.OptedOut, Scope: filter.All, Time: e.time}
	for _, other := range all {
		if err == nil && !slices.Contains(e.journal.Recipients, other) {
			err = b.copy(&no, other)
		}
	}
	if err == nil {
		err = b.finish(false)
	}
	if err != nil || b.writes == 0 {
		b.txn.Discard()
		return err
	}
	return e.s.commitBatch(b)
}

// linkedAt lists the recipients at an address who are somebody else, too: nothing else need be known of them.
func (s *Store) linkedAt(txn *badger.Txn, address string) (all []filter.Recipient) {
	p, places := s.keys.Person(address), s.places.Load()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: append([]byte{kindLink}, p[:]...)})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		from, _, _, err := readLink(it.Item())
		at, ok := places.at(from)
		one := filter.Recipient{Brand: at.brand, Channel: at.channel, Address: address}
		if err == nil && ok && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// linkKeys lists the keys of the links of whoever is at a prefix of fingerprints, and of those back.
func linkKeys(txn *badger.Txn, prefix []byte) (back [][]byte) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: append([]byte{kindLink}, prefix...)})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if key := it.Item().Key(); len(key) == 1+2*len(fingerprint.Recipient{}) {
			back = append(back, linkKey(fingerprint.Recipient(key[1+len(fingerprint.Recipient{}):]), fingerprint.Recipient(key[1:])))
		}
	}
	return back
}

// dropLinks removes the links of the recipients who are erased: those of others to them first, since their own say
// which those are.
func (e *eraser) dropLinks(db *badger.DB) error {
	if !e.s.linked.Load() {
		return nil
	}
	var own, back [][]byte
	prefix := func(p []byte) { own = append(own, append([]byte{kindLink}, p...)) }
	if to := e.journal.To; to.Brand == "" {
		p := e.s.keys.Person(to.Address)
		prefix(p[:])
	} else if fp, ok := e.s.recipient(to); ok {
		prefix(fp[:])
	}
	err := db.View(func(txn *badger.Txn) error {
		for _, key := range own {
			back = append(back, linkKeys(txn, key[1:])...)
		}
		return nil
	})
	if err != nil || len(back) == 0 {
		return err
	}
	if err := e.s.drop(db, back); err != nil {
		return err
	}
	return e.s.drop(db, own)
}
