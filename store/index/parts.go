package index

import (
	"encoding/binary"
	"fmt"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// encode writes the pages of a shard behind b, and adds the heads of its rows to those that are used.
func (s *indexShard) encode(b []byte, w *words, used []bool) ([]byte, []bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b = binary.AppendUvarint(append(b, s.depth), uint64(s.count))
	var before *page
	for _, pg := range s.pages {
		if pg == before {
			continue
		}
		before = pg
		b = append(b, pg.depth)
		for _, end := range pg.ends {
			b = binary.LittleEndian.AppendUint32(b, end)
		}
		b = append(b, pg.rows...)
		used = w.mark(pg.rows, used)
	}
	return b, used
}

// decode reads what encode wrote.
func (s *indexShard) decode(b []byte) error {
	const head = 1 + 4*pageSlots
	if len(b) == 0 || b[0] > maxDepth {
		return wire.ErrDamaged
	}
	s.depth, b = b[0], b[1:]
	count, n := binary.Uvarint(b)
	if n <= 0 {
		return wire.ErrDamaged
	}
	s.count, b = int64(count), b[n:]
	s.pages = make([]*page, 0, 1<<s.depth)
	for len(b) > 0 {
		if len(b) < head || b[0] > s.depth {
			return wire.ErrDamaged
		}
		pg := &page{depth: b[0]}
		last := uint32(0)
		for i := range pg.ends {
			pg.ends[i] = binary.LittleEndian.Uint32(b[1+4*i:])
			if pg.ends[i] < last {
				return wire.ErrDamaged
			}
			last = pg.ends[i]
		}
		if b = b[head:]; uint64(last) > uint64(len(b)) {
			return wire.ErrDamaged
		}
		pg.rows = append([]byte(nil), b[:last]...)
		b = b[last:]
		for range 1 << (s.depth - pg.depth) {
			s.pages = append(s.pages, pg)
		}
	}
	if len(s.pages) != 1<<s.depth {
		return wire.ErrDamaged
	}
	return nil
}

// encode writes the lists. Of a head that no row has any more its number alone is kept: it may say where
// somebody was who is erased.
func (w *words) encode(b []byte, used []bool) []byte {
	b = binary.AppendUvarint(b, uint64(len(used)))
	heads := w.heads.all()
	for i, is := range used {
		if !is {
			b = binary.AppendUvarint(b, uint64(fingerprint.Nowhere))
			continue
		}
		h := &heads[i]
		var flags byte
		for bit, set := range [...]bool{h.elsewhere, h.nanos, h.inbound, h.erased, h.many} {
			if set {
				flags |= 1 << bit
			}
		}
		b = append(binary.AppendUvarint(b, uint64(h.place)), flags)
		b = wire.AppendString(h.one.encode(b), h.stated)
	}
	terms := w.terms.all()
	b = binary.AppendUvarint(b, uint64(len(terms)))
	for i := range terms {
		b = terms[i].encode(b)
	}
	return b
}

func (t *term) encode(b []byte) []byte { return append(wire.AppendScope(b, t.scope), t.mask) }

// decodeLists reads what [words.encode] wrote.
func (w *words) decodeLists(b []byte) error {
	d := wire.Decoder{Rest: string(b)}
	for n := d.Uvarint(); n > 0 && !d.Bad; n-- {
		h := head{place: fingerprint.Place(d.Uvarint())}
		if h.place == fingerprint.Nowhere {
			w.heads.leave()
			continue
		}
		flags := d.Byte()
		for bit, set := range [...]*bool{&h.elsewhere, &h.nanos, &h.inbound, &h.erased, &h.many} {
			*set = flags>>bit&1 != 0
		}
		h.one, h.stated = term{d.Scope(), d.Byte()}, d.Text()
		w.heads.add(sizedHead{h, h.size()})
	}
	for n := d.Uvarint(); n > 0 && !d.Bad; n-- {
		w.terms.add(term{d.Scope(), d.Byte()})
	}
	return d.End()
}

// encode writes the filters of a shard behind b.
func (s *bloomShard) encode(b []byte) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b = binary.LittleEndian.AppendUint64(b, uint64(s.size))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.left))
	for _, f := range s.filters {
		words := f.BitSet().Words()
		b = binary.LittleEndian.AppendUint64(b, uint64(len(words)))
		for _, word := range words {
			b = binary.LittleEndian.AppendUint64(b, word)
		}
	}
	return b
}

// decode reads what encode wrote.
func (s *bloomShard) decode(b []byte) error {
	const wordBits = 64
	if len(b)%8 != 0 || len(b) < 24 {
		return wire.ErrDamaged
	}
	next := func() uint64 { v := binary.LittleEndian.Uint64(b); b = b[8:]; return v }
	s.size, s.left = int(next()), int(next())
	s.filters = nil
	for len(b) > 0 {
		n := next()
		if n == 0 || n%(bloomBlock/wordBits) != 0 || n > uint64(len(b)/8) {
			return fmt.Errorf("a Bloom filter of %d words: %w", n, wire.ErrDamaged)
		}
		words := make([]uint64, n)
		for i := range words {
			words[i] = next()
		}
		s.filters = append(s.filters, bloom.From(words, bloomHashes))
	}
	if len(s.filters) == 0 || s.left < 0 || s.left > s.size {
		return wire.ErrDamaged
	}
	return nil
}
