package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// Read is what is known about a recipient: the record of the brand joined with the record that
// holds for every brand. It sees every Append that was acknowledged before it began.
//
// Where need is [filter.NeedOptOut] and the recipient never opted out, it usually returns the
// zero Record without reading anything: opt-ins are not looked up then.
func (s *Store) Read(to filter.Recipient, need filter.Need) (r filter.Record, err error) {
	err = s.ReadInto(&r, to, need)
	return r, err
}

// ReadInto is Read into r, in the memory that r.Consents has: with a record that is used again and
// again it allocates nothing. After an error r is empty.
func (s *Store) ReadInto(r *filter.Record, to filter.Recipient, need filter.Need) error {
	*r = filter.Record{Consents: r.Consents[:0], Tally: r.Tally[:0]}
	if s.closed.Load() {
		return ErrClosed
	}
	p := s.keys.Person(to.Address)
	if need == filter.NeedOptOut && !s.optouts.Maybe(&p) {
		return nil
	}
	at := s.places.Load().of(&to)
	if at == (fingerprint.Bearing{}) {
		return nil
	}
	if ix := s.index.Load(); ix != nil {
		all := spareRecords.Get().(*filter.Record)
		*all = filter.Record{Consents: all.Consents[:0]}
		elsewhere := ix.Read(&p, at, r, all)
		if !elsewhere {
			r.Join(all)
		}
		spareRecords.Put(all)
		if !elsewhere {
			return nil
		}
	}
	return s.readRecords(r, &p, at)
}

// spareRecords are for the record that holds for every brand, while the brand's own is read.
var spareRecords = sync.Pool{New: func() any { return new(filter.Record) }}

// readRecords reads and joins two records from the database. It is the one place where a send may
// wait for it: a transaction that only reads still waits for commits that are under way.
func (s *Store) readRecords(r *filter.Record, p *fingerprint.Person, at fingerprint.Bearing) error {
	*r = filter.Record{}
	if lost := s.lost.Load(); lost != nil { // whoever is not found may be among them
		return *lost
	}
	err := s.view(func(txn *badger.Txn) error {
		if _, err := readRecord(txn, p.At(at.Own), r); err != nil || at.Own == at.All {
			return err
		}
		var all filter.Record
		_, err := readRecord(txn, p.At(at.All), &all)
		r.Join(&all)
		return err
	})
	if err != nil {
		*r = filter.Record{}
		return fmt.Errorf("reading a recipient's record: %w", err)
	}
	return nil
}

// readRecord reads a record into r, which it leaves alone where there is none.
func readRecord(txn *badger.Txn, fp fingerprint.Recipient, r *filter.Record) (known bool, err error) {
	item, err := txn.Get(recordKey(fp))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	placed := false
	err = item.Value(func(value []byte) (err error) { placed, err = decodeRecord(value, fp, r); return err })
	if err == nil && placed {
		err = readPlace(txn, fp, r)
	}
	return true, err
}

// readPlace adds to a record where the recipient is, as their events say.
func readPlace(txn *badger.Txn, fp fingerprint.Recipient, r *filter.Record) error {
	var all filter.Record
	err := eachEvent(txn, fp, func(_ *eventID, k *keptEvent) error {
		all = all.After(filter.Event{Kind: k.Kind, Time: k.Time, Proof: filter.Evidence{Place: k.Proof.Place}, Basis: k.Basis})
		return nil
	})
	if err == nil && all.Place == "" {
		err = wire.ErrDamaged
	}
	if err != nil {
		*r = filter.Record{Consents: r.Consents[:0]}
		return err
	}
	r.Place, r.Placed = all.Place, all.Placed
	return nil
}

// view runs f on the database as it is now.
func (s *Store) view(f func(*badger.Txn) error) error {
	return s.hold(func(db *badger.DB) error { return db.View(f) })
}

// hold runs f while the database stays open, for reading. Badger panics when a write has just failed it and it
// was not taken out of use yet; a read is then an error, not the end of the gate.
func (s *Store) hold(f func(*badger.DB) error) (err error) {
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
	return f(s.db)
}

// History is every event of exactly this recipient, of the brand as given, oldest first. Where the
// recipient was erased, what came before has lost its ID, address, source, note and proof.
func (s *Store) History(to filter.Recipient) ([]filter.Event, error) {
	events, unread, err := s.ReadableHistory(to)
	if err == nil && unread > 0 {
		err = fmt.Errorf("reading a recipient's history: %w", wire.ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	return events, nil
}

// ReadableHistory is History without the events that do not read, and how many those are.
func (s *Store) ReadableHistory(to filter.Recipient) (events []filter.Event, unread int, err error) {
	fp, ok := s.recipient(to)
	if !ok && !s.closed.Load() {
		return nil, 0, nil
	}
	err = s.view(func(txn *badger.Txn) error {
		w := walkEvents(txn, fp[:])
		defer w.close()
		for {
			k := &w.event
			switch {
			case !w.next() && w.err == nil:
				return nil
			case errors.Is(w.err, wire.ErrDamaged):
				unread, w.err = unread+1, nil
			case w.err != nil:
				return w.err
			case k.To.Brand != to.Brand || k.To.Channel != to.Channel || k.To.Address != "" && k.To.Address != to.Address:
				unread++ // somebody else's
			default:
				events = append(events, k.Event)
			}
		}
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading a recipient's history: %w", err)
	}
	slices.SortFunc(events, func(a, b filter.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), a.Recorded.Compare(b.Recorded), cmp.Compare(a.ID, b.ID))
	})
	return events, unread, nil
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
