package store

import (
	"encoding/binary"

	"github.com/sendgate/sendgate/store/tally"
)

const tallyDir = "tally"

// Tally is what counts against caps, duplicates and budgets.
func (s *Store) Tally() *tally.Book { return s.tally }

func (s *Store) openTally() (err error) {
	cfg := tally.Config{
		Most: s.cfg.Tally, Still: s.cfg.Still, Now: s.cfg.Now, Room: s.room, Closed: ErrClosed, Logger: s.logger,
		Hashes: tally.Hashes{Person: s.keys.shortPerson, Content: s.keys.short(ofContent), Portfolio: s.keys.short(ofPortfolio)},
	}
	if !s.cfg.Memory {
		cfg.Dir = s.path(tallyDir)
	}
	s.tally, err = tally.Open(cfg)
	return err
}

// shortPerson is the beginning of the hash of an address.
func (k *keys) shortPerson(address string) uint64 {
	p := k.person(address)
	return binary.BigEndian.Uint64(p[:8])
}

// short makes the beginnings of the hashes of one use.
func (k *keys) short(use int) func(string) uint64 {
	return func(s string) uint64 {
		sum := k.of(use, s)
		return binary.BigEndian.Uint64(sum[:8])
	}
}
