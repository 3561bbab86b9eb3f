package store

import (
	"os"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/disk"
)

// BreakTally makes every write of the tally fail from now on, and returns how to mend that.
func BreakTally(s *Store) (mend func()) {
	j := &s.tally.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	seg := j.files[len(j.files)-1]
	whole := *seg
	broken, err := os.Open(seg.path) // for reading alone
	if err != nil {
		panic(err)
	}
	seg.file, seg.view, seg.plain = broken, nil, true
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		seg.file, seg.view, seg.plain = whole.file, whole.view, whole.plain
		_ = broken.Close()
	}
}

// PlainTally makes the tally write its newest file by system calls from now on.
func PlainTally(s *Store) {
	j := &s.tally.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	seg := j.files[len(j.files)-1]
	if err := disk.Unmap(seg.view); seg.view != nil && err != nil {
		panic(err)
	}
	seg.view, seg.plain = nil, true
}

// TallyFileSize is how large a file of the tally gets.
const TallyFileSize = tallyFile

// Steady opens a store that is told how much time has passed, whatever its clock shows.
func Steady(cfg Config, passed func() time.Duration) (*Store, error) {
	s := newStore(cfg)
	if err := s.open(); err != nil {
		return nil, err
	}
	s.tally.clock.passed = passed
	s.tally.clock.believe(s.tally.now())
	s.start()
	return s, nil
}

// BreakTurns makes whoever reads what the recipient of m got panic, and returns how to mend that.
func BreakTurns(s *Store, m *filter.Message) (mend func()) {
	t := s.tally.turn(m, s.now())
	t.shard.mu.Lock()
	defer t.shard.mu.Unlock()
	whole := t.shard.heads
	t.shard.heads = make([]uint32, len(whole))
	for i := range t.shard.heads {
		t.shard.heads[i] = 1 << 30 // there is no such row
	}
	return func() {
		t.shard.mu.Lock()
		defer t.shard.mu.Unlock()
		t.shard.heads = whole
	}
}

// InTurn reports whether somebody has their turn at the recipient of m.
func InTurn(s *Store, m *filter.Message) bool {
	t := s.tally.turn(m, s.now())
	if t.shard.mu.TryLock() {
		t.shard.mu.Unlock()
		return false
	}
	return true
}
