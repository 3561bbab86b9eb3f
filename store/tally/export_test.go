package tally

import (
	"os"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/disk"
)

// Break makes every write of the tally fail from now on, and returns how to mend that.
func Break(b *Book) (mend func()) {
	j := &b.journal
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

// WritePlainly makes the tally write its newest file by system calls from now on.
func WritePlainly(b *Book) {
	j := &b.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	seg := j.files[len(j.files)-1]
	if err := disk.Unmap(seg.view); seg.view != nil && err != nil {
		panic(err)
	}
	seg.view, seg.plain = nil, true
}

// FileSize is how large a file of the tally gets.
const FileSize = fileSize

// BreakTurns makes whoever reads what the recipient of m got panic, and returns how to mend that.
func BreakTurns(b *Book, m *filter.Message) (mend func()) {
	t := b.turn(m, b.cfg.Now())
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
func InTurn(b *Book, m *filter.Message) bool {
	t := b.turn(m, b.cfg.Now())
	if t.shard.mu.TryLock() {
		t.shard.mu.Unlock()
		return false
	}
	return true
}
