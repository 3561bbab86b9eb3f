package store

import (
	"os"
)

const errandsDir = "errands"

// Errands is the journal of what the gate still has to do.
func (s *Store) Errands() *errands { return s.errands }

// openErrands opens the journal of errands.
func (s *Store) openErrands() (err error) {
	dir := ""
	if !s.cfg.Memory {
		dir = s.path(errandsDir)
	}
	s.errands, err = openErrandJournal(s.cfg.Errands, ErrandHost{
		Dir: dir, Now: s.now, Room: s.room, Logger: s.logger, Closed: ErrClosed,
		Hash: func(id string) [16]byte { return s.keys.of(ofErrand, id) },
		Sync: func(f *os.File) error { return s.sync(f) },
	})
	return err
}
