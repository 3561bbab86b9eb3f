package store

import (
	"os"

	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/fingerprint"
)

const errandsDir = "errands"

// Errands is the journal of what the gate still has to do.
func (s *Store) Errands() *errands.Journal { return s.errands }

// openErrands opens the journal of errands.
func (s *Store) openErrands() (err error) {
	dir := ""
	if !s.cfg.Memory {
		dir = s.path(errandsDir)
	}
	s.errands, err = errands.Open(s.cfg.Errands, errands.Host{
		Dir: dir, Now: s.now, Room: s.room, Logger: s.logger, Closed: ErrClosed,
		Hash: func(id string) [16]byte { return s.keys.Of(fingerprint.Errand, id) },
		Sync: func(f *os.File) error { return s.sync(f) },
	})
	return err
}
