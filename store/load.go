package store

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/index"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// loadRanges is into how many parts the records are cut that are read side by side.
const loadRanges = 16

// load makes the Bloom filter and the index from the records of the database.
func (s *Store) load(db *badger.DB) error {
	start := time.Now()
	t := s.totals.Load()
	s.optouts = index.NewOptouts(t.optouts)
	var ix *index.Index
	if t.recipients <= s.cfg.Index {
		ix = index.New(t.recipients)
	}
	parts := make(chan int, loadRanges)
	for i := range loadRanges {
		parts <- i
	}
	close(parts)
	var workers sync.WaitGroup
	errs := make([]error, loadRanges)
	var found atomic.Int64
	for range min(runtime.GOMAXPROCS(0), loadRanges) {
		workers.Go(func() {
			l := loader{s: s, index: ix, fresh: true}
			if ix != nil {
				l.writer = ix.Writer()
			}
			for part := range parts {
				errs[part] = l.load(db, byte(part*256/loadRanges), byte((part+1)*256/loadRanges-1))
			}
			found.Add(l.count)
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("reading the records: %w", err)
		}
	}
	// Whoever's record is lost would look like somebody who never opted out.
	if n := found.Load(); n < t.recipients {
		return fmt.Errorf("%d of the %d records are lost: restore consent/ and %s from a backup", t.recipients-n, t.recipients, keyFile)
	}
	s.adoptIndex(ix)
	debug.FreeOSMemory() // reading left behind more than is kept
	s.logger.Info("the records were read", zap.Int64("recipients", t.recipients), zap.Duration("took", time.Since(start)))
	return nil
}

// A loader reads a part of the records at a time.
type loader struct {
	s      *Store
	index  *index.Index // nil: only who opted out matters
	fresh  bool         // it has none of those who are read
	writer index.Writer
	record filter.Record
	count  int64 // of records read
}

// load reads the records of the persons whose first byte lies in [first, last].
func (l *loader) load(db *badger.DB, first, last byte) error {
	return db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindRecord}})
		defer it.Close()
		for it.Seek([]byte{kindRecord, first}); it.Valid(); it.Next() {
			key := it.Item().Key()
			if len(key) != 1+len(fingerprint.Recipient{}) {
				return fmt.Errorf("a key of %d bytes: %w", len(key), wire.ErrDamaged)
			}
			if key[1] > last {
				break
			}
			fp := fingerprint.Recipient(key[1:])
			l.count++
			if err := it.Item().Value(func(value []byte) error { l.take(txn, &fp, value); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

// take takes in the value of a record. One that does not read is left in the database, where
// every read finds out that it does not.
func (l *loader) take(txn *badger.Txn, fp *fingerprint.Recipient, value []byte) {
	r := &l.record
	placed, err := decodeRecord(value, *fp, r)
	if err == nil && placed {
		err = readPlace(txn, *fp, r)
	}
	if err != nil {
		l.s.logger.Warn("a record does not read: nothing is sent to the recipient until it is restored", zap.Error(err))
		r = nil
	}
	if r == nil || r.EverOptedOut() {
		p := fp.Person()
		l.s.optouts.Add(&p)
	}
	switch {
	case l.index == nil:
	case l.fresh:
		l.writer.Add(fp, r)
	default:
		l.writer.Set(fp, r)
	}
}

// refresh makes the index and the Bloom filter say what the database says of some recipients, while
// nobody writes.
func (s *Store) refresh(db *badger.DB, fps []fingerprint.Recipient) error {
	l := loader{s: s, index: s.index.Load()}
	if l.index != nil {
		l.writer = l.index.Writer()
	}
	return db.View(func(txn *badger.Txn) error {
		for i := range fps {
			item, err := txn.Get(recordKey(fps[i]))
			switch {
			case err == nil:
				err = item.Value(func(value []byte) error { l.take(txn, &fps[i], value); return nil })
			case errors.Is(err, badger.ErrKeyNotFound):
				err = nil
				if l.index != nil {
					l.index.Remove(&fps[i])
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// adoptIndex puts an index into use, or says that there is none.
func (s *Store) adoptIndex(ix *index.Index) {
	if ix == nil {
		s.logger.Warn("there are more recipients than the setting store.index allows to hold in memory: "+
			"who ever opted out is read from disk, and so is everybody where consent is needed",
			zap.Int64("recipients", s.totals.Load().recipients), zap.Int64("index", s.cfg.Index))
	}
	s.index.Store(ix)
}
