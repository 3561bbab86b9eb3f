package store

import (
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
)

const (
	metaFormat = "format"
	format     = 2 // of the database; 1 had no chain

	// migrateBytes is from how many bytes on a transaction of the migration takes no more.
	migrateBytes = 512 << 10
)

// migrate gives a store that was written before there was a chain its chain, in the order of keys,
// and writes its records anew. What was done before a crash is not done again.
func (s *Store) migrate() error {
	value, err := getMeta(s.db, metaFormat)
	switch {
	case err != nil:
		return err
	case len(value) == 1 && value[0] == format:
		return nil
	case value != nil:
		return fmt.Errorf("consent/ has format %v, which a newer version of this program wrote: use that", value)
	}
	m := &migration{s: s}
	if err := s.db.View(m.walk); err != nil {
		return fmt.Errorf("chaining the events of an older version: %w", err)
	}
	s.recipients.Store(m.recipients)
	return s.db.Update(func(txn *badger.Txn) error {
		if err := txn.Set(metaKey(metaRecipients), appendCount(m.recipients)); err != nil {
			return err
		}
		return txn.Set(metaKey(metaFormat), []byte{format})
	})
}

// A migration is one walk over the events as they were when it began.
type migration struct {
	s      *Store
	batch  *txnBatch
	size   int // of what is in batch
	fp     fingerprint
	record filter.Record // of fp, so far

	recipients int64 // how many there were
}

func (m *migration) walk(old *badger.Txn) (err error) {
	if m.batch, err = m.s.begin(m.s.db); err != nil {
		return err
	}
	defer func() { m.batch.txn.Discard() }()
	opt := badger.DefaultIteratorOptions
	opt.Prefix = []byte{kindEvent}
	it := old.NewIterator(opt)
	defer it.Close()
	n := 0
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().Key()[1:]
		if len(key) != len(eventID{}) {
			return fmt.Errorf("a key of %d bytes among the events: %w", len(key), errDamaged)
		}
		id := eventID(key)
		if n > 0 && id.recipient() != m.fp {
			if err := m.keepRecord(); err != nil {
				return err
			}
		}
		m.fp = id.recipient()
		if err := it.Item().Value(func(value []byte) error { return m.event(&id, value) }); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return nil
	}
	m.s.logger.Info("events of an older version were chained")
	if err := m.keepRecord(); err != nil {
		return err
	}
	return m.flush()
}

// event chains one event, unless that was done before.
func (m *migration) event(id *eventID, value []byte) error {
	if k, err := decodeEvent(value, id); err == nil {
		m.record = m.record.After(k.Event)
		return nil
	}
	e, err := decodeEventV1(value)
	if err != nil {
		return err
	}
	m.record = m.record.After(e)
	if m.size += 2*len(value) + 256; m.size > migrateBytes {
		if err := m.flush(); err != nil {
			return err
		}
	}
	return m.batch.keep(&item{event: e, id: *id})
}

// keepRecord writes the record of the recipient whose last event was read.
func (m *migration) keepRecord() error {
	value := appendRecord(nil, m.fp, &m.record)
	if m.size += 2*len(value) + 64; m.size > migrateBytes {
		if err := m.flush(); err != nil {
			return err
		}
	}
	m.record = filter.Record{}
	m.recipients++
	return m.batch.set(recordKey(m.fp), value)
}

// flush commits what is in the batch and begins the next.
func (m *migration) flush() (err error) {
	if err := m.batch.finish(false); err != nil {
		return err
	}
	if err := m.s.commit(m.batch.txn); err != nil {
		return err
	}
	head := m.batch.head
	m.s.head.Store(&head)
	m.size = 0
	m.batch, err = m.s.begin(m.s.db)
	return err
}

// decodeEventV1 reads an event as format 1 kept it.
func decodeEventV1(value []byte) (e filter.Event, err error) {
	d := newDecoder(value, 1)
	e.ID, e.Time, e.Recorded = d.string(), d.time(), d.time()
	e.To = filter.Recipient{Brand: d.string(), Channel: filter.Channel(d.string()), Address: d.string()}
	e.Kind, e.Basis = filter.Kind(d.byte()), filter.Basis(d.byte())
	e.Scope = d.scope()
	e.Source, e.Note = d.string(), d.string()
	if d.byte() == 1 {
		fields := evidenceFields(&e.Proof)
		for _, field := range fields[:12] {
			*field.value = d.string()
		}
		e.Proof.CapturedAt = d.time()
	}
	return e, d.end()
}
