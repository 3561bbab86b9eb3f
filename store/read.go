package store

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
)

// Read is what is known about a recipient: the record of the brand joined with the record that
// holds for every brand. It sees every Append that was acknowledged before it began.
//
// Where need is [filter.NeedOptOut] and the recipient never opted out, it usually returns the
// zero Record without reading anything: opt-ins are not looked up then.
func (s *Store) Read(to filter.Recipient, need filter.Need) (filter.Record, error) {
	if s.closed.Load() {
		return filter.Record{}, ErrClosed
	}
	own := s.keys.recipient(to)
	all := own
	if to.Brand != "" {
		all = s.keys.recipient(to.Everywhere())
	}
	if need == filter.NeedOptOut && !s.optouts.maybe(&own) && (to.Brand == "" || !s.optouts.maybe(&all)) {
		s.metrics.negative.Add(1)
		return filter.Record{}, nil
	}
	s.metrics.positive.Add(1)
	return s.readRecords(to, own, all)
}

// readRecords reads and joins the two records of to. It is the one place where a send waits for
// the database: a transaction that only reads still waits for commits that are under way.
func (s *Store) readRecords(to filter.Recipient, own, all fingerprint) (r filter.Record, err error) {
	err = s.view(func(txn *badger.Txn) error {
		if r, err = readRecord(txn, own, to); err != nil || own == all {
			return err
		}
		everywhere, err := readRecord(txn, all, to.Everywhere())
		r = r.With(everywhere)
		return err
	})
	if err != nil {
		return filter.Record{}, fmt.Errorf("reading a recipient's record: %w", err)
	}
	return r, nil
}

// readRecord is the zero Record for a stranger.
func readRecord(txn *badger.Txn, fp fingerprint, to filter.Recipient) (filter.Record, error) {
	item, err := txn.Get(recordKey(fp))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return filter.Record{}, nil
	}
	if err != nil {
		return filter.Record{}, err
	}
	var known Known
	err = item.Value(func(value []byte) error {
		known, err = decodeRecord(value)
		return err
	})
	if err == nil && known.To != to {
		err = errDamaged // somebody else's
	}
	return known.Record, err
}

// view runs f on the database as it is now. Badger panics when a write has just failed it and it
// was not taken out of use yet; a read is then an error, not the end of the gate.
func (s *Store) view(f func(*badger.Txn) error) (err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.closed.Load():
		return ErrClosed
	case s.db == nil:
		return errMending
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errMending, p)
		}
	}()
	return s.db.View(f)
}

// History is every event of exactly this recipient, of the brand as given, oldest first.
func (s *Store) History(to filter.Recipient) ([]filter.Event, error) {
	var events []filter.Event
	err := s.view(func(txn *badger.Txn) error {
		prefix := eventsKey(s.keys.recipient(to))
		opt := badger.DefaultIteratorOptions
		opt.Prefix = prefix
		it := txn.NewIterator(opt)
		defer it.Close()
		for it.Seek(prefix); it.Valid(); it.Next() {
			err := it.Item().Value(func(value []byte) error {
				e, err := decodeEvent(value)
				if err == nil && e.To != to {
					err = errDamaged
				}
				events = append(events, e)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading a recipient's history: %w", err)
	}
	slices.SortFunc(events, func(a, b filter.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), a.Recorded.Compare(b.Recorded), cmp.Compare(a.ID, b.ID))
	})
	return events, nil
}

// RecordAt is what Read would have answered at a past moment: the fold of what was recorded
// until then, for the brand and for every brand.
func (s *Store) RecordAt(to filter.Recipient, at time.Time) (filter.Record, error) {
	events, err := s.History(to)
	if err == nil && to.Brand != "" {
		var more []filter.Event
		more, err = s.History(to.Everywhere())
		events = append(events, more...)
	}
	if err != nil {
		return filter.Record{}, err
	}
	var r filter.Record
	for _, e := range events {
		if !e.Recorded.After(at) {
			r = r.After(e)
		}
	}
	return r, nil
}

// Known is one recipient and what is known about them.
type Known struct {
	To     filter.Recipient `json:"to"`
	Record filter.Record    `json:"record"`
}

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
		for it.Seek(from); it.Valid(); it.Next() {
			if len(page) == recordsPage {
				next = it.Item().KeyCopy(nil)
				return nil
			}
			err := it.Item().Value(func(value []byte) error {
				k, err := decodeRecord(value)
				page = append(page, k)
				return err
			})
			if err != nil {
				page = page[:len(page)-1]
				return err
			}
		}
		return nil
	})
	return page, next, err
}
