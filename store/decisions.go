package store

import (
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/fingerprint"
)

// Decisions is the decision log.
func (s *Store) Decisions() *decisions.Log { return s.decisions }

// openDecisions opens the decision log.
func (s *Store) openDecisions() (err error) {
	cfg := decisions.Config{
		Retention: s.cfg.Retention, Still: s.cfg.Still, Now: s.now, Room: s.room, Logger: s.logger.Named("decisions"),
		Hash: func(address string) [16]byte { return s.keys.Of(fingerprint.Address, address) },
	}
	if !s.cfg.Memory {
		cfg.Dir = s.path(decisionsDir)
	}
	s.decisions, err = decisions.Open(cfg)
	return err
}
