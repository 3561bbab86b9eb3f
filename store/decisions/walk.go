package decisions

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// A walk merges blocks and chunks. Entries are logged when they are answered, so blocks overlap a
// little in time: an entry comes out once no block that is not read yet can have one that comes before it.
type walk struct {
	log    *Log
	q      *Query
	oldest string   // no older id is looked for
	blocks []*block // not looked at yet, the one with the newest id last; or the oldest
	found  found
	wants  func(*Entry) bool // of the entries of a block
	heads  heads
	facets []facet // of q

	// Of q.To.Address.
	number    uint64 // in E.164, or 0
	hashes    []uint64
	recipient [16]byte
}

// walk takes a snapshot of the log.
func (l *Log) walk(q *Query) *walk {
	w := &walk{log: l, q: q, heads: heads{pause: q.Pause}, facets: q.facets(), found: found{oldest: q.Oldest}}
	w.wants = func(e *Entry) bool {
		w.heads.rest()
		return e.ID >= w.oldest && q.matches(e)
	}
	if q.To.Address != "" {
		address := wire.Clip(q.To.Address, maxEntryName)
		w.number, w.recipient = wire.E164(address), l.cfg.Hash(address)
	}
	l.mu.Lock()
	w.blocks = l.newest
	rows := l.rows()
	l.mu.Unlock()
	if q.Oldest {
		w.blocks = slices.Clone(w.blocks)
		slices.SortFunc(w.blocks, func(a, b *block) int { return strings.Compare(b.minID, a.minID) })
	}
	for _, r := range rows {
		from := r.first
		r.from(&from, func(e Entry, _ error) bool {
			w.heads.rest()
			if q.matches(&e) {
				kept := e
				heap.Push(&w.found, &kept)
			}
			return true
		})
	}
	return w
}

// A row is entries that are in no block, each behind its length.
type row struct {
	first   uint64 // number of the first
	entries string
}

// rows lists what is in no block. The caller holds mu.
func (l *Log) rows() []row {
	rows := make([]row, 0, len(l.full)+1)
	for _, c := range append(l.full[:len(l.full):len(l.full)], l.open) {
		rows = append(rows, row{c.first, c.rows.String()})
	}
	return rows
}

// snapshot is everything in the log: each entry is either in a block or in a row. What it returns
// is not changed any more.
func (l *Log) snapshot() ([]*block, []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.blocks, l.rows()
}

// next is the newest entry that is left, or the oldest.
func (w *walk) next() (e Entry, ok bool, err error) {
	for len(w.blocks) > 0 {
		b := w.blocks[len(w.blocks)-1]
		if b.maxID < w.oldest || w.found.before(b) {
			break
		}
		w.blocks = w.blocks[:len(w.blocks)-1]
		w.heads.rest()
		if !b.may(w.q) || !w.mayHave(b) {
			continue
		}
		entries, err := w.log.read(b, w.number, w.wants)
		if err != nil {
			return Entry{}, false, err
		}
		for i := range entries {
			heap.Push(&w.found, &entries[i])
		}
	}
	if w.found.Len() == 0 {
		return Entry{}, false, nil
	}
	return *heap.Pop(&w.found).(*Entry), true, nil
}

// mayHave reports whether b may have an entry with all that is looked for, to the recipient that is.
func (w *walk) mayHave(b *block) bool {
	held := b.held
	asksFor := w.q.To.Address != "" && b.magic != blockMagic1 // the hashes of the first format may be of another kind
	if asksFor && held.recipients.Load() == nil || len(w.facets) > 0 && b.magic > blockMagic5 && held.facets.Load() == nil {
		var again *block
		head, err := w.heads.read(b)
		if err == nil {
			again, err = decodeHead(head)
		}
		if err != nil || again.first != b.first {
			return true // reading its entries shows what is the matter
		}
		held = again.held
	}
	f := held.facets.Load()
	if f != nil && !f.may(w.facets) {
		return false
	}
	return !asksFor || w.hasRecipient(held.recipients.Load()) && w.hasBoth(b, f)
}

