package store

import (
	"encoding/hex"
	"os"
)

const auditDir = "audit"

// Audit is what says who did what.
func (s *Store) Audit() *audit { return s.audit }

// openAudit opens the audit.
func (s *Store) openAudit() (err error) {
	cfg := auditConfig{
		Keep: s.cfg.KeepAudit, Still: s.cfg.Still, Now: s.now, Person: s.personText, Logger: s.logger,
		Sync: func(f *os.File) error { return s.trail(f) },
		Closed: func() error {
			if s.closed.Load() {
				return ErrClosed
			}
			return nil
		},
	}
	if !s.cfg.Memory {
		cfg.Dir = s.path(auditDir)
	}
	s.audit, err = openTrail(cfg)
	return err
}

// personText is how the audit names who has an address.
func (s *Store) personText(address string) string {
	p := s.keys.person(address)
	return hex.EncodeToString(p[:])
}
