package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// Known is one recipient and what is known about them. To has no Address where the recipient was
// erased and nothing was learnt about them since: nobody can tell who it was.
type Known struct {
	To     filter.Recipient `json:"to"`
	Record filter.Record    `json:"record"`
}

// Recipients is how many records there are, as [Store.Records] walks them. It is read from memory.
func (s *Store) Recipients() int { return int(s.totals.Load().recipients) }

// An Unread is a record of which [Store.Records] cannot tell what it says, or whom it is about: it was altered, or all
// events of the recipient were, or are missing. [Store.Verify] says what is wrong.
type Unread struct {
	Fingerprint string // of the recipient, as in [Link]
}

func (u *Unread) Error() string {
	return "the record of recipient " + u.Fingerprint + " does not read, or nothing that says whose it is"
}

// A recordRow is one row of [Store.Records].
type recordRow struct {
	known  Known
	unread *Unread // nil: known was read
}

// recordsPage is how many records are read at once.
const recordsPage = 1000

// Records walks every record, brands' own and those for every brand, in no particular order and
// in constant memory. Each record is as it stood when the walk came by; appends go on meanwhile.
//
// An error that is an [*Unread] stands for one record, and the walk goes on behind it, if it may; it ends with the first
// other error.
func (s *Store) Records() iter.Seq2[Known, error] {
	return func(yield func(Known, error) bool) {
		page := make([]recordRow, 0, recordsPage)
		for from := []byte{kindRecord}; from != nil; {
			var err error
			page, from, err = s.recordsFrom(from, page[:0])
			for _, row := range page {
				if row.unread != nil && !yield(Known{}, row.unread) || row.unread == nil && !yield(row.known, nil) {
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
func (s *Store) recordsFrom(from []byte, page []recordRow) (_ []recordRow, next []byte, err error) {
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
			var row recordRow
			row.known, err = readKnown(txn, it.Item(), events)
			if errors.Is(err, wire.ErrDamaged) {
				row.unread, err = &Unread{fmt.Sprintf("%x", it.Item().Key()[1:])}, nil
			}
			if err != nil {
				return err
			}
			page = append(page, row)
		}
		return nil
	})
	return page, next, err
}

// readKnown reads a record, and whose it is from the first of its events that reads.
func readKnown(txn *badger.Txn, item *badger.Item, events *eventWalk) (k Known, err error) {
	key := item.Key()
	if len(key) != 1+len(fingerprint.Recipient{}) {
		return Known{}, fmt.Errorf("a key of %d bytes among the records: %w", len(key), wire.ErrDamaged)
	}
	fp := fingerprint.Recipient(key[1:])
	placed := false
	err = item.Value(func(value []byte) (err error) { placed, err = decodeRecord(value, fp, &k.Record); return err })
	if err == nil && placed {
		err = readPlace(txn, fp, &k.Record)
	}
	if err != nil {
		return Known{}, err
	}
	events.seek(fp[:])
	found, damaged := false, false
	for k.To.Address == "" && bytes.HasPrefix(events.nearest(), fp[:]) {
		if events.next() {
			found, k.To = true, events.event.To
			continue
		}
		if !errors.Is(events.err, wire.ErrDamaged) {
			return Known{}, events.err
		}
		damaged, events.err = true, nil
	}
	if !found || damaged && k.To.Address == "" {
		return Known{}, fmt.Errorf("a record without events that say whose it is: %w", wire.ErrDamaged)
	}
	return k, nil
}
