package store

import (
	"errors"

	"github.com/dgraph-io/badger/v4"
)

const (
	// maxBatch is how many events share one transaction and one sync at most.
	maxBatch = 1024
	// maxScopes is from how many scopes on a record takes no further topic or sender, so that it
	// fits into a transaction. All and the categories always find room.
	maxScopes = 256

	metaProbe = "probe"
)

// write is the writer: the one goroutine that commits. It ends when the queue is closed and
// empty.
func (s *Store) write() {
	defer close(s.done)
	var batch []*request
	for r := range s.queue {
		batch = batch[:0]
		n := 0
		for more := true; more && r.job == nil; {
			batch = append(batch, r)
			if n += len(r.items); n >= maxBatch {
				break
			}
			select {
			case r, more = <-s.queue:
			default:
				more = false
			}
		}
		if len(batch) > 0 {
			s.keep(batch, n)
			clear(batch)
		}
		if r != nil && r.job != nil {
			r.done <- s.work(r.job)
		}
	}
}

// work calls a job with the database.
func (s *Store) work(job func(*badger.DB) error) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	return job(db)
}

// keep commits the n events of batch and answers each request.
func (s *Store) keep(batch []*request, n int) {
	items := make([]*item, 0, n)
	probe := false
	for _, r := range batch {
		probe = probe || r.probe
		for i := range r.items {
			items = append(items, &r.items[i])
		}
	}
	failed := s.keepItems(items, probe)
	for _, r := range batch {
		err := failed
		for i := range r.items {
			if err = r.items[i].err; err != nil {
				break
			}
		}
		r.done <- err
	}
}

// keepItems commits items in one transaction, or in halves where they are too big for one. The
// error of each event is left in its item; the error of the commit is returned too.
func (s *Store) keepItems(items []*item, probe bool) error {
	err := s.keepTogether(items, probe)
	if errors.Is(err, badger.ErrTxnTooBig) && len(items) > 1 {
		half := len(items) / 2
		return errors.Join(s.keepItems(items[:half], probe), s.keepItems(items[half:], false))
	}
	if err != nil {
		for _, it := range items {
			it.err = err
		}
	}
	return err
}

// keepTogether is one transaction. It fails as a whole; what is wrong with a single event stays
// with its item, and the others are kept without it.
func (s *Store) keepTogether(items []*item, probe bool) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	b := s.begin(db)
	defer b.txn.Discard()
	for _, it := range items {
		if it.err, err = b.add(it); err != nil {
			return err
		}
	}
	if err := b.finish(probe); err != nil {
		return err
	}
	if b.writes == 0 {
		return nil
	}
	b.announce()
	if err := s.commit(b.txn); err != nil {
		if errors.Is(err, badger.ErrTxnTooBig) {
			return err
		}
		return s.broken(err, b.touched()...)
	}
	b.publish()
	s.sick.Store(nil)
	s.metrics.commits.Add(1)
	s.metrics.appends.Add(b.events)
	return nil
}
