package store

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// mostLooked is how many records one call of [Store.Silenced] looks at.
const mostLooked = 200_000

// Silenced is a page of the recipients who ever said no, lifted since or not: brands' own records and those
// for every brand, in an order that does not change. about chooses among them by brand and channel, and take
// by what is known of them; neither may ask the store. after is next of the page before, empty for the first one. A page has at most most
// recipients, and fewer, or none, where many others had to be looked at: the last one is that whose next is empty.
// unread is how many records were passed over that do not read: of them nobody knows whether they belong to it.
func (s *Store) Silenced(after string, most int, about func(brand string, channel filter.Channel) bool, take func(*filter.Record) bool) (page []Known, next string, unread int, err error) {
	from := []byte{kindRecord}
	if after != "" {
		fp, err := hex.DecodeString(after)
		if err != nil || len(fp) != len(fingerprint.Recipient{}) {
			return nil, "", 0, &EventError{Field: "after", Problem: fmt.Sprintf("%q is not from a page before", after)}
		}
		from = append(append(from, fp...), 0)
	}
	wanted := map[fingerprint.Place]bool{}
	for p, b := range s.places.Load().numbers {
		wanted[b.Own] = about(p.brand, p.channel)
	}
	err = s.view(func(txn *badger.Txn) error {
		opt := badger.DefaultIteratorOptions
		opt.Prefix = []byte{kindRecord}
		it := txn.NewIterator(opt)
		defer it.Close()
		events := walkEvents(txn, nil)
		defer events.close()
		looked, rec := 0, new(filter.Record)
		for it.Seek(from); it.Valid(); it.Next() {
			k, err := silenced(txn, it.Item(), rec, wanted, take, events)
			switch {
			case errors.Is(err, wire.ErrDamaged):
				unread++
			case err != nil:
				return err
			case k != nil:
				page = append(page, *k)
			}
			if looked++; looked == mostLooked || len(page) == most {
				next = hex.EncodeToString(it.Item().Key()[1:])
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", 0, fmt.Errorf("reading who said no: %w", err)
	}
	return page, next, unread, nil
}

// silenced reads a record where it is of a place that is wanted, says no to something, and is taken; else it is
// nil. Whose it is is read then alone. rec is room to read it into.
func silenced(txn *badger.Txn, item *badger.Item, rec *filter.Record, wanted map[fingerprint.Place]bool, take func(*filter.Record) bool, events *eventWalk) (*Known, error) {
	key := item.Key()
	if len(key) != 1+len(fingerprint.Recipient{}) {
		return nil, fmt.Errorf("a key of %d bytes among the records: %w", len(key), wire.ErrDamaged)
	}
	fp := fingerprint.Recipient(key[1:])
	if !wanted[fp.Place()] {
		return nil, nil
	}
	err := item.Value(func(value []byte) (err error) { _, err = decodeRecord(value, fp, rec); return err })
	if err != nil || !rec.EverOptedOut() || !take(rec) {
		return nil, err
	}
	known, err := readKnown(txn, item, events)
	return &known, err
}
