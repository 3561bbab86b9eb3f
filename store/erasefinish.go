package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"
)

// finishEvery is how often an erasure that failed is tried again.
const finishEvery = time.Hour

// finishedLate is what the audit says of an erasure that failed, or was cut short.
const finishedLate = "what was begun and not finished is finished"

// unfinished is what the log says of one that failed again.
const unfinished = "an erasure is not finished: what is left of the person is tried again hourly, and with the next erasure"

// finish finishes the erasure that was begun and not finished, if there is one. run is that of follow.
func (s *Store) finish(run func(func(*badger.DB) error) error) error {
	j, err := s.readJournal()
	if err != nil || j == nil {
		return err
	}
	s.logger.Info("finishing an erasure", zap.String("id", j.ID))
	if _, err = s.follow(j, run); err != nil {
		return err
	}
	s.auditErasure(j, finishedLate)
	return nil
}

// resume finishes at Open what a crash interrupted. Where that fails outside of the database, as for want of room to
// write the decision log anew, the store opens all the same, as it would have gone on.
func (s *Store) resume() error {
	err := s.finish(func(f func(*badger.DB) error) error { return f(s.db) })
	if err != nil && s.sick.Load() != nil { // what the database holds is not known
		return fmt.Errorf("finishing an erasure: %w", err)
	}
	if err != nil {
		s.logger.Error(unfinished, zap.Error(err))
	}
	return nil
}

// finishLate finishes an erasure that failed, unless another one, or a backup, is in the way.
func (s *Store) finishLate() {
	if s.cfg.Still {
		return
	}
	select {
	case s.erasing <- struct{}{}:
		defer func() { <-s.erasing }()
	default:
		return
	}
	if err := s.finish(s.inWriter); err != nil && !errors.Is(err, ErrClosed) {
		s.logger.Error(unfinished, zap.Error(err))
	}
}
