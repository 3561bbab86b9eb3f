package store

import (
	"encoding/hex"
	"os"

	"github.com/sendgate/sendgate/store/audit"
)

const auditDir = "audit"

// Audit is what says who did what.
func (s *Store) Audit() *audit.Trail { return s.audit }

// openAudit opens the audit.
func (s *Store) openAudit() (err error) {
	cfg := audit.Config{
		Keep: s.cfg.KeepAudit, Still: s.cfg.Still, Now: s.now, Person: s.personText, Logger: s.logger,
		Sync: func(f *os.File) error { return s.trail(f) }, Closed: ErrClosed,
	}
	if !s.cfg.Memory {
		cfg.Dir = s.path(auditDir)
	}
	s.audit, err = audit.Open(cfg)
	return err
}

// personText is how the audit names who has an address.
func (s *Store) personText(address string) string {
	p := s.keys.Person(address)
	return hex.EncodeToString(p[:])
}
