package store

import (
	"fmt"

	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/switches"
)

// Switches are what pauses sending. They can be set and lifted also while the database is not well.
func (s *Store) Switches() *switches.Board { return s.switches }

func (s *Store) openSwitches() (err error) {
	cfg := switches.Config{Now: s.now, Closed: ErrClosed, Logger: s.logger}
	if !s.cfg.Memory {
		cfg.Dir = s.cfg.Dir
	}
	s.switches, err = switches.Open(cfg)
	return err
}

// unpaused refuses an erasure that would have to take the name out of a pause in force, and so lift it.
func (s *Store) unpaused(address string) error {
	if id := s.switches.PausedBy(spelling.Of(address)); id != "" {
		return &EventError{0, "to.address", fmt.Sprintf("the pause %s, which is in force, is for a campaign or a sender that is named by it, "+
			"and an erasure would lift that: resume it first", id)}
	}
	return nil
}
