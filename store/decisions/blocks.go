package decisions

import (
	"slices"
	"strings"
)

// newestWith is newest with one more block, which usually is the newest. The caller holds flushing.
func (l *Log) newestWith(b *block) []*block {
	at, _ := slices.BinarySearchFunc(l.newest, b, byMaxID)
	if at == len(l.newest) {
		return append(l.newest, b)
	}
	return slices.Insert(slices.Clone(l.newest), at, b)
}

func byMaxID(a, b *block) int { return strings.Compare(a.maxID, b.maxID) }

// setBlocks puts other blocks in the place of all. The caller holds flushing, and not mu: entries are
// logged while it sorts.
func (l *Log) setBlocks(blocks []*block) {
	newest := slices.Clone(blocks)
	slices.SortStableFunc(newest, byMaxID)
	filters := 0
	for _, b := range blocks {
		filters += b.held.size()
	}
	l.filters.Store(int64(filters))
	l.mu.Lock()
	l.blocks, l.newest = blocks, newest
	l.mu.Unlock()
	l.trim()
}

// trim lets go of what is held of the oldest blocks when it is too much of all, and of some more, so
// that it is not needed for each block. The caller holds flushing.
func (l *Log) trim() {
	if l.filters.Load() <= int64(l.maxFilters) {
		return
	}
	for _, b := range l.blocks {
		if l.filters.Load() <= int64(l.maxFilters)*7/8 {
			return
		}
		l.filters.Add(-int64(b.held.size()))
		b.held.letGo()
	}
}
