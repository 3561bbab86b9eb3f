package store

import (
	"cmp"
	"os"

	"github.com/sendgate/sendgate/store/fingerprint"
)

// A flight is a batch that is committed and on its way to disk.
type flight struct {
	b        *txnBatch
	requests []*request
	events   int
	file     *os.File // to be synced
	done     chan struct{}
	err      error // of the sync, once done is closed; then the writer answers
}

// fly syncs what was committed, makes it known and answers.
func (f *flight) fly(s *Store) {
	defer close(f.done)
	if f.b.writes > 0 {
		if f.err = s.sync(f.file); f.err != nil {
			return
		}
		f.b.publish()
	}
	f.answer(nil)
}

// answer answers each request with what is wrong with one of its events; failed is for those without
// events.
func (f *flight) answer(failed error) {
	for _, r := range f.requests {
		err := failed
		for i := range r.items {
			if err = r.items[i].err; err != nil {
				break
			}
		}
		r.done <- err
	}
}

// refuse answers each request with err.
func (f *flight) refuse(err error) {
	for _, r := range f.requests {
		r.done <- err
	}
}

// flown waits until nothing is being synced, and returns the flight that failed, if it did: then the
// database has to be taken out of use.
func (w *writer) flown() (failed *flight) {
	f := w.flying
	if f == nil {
		return nil
	}
	<-f.done
	w.flying = nil
	w.s.folder.WAL.Settle()
	if f.err == nil {
		return nil
	}
	return f
}

// land waits until nothing is being synced.
func (w *writer) land() {
	if f := w.flown(); f != nil {
		w.fail(f.err, f)
	}
}

// fail takes the database out of use because the first of the flights failed, or else what cause
// tells, and refuses all of them.
func (w *writer) fail(cause error, flights ...*flight) {
	var doubt []fingerprint.Recipient
	for _, f := range flights {
		if f != nil {
			cause = cmp.Or(f.err, cause)
			doubt = append(doubt, f.b.touched()...)
		}
	}
	err := w.s.broken(cause, doubt...)
	for _, f := range flights {
		if f != nil {
			f.refuse(err)
		}
	}
}
