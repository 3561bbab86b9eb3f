package store

import (
	"slices"
	"strings"
)

// newestWith is newest with one more block, which usually is the newest. The caller holds flushing.
func (l *decisionLog) newestWith(b *block) []*block {
	at, _ := slices.BinarySearchFunc(l.newest, b, byMaxID)
	if at == len(l.newest) {
		return append(l.newest, b)
	}
	return slices.Insert(slices.Clone(l.newest), at, b)
}

func byMaxID(a, b *block) int { return strings.Compare(a.maxID, b.maxID) }

// setBlocks puts other blocks in the place of all. The caller holds flushing, and not mu: entries are
// logged while it sorts.
func (l *decisionLog) setBlocks(blocks []*block) {
	newest := slices.Clone(blocks)
	slices.SortStableFunc(newest, byMaxID)
	l.filters = 0
	for _, b := range blocks {
		l.filters += b.recipients.size()
	}
	l.mu.Lock()
	l.blocks, l.newest = blocks, newest
	l.mu.Unlock()
	l.trim()
}

// trim lets go of the Bloom filters of the oldest blocks when all are too large, and of some more, so
// that it is not needed for each block. The caller holds flushing.
func (l *decisionLog) trim() {
	if l.filters <= l.maxFilters {
		return
	}
	for _, b := range l.blocks {
		if l.filters <= l.maxFilters*7/8 {
			return
		}
		l.filters -= b.recipients.size()
		b.recipients.filter.Store(nil)
	}
}
