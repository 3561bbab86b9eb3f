package store

import (
	"bytes"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
)

// Known is one recipient and what is known about them. To has no Address where the recipient was
// erased and nothing was learnt about them since: nobody can tell who it was.
type Known struct {
	To     filter.Recipient `json:"to"`
	Record filter.Record    `json:"record"`
}

// Recipients is how many records there are, as [Store.Records] walks them. It is read from memory.
func (s *Store) Recipients() int { return int(s.totals.Load().recipients) }

// recordsPage is how many records are read at once.
const recordsPage = 1000

// Records walks every record, brands' own and those for every brand, in no particular order and
// in constant memory. Each record is as it stood when the walk came by; appends go on meanwhile.
// The walk ends with the first error.
func (s *Store) Records() iter.Seq2[Known, error] {
	return func(yield func(Known, error) bool) {
		page := make([]Known, 0, recordsPage)
		for from := []byte{kindRecord}; from != nil; {
			var err error
			page, from, err = s.recordsFrom(from, page[:0])
			for _, k := range page {
				if !yield(k, nil) {
					return
				}
			}
			if err != nil {
				yield(Known{}, fmt.Errorf("reading the records: %w", err))
				return
			}
		}
	}
}

// recordsFrom reads one page that begins at the key from; next is where to go on, nil at the end.
func (s *Store) recordsFrom(from []byte, page []Known) (_ []Known, next []byte, err error) {
	err = s.view(func(txn *badger.Txn) error {
		opt := badger.DefaultIteratorOptions
		opt.Prefix = []byte{kindRecord}
		it := txn.NewIterator(opt)
		defer it.Close()
		events := walkEvents(txn, nil)
		defer events.close()
		it.Seek(from)
		for ; it.Valid(); it.Next() {
			if len(page) == recordsPage {
				next = it.Item().KeyCopy(nil)
				return nil
			}
			k, err := readKnown(txn, it.Item(), events)
			if err != nil {
				return err
			}
			page = append(page, k)
		}
		return nil
	})
	return page, next, err
}

// readKnown reads a record, and whose it is from the first of its events.
func readKnown(txn *badger.Txn, item *badger.Item, events *eventWalk) (k Known, err error) {
	key := item.Key()
	if len(key) != 1+len(fingerprint{}) {
		return Known{}, fmt.Errorf("a key of %d bytes among the records: %w", len(key), errDamaged)
	}
	fp := fingerprint(key[1:])
	placed := false
	err = item.Value(func(value []byte) (err error) { placed, err = decodeRecord(value, fp, &k.Record); return err })
	if err == nil && placed {
		err = readPlace(txn, fp, &k.Record)
	}
	if err != nil {
		return Known{}, err
	}
	events.seek(fp[:])
	found := false
	for k.To.Address == "" && bytes.HasPrefix(events.nearest(), fp[:]) && events.next() {
		found, k.To = true, events.event.To
	}
	if !found && events.err == nil {
		return Known{}, fmt.Errorf("a record without events: %w", errDamaged)
	}
	return k, events.err
}
