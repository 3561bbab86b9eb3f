package decisions

import (
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/sendgate/sendgate/store/wire"
)

// packChunk makes a block of c.
func (l *Log) packChunk(c *chunk) (b *block, whole []byte, err error) {
	b = newBlock(c.first, c.n)
	defer l.packer.reset()
	var e Entry
	for frame, rest, ok := nextFrame(c.rows.String()); ok; frame, rest, ok = nextFrame(rest) {
		if err := e.decode(frame); err != nil {
			return nil, nil, err
		}
		b.add(&e, l.cfg.Hash(e.To.Address))
		l.packer.add(&e)
	}
	return b, l.encode(b), nil
}

// pack makes a block of entries, the first of which has the number first.
func (l *Log) pack(first uint64, entries []Entry) (b *block, whole []byte) {
	b = newBlock(first, len(entries))
	defer l.packer.reset()
	for i := range entries {
		b.add(&entries[i], l.cfg.Hash(entries[i].To.Address))
		l.packer.add(&entries[i])
	}
	return b, l.encode(b)
}

// encode puts b together with what the packer took in.
func (l *Log) encode(b *block) []byte {
	f, faces, t := l.packer.index()
	b.held.facets.Store(f)
	body, rawLen := l.packer.body(l.enc)
	return b.encode(t, faces, body, rawLen)
}

// A workbench is room for the bytes of a block while its entries are read, which keep none of them.
type workbench struct{ body, raw []byte }

var workbenches = sync.Pool{New: func() any { return new(workbench) }}

// entries reads the entries of a block that keep wants, or all where it is nil; or none where number is not 0 and none
// is to this number in E.164. keep may be called although an error comes after, and must not hold on to what it is
// shown. The error is [wire.ErrDamaged] where the block is, and fs.ErrNotExist where its time was over.
func (l *Log) entries(b *block, number uint64, keep func(*Entry) bool) (kept []Entry, err error) {
	room := workbenches.Get().(*workbench)
	defer workbenches.Put(room)
	body, err := room.bodyOf(b)
	if err != nil {
		return nil, err
	}
	l.metrics.decoded.Add(1)
	if crc32.Checksum(body, wire.Castagnoli) != b.bodySum {
		return nil, wire.ErrDamaged
	}
	if b.magic == blockMagic1 {
		kept, room.raw, err = unpackRows(l.dec, body, room.raw, b.n, b.rawLen, keep)
	} else {
		kept, room.raw, err = unpack(l.dec, body, room.raw, b.magic, b.n, b.rawLen, number, keep)
	}
	return kept, err
}

// bodyOf is what stands behind the head of b, until the next block is read.
func (w *workbench) bodyOf(b *block) ([]byte, error) {
	head := blockPrefix + b.headLen
	if b.memory != nil {
		return b.memory[head:], nil
	}
	f, err := os.Open(b.segment.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w.body = slices.Grow(w.body[:0], b.size-head)[:b.size-head]
	if _, err := f.ReadAt(w.body, b.offset+int64(head)); err == io.EOF {
		return nil, wire.ErrDamaged
	} else if err != nil {
		return nil, err
	}
	return w.body, nil
}

// unpackRows is unpack of a body of the first format.
func unpackRows(dec *zstd.Decoder, body, raw []byte, n, rawLen int, keep func(*Entry) bool) (kept []Entry, _ []byte, err error) {
	raw, err = dec.DecodeAll(body, slices.Grow(raw[:0], rawLen))
	if err != nil || len(raw) != rawLen {
		return nil, raw, wire.ErrDamaged
	}
	for frame, rest, ok := nextFrame(string(raw)); ok; frame, rest, ok = nextFrame(rest) {
		var e Entry
		if err := e.decode(frame); err != nil {
			return nil, raw, err
		}
		n--
		if keep == nil || keep(&e) {
			kept = append(kept, e)
		}
	}
	if n != 0 {
		return nil, raw, wire.ErrDamaged
	}
	return kept, raw, nil
}
