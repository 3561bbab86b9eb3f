package store

import (
	"cmp"
	"errors"
	"fmt"
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
	return s.readRecords(own, all)
}

// readRecords reads and joins two records. It is the one place where a send waits for
// the database: a transaction that only reads still waits for commits that are under way.
func (s *Store) readRecords(own, all fingerprint) (r filter.Record, err error) {
	err = s.view(func(txn *badger.Txn) error {
		if r, err = readRecord(txn, own); err != nil || own == all {
			return err
		}
		everywhere, err := readRecord(txn, all)
		r = r.With(everywhere)
		return err
	})
	if err != nil {
		return filter.Record{}, fmt.Errorf("reading a recipient's record: %w", err)
	}
	return r, nil
}

// readRecord is the zero Record for a stranger.
func readRecord(txn *badger.Txn, fp fingerprint) (r filter.Record, err error) {
	item, err := txn.Get(recordKey(fp))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return filter.Record{}, nil
	}
	if err != nil {
		return filter.Record{}, err
	}
	err = item.Value(func(value []byte) error {
		r, err = decodeRecord(value, fp)
		return err
	})
	return r, err
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

// History is every event of exactly this recipient, of the brand as given, oldest first. Where the
// recipient was erased, what came before has lost its ID, address, source, note and proof.
func (s *Store) History(to filter.Recipient) ([]filter.Event, error) {
	var events []filter.Event
	err := s.view(func(txn *badger.Txn) error {
		return eachEvent(txn, s.keys.recipient(to), func(_ *eventID, k *keptEvent) error {
			if k.To.Brand != to.Brand || k.To.Channel != to.Channel || k.To.Address != "" && k.To.Address != to.Address {
				return errDamaged // somebody else's
			}
			events = append(events, k.Event)
			return nil
		})
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
