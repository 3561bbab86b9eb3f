package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// sweepEvery is how often what was kept for long enough is looked for, besides at Open.
const sweepEvery = 24 * time.Hour

// sweepKey sorts erasures by the time they were recorded.
func sweepKey(recorded time.Time, fp fingerprint.Recipient) []byte {
	key := binary.BigEndian.AppendUint64([]byte{kindSweep}, uint64(recorded.Unix()))
	return append(key, fp[:]...)
}

// housekeep sweeps when the store is opened, and daily, and looks hourly for an erasure to finish.
func (s *Store) housekeep() {
	tick, late := time.NewTicker(sweepEvery), time.NewTicker(finishEvery)
	defer tick.Stop()
	defer late.Stop()
	for {
		if err := errors.Join(s.sweep(), s.audit.Sweep()); err != nil && !errors.Is(err, ErrClosed) {
			s.logger.Warn("removing what was kept for long enough", zap.Error(err))
		}
		for due := false; !due; {
			select {
			case <-tick.C:
				due = true
			case <-late.C:
				s.finishLate()
			case <-s.stop:
				return
			}
		}
	}
}

// sweep forgets the erased recipients whose time is over, and removes blobs that no event names.
func (s *Store) sweep() error {
	if s.cfg.Still {
		return nil
	}
	for more := true; more; {
		err := s.inWriter(func(db *badger.DB) (err error) {
			more, err = s.forgetNext(db)
			return err
		})
		if err != nil {
			return err
		}
	}
	loose, err := s.blobs.loose(s.now().Add(-blobGrace))
	for _, name := range loose {
		err = errors.Join(err, s.inWriter(func(db *badger.DB) error { return s.removeLoose(db, name) }))
	}
	return err
}

// removeLoose removes a blob unless an event names it.
func (s *Store) removeLoose(db *badger.DB, name string) error {
	if isSHA256(name) {
		named, err := blobNamed(db, name, func(fingerprint.Recipient) bool { return true })
		if named || err != nil {
			return err
		}
	}
	return s.blobs.remove(name)
}

// forgetNext forgets the recipient whose erasure is the oldest, if that is due.
func (s *Store) forgetNext(db *badger.DB) (more bool, err error) {
	due := s.now().Add(-s.cfg.KeepErased).Unix()
	txn := db.NewTransaction(true)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindSweep}})
	it.Rewind()
	var key []byte
	if it.Valid() {
		key = it.Item().KeyCopy(nil)
	}
	it.Close()
	if key == nil {
		return false, nil
	}
	if len(key) != 1+8+len(fingerprint.Recipient{}) {
		return false, fmt.Errorf("a key of %d bytes among the erasures: %w", len(key), wire.ErrDamaged)
	}
	recorded := int64(binary.BigEndian.Uint64(key[1:]))
	if recorded >= due {
		return false, nil
	}
	f := &forgetting{s: s, txn: txn, fp: fingerprint.Recipient(key[9:])}
	if err := f.forget(recorded); err != nil {
		return false, fmt.Errorf("forgetting an erased recipient: %w", err)
	}
	if !f.cut {
		if err := txn.Delete(key); err != nil {
			return false, err
		}
	}
	if err := s.commitOrBreak(txn, f.fp); err != nil {
		return false, err
	}
	if f.totals != nil {
		s.totals.Store(f.totals)
		if ix := s.index.Load(); ix != nil {
			ix.Remove(&f.fp)
		}
		return true, s.removeSnapshot()
	}
	return true, nil
}

// A forgetting is one transaction of forgetting an erased recipient.
type forgetting struct {
	s      *Store
	txn    *badger.Txn
	fp     fingerprint.Recipient
	cut    bool    // there are more events than one transaction takes
	totals *totals // without the record; nil where there was none any more
}

// forget removes all that is kept of a recipient who was erased at the time recorded, unless
// something was learnt about them since. The chain keeps its links, and a mark says why their
// events are not there.
func (f *forgetting) forget(recorded int64) error {
	var keys, erasures [][]byte
	var last uint64 // number of the erasure
	stay := false
	err := eachEvent(f.txn, f.fp, func(id *eventID, k *keptEvent) error {
		switch {
		case k.Kind == filter.Erased:
			last = max(last, k.seq)
			stay = stay || k.Recorded.Unix() > recorded
			erasures = append(erasures, id.key(kindErased))
			return nil
		case !k.erased:
			stay = true
		}
		if f.cut = len(keys) == erasePage; !f.cut {
			keys = append(keys, id.key(kindErased))
		}
		return nil
	})
	if err != nil || stay || last == 0 {
		f.cut = false
		return err
	}
	if !f.cut {
		keys = append(keys, erasures...) // the last to go
	}
	return f.remove(keys, last)
}

func (f *forgetting) remove(keys [][]byte, last uint64) error {
	gone, err := goneUntil(f.txn, f.fp)
	if err != nil {
		return err
	}
	mark := binary.AppendUvarint([]byte{metaVersion}, max(gone, last))
	if err := f.txn.Set(goneKey(f.fp), wire.AppendSum(mark, 0, f.fp[:]...)); err != nil {
		return err
	}
	var r filter.Record
	known, err := readRecord(f.txn, f.fp, &r)
	if err != nil && !errors.Is(err, wire.ErrDamaged) {
		return err
	}
	if known {
		t := *f.s.totals.Load()
		t.recipients--
		t.unchained++
		if r.EverOptedOut() {
			t.optouts--
		}
		if err := f.txn.Set(metaKey(metaTotals), t.encode()); err != nil {
			return err
		}
		f.totals = &t
	}
	for _, key := range append(keys, recordKey(f.fp)) {
		if err := f.txn.Delete(key); err != nil {
			return err
		}
	}
	return nil
}
