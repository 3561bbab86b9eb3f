package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"
)

const (
	// censusAfter is how long a store is open before its records are counted first, and censusEvery how
	// often they are from then on.
	censusAfter = time.Hour
	censusEvery = 24 * time.Hour

	censusPage  = 1 << 16 // keys, for as long as readers may be held up
	censusShare = 20      // one in so many parts of the time goes into it
)

// keepCensus takes a census by and by, until the store is closed. A store that is opened with a
// snapshot has not read its records, and one that runs for months reads few of them.
func (s *Store) keepCensus() {
	tick := time.NewTimer(censusAfter)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
		if err := s.census(); err != nil && !errors.Is(err, ErrClosed) {
			s.logger.Warn("counting what is in the database", zap.Error(err))
		}
		tick.Reset(censusEvery)
	}
}

// census finds out whether the database has as many records and events as were kept, without
// reading them. Records that are lost make the store unwell until it is opened again.
func (s *Store) census() error {
	records, err := s.missing(func() uint64 { return uint64(s.totals.Load().recipients) }, kindRecord)
	if err != nil {
		return err
	}
	if records > 0 {
		err := fmt.Errorf("%d of the %d records are lost: restore consent/ and %s from a backup", records, s.Recipients(), keyFile)
		s.lost.Store(&err)
		s.logger.Error("the database lost some of what it was given", zap.Error(err))
	}
	events, err := s.missing(s.Seq, kindEvent, kindErased)
	if err == nil && events > 0 {
		var forgotten uint64
		if forgotten, err = s.count(kindGone); forgotten == 0 && err == nil {
			s.logger.Error("the database lost some events: sendgate verify says which", zap.Uint64("events", events))
		}
	}
	return err
}

// missing is by how much the keys of some kinds are fewer than they were when counting them began. What
// is removed meanwhile looks like it, once, so that it is counted again.
func (s *Store) missing(want func() uint64, kinds ...byte) (n uint64, err error) {
	for range 2 {
		before, removals := want(), s.removals.Load()
		var found uint64
		for _, kind := range kinds {
			more, err := s.count(kind)
			if err != nil {
				return 0, err
			}
			found += more
		}
		if before = min(before, want()); found >= before || removals != s.removals.Load() {
			return 0, nil
		}
		n = before - found
	}
	return n, nil
}

// count counts the keys of a kind, a page at a time.
func (s *Store) count(kind byte) (n uint64, err error) {
	next := []byte{kind}
	for next != nil {
		start := time.Now()
		err := s.view(func(txn *badger.Txn) error {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kind}})
			defer it.Close()
			page := 0
			for it.Seek(next); it.Valid() && page < censusPage; it.Next() {
				page++
			}
			n += uint64(page)
			if next = nil; it.Valid() {
				next = bytes.Clone(it.Item().Key())
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		if next == nil {
			break
		}
		select {
		case <-s.stop:
			return 0, ErrClosed
		case <-time.After(time.Since(start) * (censusShare - 1)):
		}
	}
	return n, nil
}
