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

	// worthFlying is from how many events on a batch is synced while the next is made ready. Smaller
	// ones take their turns: a commit costs about as much as a sync, whatever is in it.
	worthFlying = 32

	metaProbe = "probe"
)

// A writer is the one goroutine that commits. While a large batch is being synced it gathers the
// next, makes it ready and commits it: neither is acknowledged before its own sync, and none after one
// that failed.
type writer struct {
	s      *Store
	flying *flight // nil: nothing is being synced
	batch  []*request
	events int // in batch
}

// write runs the writer. It ends when the queue is closed and empty.
func (s *Store) write() {
	defer close(s.done)
	w := writer{s: s}
	for more := true; more; {
		var job *request
		job, more = w.gather()
		if len(w.batch) > 0 {
			w.keep()
		}
		if job != nil {
			w.land()
			job.done <- s.work(job.job)
		}
	}
	w.land()
}

// gather fills the batch. It ends where the queue is empty or closed, or with a job, which is to be
// done after the batch. While something is being synced, though, there is time: then it waits for
// as much as that was.
func (w *writer) gather() (job *request, more bool) {
	w.batch, w.events = nil, 0
	for w.events < maxBatch {
		var r *request
		if r, more = w.next(); r == nil {
			return nil, more
		}
		if r.job != nil {
			return r, true
		}
		w.batch = append(w.batch, r)
		w.events += len(r.items)
	}
	return nil, true
}

// next is the next request, nil where there is none to wait for; more is false once there will never
// be one.
func (w *writer) next() (r *request, more bool) {
	select {
	case r, more = <-w.s.queue:
		return r, more
	default:
	}
	for w.flying != nil && w.events < max(w.flying.events, worthFlying) {
		select {
		case r, more = <-w.s.queue:
			return r, more
		case <-w.flying.done:
			w.land()
		}
	}
	if len(w.batch) > 0 {
		return nil, true
	}
	r, more = <-w.s.queue
	return r, more
}

// work calls a job with the database.
func (s *Store) work(job func(*badger.DB) error) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	return job(db)
}

// keep commits the batch, and sees it off to be synced.
func (w *writer) keep() {
	s := w.s
	if ix := s.index.Load(); ix != nil && s.optouts.Crowded() {
		w.land()
		s.optouts.Compact(ix)
	}
	items := make([]*item, 0, w.events)
	probe := false
	for _, r := range w.batch {
		probe = probe || r.probe
		for i := range r.items {
			items = append(items, &r.items[i])
		}
	}
	f := &flight{requests: w.batch, events: len(items), done: make(chan struct{})}
	var err error
	if f.b, err = s.compose(items, probe, w.ahead()); err == nil && f.b.writes > 0 {
		f.b.announce()
		f.file, err = s.put(f.b.txn)
	}
	switch {
	case errors.Is(err, badger.ErrTxnTooBig):
		w.land()
		f.answer(s.keepItems(items, probe))
	case err != nil && f.b == nil: // nothing was written
		w.land()
		f.refuse(err)
	default:
		before := w.flown()
		if before == nil && err == nil {
			w.see(f)
		} else {
			w.fail(err, before, f)
		}
	}
}

// see sees a flight off.
func (w *writer) see(f *flight) {
	w.flying = f
	if f.events >= worthFlying {
		go f.fly(w.s)
		return
	}
	f.fly(w.s)
	w.land()
}

// ahead is what is committed and not yet known to be on disk.
func (w *writer) ahead() *txnBatch {
	if w.flying == nil {
		return nil
	}
	return w.flying.b
}

// keepItems commits and syncs items in one transaction, or in halves where they are too big for one,
// while nothing is being synced. The error of each event is left in its item; the error of the
// commit is returned too.
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
	b, err := s.compose(items, probe, nil)
	if err != nil || b.writes == 0 {
		return err
	}
	return s.commitBatch(b)
}

// compose makes a transaction of items, behind one that is not yet known to be on disk.
func (s *Store) compose(items []*item, probe bool, ahead *txnBatch) (b *txnBatch, err error) {
	db, err := s.database()
	if err != nil {
		return nil, err
	}
	b = s.begin(db, ahead)
	defer func() {
		b.ahead, b.before = nil, nil
		if err != nil || b.writes == 0 { // else the commit does it
			b.txn.Discard()
		}
		if err != nil {
			b = nil
		}
	}()
	for _, it := range items {
		if it.err, err = b.add(it); err != nil {
			return b, err
		}
	}
	return b, b.finish(probe)
}
