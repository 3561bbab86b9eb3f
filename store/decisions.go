package store

// Decisions is the decision log.
func (s *Store) Decisions() *decisionLog { return s.decisions }

// openDecisions opens the decision log.
func (s *Store) openDecisions() (err error) {
	cfg := logConfig{
		Retention: s.cfg.Retention, Still: s.cfg.Still, Now: s.now, Room: s.room, Logger: s.logger.Named("decisions"),
		Hash: func(address string) [16]byte { return s.keys.of(ofAddress, address) },
	}
	if !s.cfg.Memory {
		cfg.Dir = s.path(decisionsDir)
	}
	s.decisions, err = openLog(cfg)
	return err
}
