package decisions

import (
	"cmp"
	"context"
	"iter"
	"slices"
)

// Watch walks the entries that q chooses as they are logged, from the call of Watch on, in the
// order of logging, until ctx ends, the log is closed or the loop is left. q.Limit counts, as
// do all its bounds. A walk that is slower than the log reads on from disk.
func (l *Log) Watch(ctx context.Context, q Query) iter.Seq2[Entry, error] {
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
			closed := l.closed() // before the last look
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

// closed reports whether nothing is logged any more.
func (l *Log) closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shut
}

// next is the number of the entry that is logged next.
func (l *Log) next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open.first + uint64(l.open.n)
}

// since walks the entries from number *next on and moves *next behind each.
func (l *Log) since(next *uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		blocks, rows := l.snapshot()
		done, _ := slices.BinarySearchFunc(blocks, *next, func(b *block, next uint64) int {
			return cmp.Compare(b.first+uint64(b.n), next+1) // how many end before it
		})
		for _, b := range blocks[done:] {
			entries, err := l.read(b, 0, nil)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for i := range entries {
				if at := b.first + uint64(i); at >= *next {
					*next = at + 1
					if !yield(entries[i], nil) {
						return
					}
				}
			}
			*next = max(*next, b.first+uint64(b.n)) // also past a block that cannot be read
		}
		for _, r := range rows {
			if !r.from(next, yield) {
				return
			}
		}
	}
}

// from walks the entries of r from number *next on, moves *next behind each, and reports whether to
// go on.
func (r row) from(next *uint64, yield func(Entry, error) bool) bool {
	at := r.first
	for frame, rest, ok := nextFrame(r.entries); ok; frame, rest, ok = nextFrame(rest) {
		if at++; at <= *next {
			continue
		}
		*next = at
		var e Entry
		if e.decode(frame) == nil && !yield(e, nil) {
			return false
		}
	}
	return true
}