// hasBoth reports whether an entry of b to the number that is looked for may have all else that is. Someone to
// whom every block has a message, as a monitor's, is read about by the columns of addresses and faces.
func (w *walk) hasBoth(b *block, f *facets) bool {
	if w.number == 0 || len(w.facets) == 0 || b.magic <= blockMagic7 || f == nil {
		return true
	}
	var matches [chunkEntries]bool
	f.matching(w.facets, func(face int) bool {
		matches[face] = true
		return true
	})
	if !w.heads.stands(b) {
		return true
	}
	size := f.entriesSize(b.n)
	at := blockPrefix + b.headLen - size
	p, err := w.heads.part(b, at, min(b.size-at, size+(b.n+2)*binary.MaxVarintLen64)) // to the end of the addresses
	if err != nil {
		return true // reading its entries shows what is the matter
	}
	faces, plain := column{p[:size], f.entryBits()}, p[size:]
	var long uint64
	for range 2 { // the lengths of all plain columns and of the first
		n := 0
		long, n = binary.Uvarint(plain)
		plain = plain[max(n, 0):]
	}
	if long > uint64(len(plain)) {
		return true
	}
	found := false
	numbers(plain[:long]).each(w.number, func(i int) bool {
		found = i >= b.n || faces.at(i) >= len(matches) || matches[faces.at(i)]
		return !found
	})
	return found
}

// hasRecipient reports whether the recipient that is looked for may be in a Bloom filter; nil is one that was
// let go just now.
func (w *walk) hasRecipient(f *bloom.BloomFilter) bool {
	if f == nil {
		return true
	}
	if k := f.K(); uint(len(w.hashes)) != k {
		w.hashes = bloom.Locations(w.recipient[:], k)
	}
	return f.TestLocations(w.hashes)
}

// heads reads the heads of blocks again.
type heads struct {
	pause func()   // see Query; nil: never
	file  *os.File // of the last one, or nil
	buf   []byte
}

// rest is a pause, if who asks makes any.
func (h *heads) rest() {
	if h.pause != nil {
		h.pause()
	}
}

// read is the prefix and head of b, until the next is read.
func (h *heads) read(b *block) ([]byte, error) { return h.part(b, 0, blockPrefix+b.headLen) }

// stands reports whether b is where it was: an erasure may have written its file anew since the walk began.
func (h *heads) stands(b *block) bool {
	p, err := h.part(b, 0, blockPrefix)
	if err != nil {
		return false
	}
	head, body, err := readPrefix(p)
	return err == nil && head == b.headLen && blockPrefix+head+body == b.size && binary.LittleEndian.Uint32(p[12:]) == b.bodySum
}

// part is n bytes of b from at on, until the next are read.
func (h *heads) part(b *block, at, n int) ([]byte, error) {
	h.rest()
	if b.memory != nil {
		return b.memory[at : at+n], nil
	}
	if h.file == nil || h.file.Name() != b.segment.path {
		h.close()
		f, err := os.Open(b.segment.path)
		if err != nil {
			return nil, err
		}
		h.file = f
	}
	h.buf = slices.Grow(h.buf[:0], n)[:n]
	if _, err := h.file.ReadAt(h.buf, b.offset+int64(at)); err == io.EOF {
		return nil, wire.ErrDamaged
	} else if err != nil {
		return nil, err
	}
	return h.buf, nil
}

func (h *heads) close() {
	if h.file != nil {
		_ = h.file.Close() // it was only read
		h.file = nil
	}
}

func (w *walk) close() { w.heads.close() }

// read is entries, less what is no reason to end a walk: nothing where the block is damaged, or
// was removed because its time is over.
func (l *Log) read(b *block, number uint64, keep func(*Entry) bool) ([]Entry, error) {
	entries, err := l.entries(b, number, keep)
	if err != nil {
		if nb := l.replaced(b); nb != nil { // an erasure wrote its file anew
			entries, err = l.entries(nb, number, keep)
		}
	}
	switch {
	case errors.Is(err, wire.ErrDamaged):
		l.metrics.damaged.Add(1)
		l.cfg.Logger.Warn("skipping a damaged block of the decision log",
			zap.String("file", b.segment.path), zap.Int64("offset", b.offset), zap.Int("entries", b.n))
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	}
	return entries, err
}
