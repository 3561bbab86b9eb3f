package store

import (
	"context"
	"encoding/binary"
	"iter"
)

// Watch walks the entries that q chooses as they are logged, from the call of Watch on, in the
// order of logging, until ctx ends, the store is closed or the loop is left. q.Limit counts, as
// do all its bounds. A walk that is slower than the log reads on from disk.
func (s *Store) Watch(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	l := s.log
	next := l.next()
	return func(yield func(Entry, error) bool) {
		sign := make(chan struct{}, 1)
		l.mu.Lock()
		l.watchers[sign] = struct{}{}
		l.mu.Unlock()
		defer func() {
			l.mu.Lock()
			delete(l.watchers, sign)
			l.mu.Unlock()
		}()
		for n := 0; ; {
			closed := s.closed.Load() // before the last look
			for e, err := range l.since(&next) {
				if err != nil {
					yield(Entry{}, err)
					return
				}
				if !q.matches(&e) {
					continue
				}
				n++
				if ctx.Err() != nil || !yield(e, nil) || n == q.Limit {
					return
				}
			}
			if closed {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-l.stop:
			case <-sign:
			}
		}
	}
}

// next is the number of the entry that is logged next.
func (l *decisionLog) next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open.first + uint64(l.open.n)
}

// since walks the entries from number *next on and moves *next behind each.
func (l *decisionLog) since(next *uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		blocks, chunks := l.snapshot()
		for _, b := range blocks {
			if b.first+uint64(b.n) <= *next {
				continue
			}
			row, err := l.read(b)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !entriesFrom(row, b.first, next, yield) {
				return
			}
			*next = b.first + uint64(b.n) // also past a block that cannot be read
		}
		for i := range chunks {
			row, first := chunks[i].from(*next)
			if !entriesFrom(string(row), first, next, yield) {
				return
			}
		}
	}
}

// from is what c has from the entry number next on, and the number that begins with.
func (c *chunk) from(next uint64) (row []byte, first uint64) {
	row, first = c.buf, c.first
	for ; first < next && len(row) > 0; first++ {
		row = row[4+binary.LittleEndian.Uint32(row):]
	}
	return row, first
}

// entriesFrom walks a row of entries, the first of which has the number first, from *next on.
func entriesFrom(row string, first uint64, next *uint64, yield func(Entry, error) bool) bool {
	at := first
	for frame, rest, ok := nextFrame(row); ok; frame, rest, ok = nextFrame(rest) {
		if at++; at <= *next {
			continue
		}
		*next = at
		e, err := decodeEntry(frame)
		if err == nil && !yield(e, nil) {
			return false
		}
	}
	return true
}
