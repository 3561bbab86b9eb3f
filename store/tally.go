package store

import (
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/tally"
)

const tallyDir = "tally"

// Tally is what counts against caps, duplicates and budgets.
func (s *Store) Tally() *tally.Book { return s.tally }

func (s *Store) openTally() (err error) {
	cfg := tally.Config{
		Most: s.cfg.Tally, Still: s.cfg.Still, Now: s.cfg.Now, Room: s.room, Closed: ErrClosed, Logger: s.logger,
		Hashes: tally.Hashes{Person: s.keys.ShortPerson, Content: s.keys.Short(fingerprint.Content), Portfolio: s.keys.Short(fingerprint.Portfolio)},
	}
	if !s.cfg.Memory {
		cfg.Dir = s.path(tallyDir)
	}
	s.tally, err = tally.Open(cfg)
	return err
}
