package store

import (
	"sync"

	"github.com/dgraph-io/badger/v4"
)

// A convoy has changes of one kind written: those that come while the writer is busy share its next
// transaction and sync.
type convoy[C carried] struct {
	mu      sync.Mutex
	waiting []C
}

// A carried is one change, of which a transaction may hold many.
type carried interface {
	size() int64      // what it takes on disk, about, in bytes
	answer(err error) // takes one answer, nil: it is on disk, without waiting
}

// write has the writer keep changes with commit, in transactions of half of what Badger takes in one at
// most. Each of them is answered: by commit, which returns the error of its transaction, or because the
// database is out of use.
func (c *convoy[C]) write(s *Store, commit func(*badger.DB, []C) error, changes ...C) {
	c.mu.Lock()
	first := len(c.waiting) == 0
	c.waiting = append(c.waiting, changes...)
	c.mu.Unlock()
	if !first || len(changes) == 0 {
		return
	}
	taken := false
	err := s.inWriter(func(db *badger.DB) error {
		taken = true
		c.commit(s, db, c.take(), commit)
		return nil
	})
	if !taken {
		for _, one := range c.take() {
			one.answer(err)
		}
	}
}

func (c *convoy[C]) take() []C {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.waiting
	c.waiting = nil
	return taken
}

func (c *convoy[C]) commit(s *Store, db *badger.DB, batch []C, commit func(*badger.DB, []C) error) {
	for len(batch) > 0 {
		n, size := 0, int64(0)
		for n < len(batch) && int64(n) < db.MaxBatchCount()/2 {
			size += batch[n].size()
			if n > 0 && size > db.MaxBatchSize()/2 {
				break
			}
			n++
		}
		err := commit(db, batch[:n])
		batch = batch[n:]
		if err == nil {
			continue
		}
		if db, err = s.database(); err != nil { // it is out of use
			for _, one := range batch {
				one.answer(err)
			}
			return
		}
	}
}
