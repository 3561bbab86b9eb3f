package store

import (
	"hash/crc32"
	"io"
	"os"
)

// packChunk makes a block of c.
func (l *decisionLog) packChunk(c *chunk) (b *block, whole []byte, err error) {
	b = newBlock(c.first, c.n)
	defer l.packer.reset()
	var e Entry
	for frame, rest, ok := nextFrame(c.rows.String()); ok; frame, rest, ok = nextFrame(rest) {
		if err := e.decode(frame); err != nil {
			return nil, nil, err
		}
		b.add(&l.store.keys, &e)
		l.packer.add(&e)
	}
	return b, l.encode(b), nil
}

// pack makes a block of entries, the first of which has the number first.
func (l *decisionLog) pack(first uint64, entries []Entry) (b *block, whole []byte) {
	b = newBlock(first, len(entries))
	defer l.packer.reset()
	for i := range entries {
		b.add(&l.store.keys, &entries[i])
		l.packer.add(&entries[i])
	}
	return b, l.encode(b)
}

// encode puts b together with what the packer took in.
func (l *decisionLog) encode(b *block) []byte {
	f, faces, t := l.packer.index()
	b.held.facets.Store(f)
	body, rawLen := l.packer.body(l.enc)
	return b.encode(t, faces, body, rawLen)
}

// entries reads the entries of a block, or none where number is not 0 and none is to this number in
// E.164. The error is errDamaged where the block is, and fs.ErrNotExist where its time was over.
func (l *decisionLog) entries(b *block, number uint64) ([]Entry, error) {
	head := blockPrefix + b.headLen
	var body []byte
	if b.memory != nil {
		body = b.memory[head:]
	} else {
		f, err := os.Open(b.segment.path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		body = make([]byte, b.size-head)
		if _, err := f.ReadAt(body, b.offset+int64(head)); err == io.EOF {
			return nil, errDamaged
		} else if err != nil {
			return nil, err
		}
	}
	l.store.metrics.decoded.Add(1)
	if crc32.Checksum(body, castagnoli) != b.bodySum {
		return nil, errDamaged
	}
	if b.magic == blockMagic1 {
		return l.unpackRows(b, body)
	}
	return unpack(l.dec, body, b.magic, b.n, b.rawLen, number)
}

// unpackRows reads a body of the first format.
func (l *decisionLog) unpackRows(b *block, body []byte) ([]Entry, error) {
	raw, err := l.dec.DecodeAll(body, make([]byte, 0, b.rawLen))
	if err != nil || len(raw) != b.rawLen {
		return nil, errDamaged
	}
	var entries []Entry
	for frame, rest, ok := nextFrame(string(raw)); ok; frame, rest, ok = nextFrame(rest) {
		var e Entry
		if err := e.decode(frame); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	if len(entries) != b.n {
		return nil, errDamaged
	}
	return entries, nil
}
