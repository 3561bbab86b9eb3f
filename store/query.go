package store

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// Entries walks the entries of the decision log that q chooses, newest first: in falling order of
// their ids. It sees everything logged before the walk began. Blocks are read as the walk comes
// to them, and only those whose index says that they may have something; a damaged block is
// logged and skipped. The walk ends with the first error.
func (s *Store) Entries(q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := s.log.walk(&q)
		for n := 0; q.Limit <= 0 || n < q.Limit; n++ {
			e, ok, err := w.next()
			if err != nil {
				yield(Entry{}, fmt.Errorf("reading the decision log: %w", err))
				return
			}
			if !ok || !yield(e, nil) {
				return
			}
		}
	}
}

// Entry is the entry with this id; the boolean says whether there is one.
func (s *Store) Entry(id string) (Entry, bool, error) {
	q := Query{Before: id + "\x00"} // the id itself sorts before
	w := s.log.walk(&q)
	w.blocks = slices.DeleteFunc(w.blocks, func(b *block) bool { return b.maxID < id })
	e, ok, err := w.next()
	if err != nil {
		return Entry{}, false, fmt.Errorf("reading the decision log: %w", err)
	}
	if !ok || e.ID != id {
		return Entry{}, false, nil
	}
	return e, true, nil
}

// A walk merges blocks and chunks. Entries are logged when they are answered, so blocks overlap a
// little in time: an entry comes out once no block that is not read yet can have a newer one.
type walk struct {
	log    *decisionLog
	q      *Query
	blocks []*block // candidates, the one with the newest id first
	newest newest   // entries read and chosen
}

// walk takes a snapshot of the log.
func (l *decisionLog) walk(q *Query) *walk {
	w := &walk{log: l, q: q}
	var address fingerprint
	if q.To.Address != "" {
		address = l.store.keys.of(ofAddress, clip(q.To.Address, maxEntryName))
	}
	blocks, chunks := l.snapshot()
	for _, b := range blocks {
		if b.may(q, &address) {
			w.blocks = append(w.blocks, b)
		}
	}
	slices.SortStableFunc(w.blocks, func(a, b *block) int { return -strings.Compare(a.maxID, b.maxID) })
	for _, c := range chunks {
		w.take(string(c.buf))
	}
	return w
}

// snapshot is everything in the log: each entry is either in a block or in a chunk. What it
// returns is not changed any more.
func (l *decisionLog) snapshot() ([]*block, []chunk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	chunks := make([]chunk, 0, len(l.full)+1)
	for _, c := range l.full {
		chunks = append(chunks, *c)
	}
	return l.blocks, append(chunks, *l.open)
}

// take reads a row of entries and keeps those that are chosen.
func (w *walk) take(row string) {
	for frame, rest, ok := nextFrame(row); ok; frame, rest, ok = nextFrame(rest) {
		e, err := decodeEntry(frame)
		if err != nil {
			w.log.logger.Warn("skipping a damaged entry of the decision log", zap.Error(err))
			continue
		}
		if w.q.matches(&e) {
			heap.Push(&w.newest, e)
		}
	}
}

// next is the newest entry that is left.
func (w *walk) next() (e Entry, ok bool, err error) {
	for len(w.blocks) > 0 && (len(w.newest) == 0 || w.blocks[0].maxID >= w.newest[0].ID) {
		row, err := w.log.read(w.blocks[0])
		if err != nil {
			return Entry{}, false, err
		}
		w.blocks = w.blocks[1:]
		w.take(row)
	}
	if len(w.newest) == 0 {
		return Entry{}, false, nil
	}
	return heap.Pop(&w.newest).(Entry), true, nil
}

// read is entries, less what is no reason to end a walk: nothing where the block is damaged, or
// was removed because its time is over.
func (l *decisionLog) read(b *block) (string, error) {
	row, err := l.entries(b)
	if err != nil {
		if nb := l.replaced(b); nb != nil { // an erasure wrote its file anew
			row, err = l.entries(nb)
		}
	}
	switch {
	case errors.Is(err, errDamaged):
		l.store.metrics.damaged.Add(1)
		l.logger.Warn("skipping a damaged block of the decision log",
			zap.String("file", b.segment.path), zap.Int64("offset", b.offset), zap.Int("entries", b.n))
		return "", nil
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	}
	return row, err
}

// newest is a heap of entries with the newest on top.
type newest []Entry

func (h newest) Len() int           { return len(h) }
func (h newest) Less(i, j int) bool { return cmp.Compare(h[i].ID, h[j].ID) > 0 }
func (h newest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *newest) Push(e any)        { *h = append(*h, e.(Entry)) }
func (h *newest) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = Entry{}
	*h = (*h)[:last]
	return e
}
