package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/badgerdb"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/fingerprint"
	"go.uber.org/zap"
)

// errMending is the answer of reads while the consent store is being brought back.
var errMending = errors.New("the consent store is being opened again after a failed write")

// mendPause is how long a failed attempt to open the consent store again rests.
const mendPause = time.Second

// database is the database to write to, for the writer.
func (s *Store) database() (*badger.DB, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return nil, s.unwell()
	}
	return s.db, s.room(disk.MinFree)
}

// room fails when the disk of the store has less than want bytes left, or the database no folder.
func (s *Store) room(want int64) error {
	if s.cfg.Memory {
		return nil
	}
	if err := s.folder.Check(); err != nil {
		return err
	}
	free, err := s.free(s.cfg.Dir)
	if err != nil {
		return fmt.Errorf("asking for the free disk space of %s: %w", s.cfg.Dir, err)
	}
	if free < want {
		return fmt.Errorf("the disk of %s is full: %d MB left, %d MB needed to write safely", s.cfg.Dir, free>>20, want>>20)
	}
	return nil
}

// openFolder opens the folder of the consent store.
func (s *Store) openFolder() (*badgerdb.Folder, error) {
	return badgerdb.OpenFolder(s.path(consentDir), s.logger, s.cfg.Logger.Named("badger"))
}

// openBadger opens the database of the consent store.
func (s *Store) openBadger() (*badger.DB, error) {
	if err := s.room(disk.MinFree); err != nil {
		return nil, err
	}
	return s.folder.Open()
}

// unwell is why the last commit failed.
func (s *Store) unwell() error {
	if err := s.sick.Load(); err != nil {
		return *err
	}
	return errMending
}

// broken takes the database out of use after a failed commit.
//
// What a failed commit leaves in Badger is not known: its memory may show what its disk does not
// hold, and after a failure to make a new memory table it has none and ends the process at the
// next write. Closing it writes what is in memory to a table of its own, and a fresh one begins
// from what is on disk. Until then reads that need the disk fail, so that nothing is sent on
// their account.
//
// doubt is whose records the commit would have written: what memory holds of them follows what is
// found on disk.
func (s *Store) broken(cause error, doubt ...fingerprint.Recipient) error {
	err := fmt.Errorf("writing consent to %s: %w", s.place(), cause)
	s.sick.Store(&err)
	s.logger.Error("a commit failed: nothing of it was acknowledged", zap.Error(err))
	if s.cfg.Memory || !s.serving { // there is nothing to begin from, or it is what Open is about
		return errors.Join(err, s.loadSmall(s.db), s.refresh(s.db, doubt))
	}
	s.mu.Lock()
	old := s.db
	s.db = nil
	s.folder.WAL.Forget()
	s.mu.Unlock()
	s.mending.Go(func() { s.mend(old, doubt) })
	return err
}

// mend closes old and opens the database again until that works or the store is closed.
func (s *Store) mend(old *badger.DB, doubt []fingerprint.Recipient) {
	for {
		err := s.reopen(&old, doubt)
		if err == nil {
			return
		}
		s.logger.Error("opening the database again", zap.Error(err))
		select {
		case <-s.stop:
			return
		case <-time.After(mendPause):
		}
	}
}

// reopen closes *old, unless it is nil as it is then, and opens the database again. While the folder of old is not
// there, old stays open, and in the way of another: it may come back.
func (s *Store) reopen(old **badger.DB, doubt []fingerprint.Recipient) error {
	if *old != nil {
		if err := s.folder.Check(); err != nil {
			return err
		}
		if err := s.folder.CloseDB(*old); err != nil {
			s.logger.Warn("closing the database after a failed commit", zap.Error(err))
		}
		*old = nil
	}
	db, err := s.openBadger()
	if err != nil {
		return err
	}
	if err := errors.Join(s.loadSmall(db), s.refresh(db, doubt)); err != nil {
		_ = s.folder.CloseDB(db) // nothing was written
		return err
	}
	s.adopt(db)
	return nil
}

// adopt puts db into use, unless the store was closed meanwhile.
func (s *Store) adopt(db *badger.DB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		_ = s.folder.CloseDB(db) // nothing was written
		return
	}
	s.db = db
	s.logger.Info("the consent store is open again")
}

// Healthy is nil while writes work. After a failed one it asks for a trial write in the
// background, so a later call finds out when writes work again. Once records were found to be lost
// it is an error until the store is opened again, and while tables cannot be merged, too.
func (s *Store) Healthy() error {
	if s.closed.Load() {
		return ErrClosed
	}
	if err := s.room(disk.MinFree); err != nil {
		return err
	}
	if lost := s.lost.Load(); lost != nil {
		return *lost
	}
	if stuck := s.folder.Tables.Stuck(); stuck != nil {
		return fmt.Errorf("tables of the database cannot be merged, and by and by nothing more is kept: %w", stuck)
	}
	sick := s.sick.Load()
	if sick == nil {
		return nil
	}
	if s.gate.TryRLock() {
		defer s.gate.RUnlock()
		if !s.closed.Load() && len(s.queue) == 0 {
			select {
			case s.queue <- &request{probe: true, done: make(chan error, 1)}:
			default:
			}
		}
	}
	return *sick
}
