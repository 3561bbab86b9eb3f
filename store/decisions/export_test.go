package decisions

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"
)

// Flush writes out what the flusher would write by and by.
func Flush(l *Log) { l.flush(true) }

// Retain removes what the flusher would remove by and by.
func Retain(l *Log) { l.retain() }

// Blocks is how many blocks the index has.
func Blocks(l *Log) int {
	blocks, _ := l.snapshot()
	return len(blocks)
}

// DecodeEntry and DecodeHead read what is on disk, and EncodeEntry writes it.
func DecodeEntry(b []byte) (e Entry, err error) { return e, e.decode(string(b)) }
func DecodeHead(b []byte) error {
	_, err := decodeHead(b)
	if _, _, counts := decodeTallied(b); err == nil {
		err = counts
	}
	return err
}

func EncodeEntry(e Entry) []byte { return appendEntry(nil, &e)[4:] }

// BlockHead is the prefix and head of a block of entries.
func BlockHead(entries ...Entry) []byte {
	b := newBlock(0, len(entries))
	for i := range entries {
		b.add(&entries[i], [16]byte{})
	}
	var p packer
	for i := range entries {
		p.add(&entries[i])
	}
	f, faces, t := p.index()
	b.held.facets.Store(f)
	return b.encode(t, faces, nil, 0)
}

// FixHead gives a spoilt head lengths and a checksum that fit.
func FixHead(p []byte) []byte {
	p = append(make([]byte, 0, len(p)), p...)
	if len(p) < blockPrefix {
		return p
	}
	binary.LittleEndian.PutUint32(p, blockMagic)
	binary.LittleEndian.PutUint32(p[4:], uint32(len(p)-blockPrefix))
	binary.LittleEndian.PutUint32(p[8:], 0)
	binary.LittleEndian.PutUint32(p[16:], headSum(p[:16], p[blockPrefix:]))
	return p
}

// PackEntries is the body of a block of entries and the length of what is compressed in it, and
// UnpackEntries reads it.
func PackEntries(entries []Entry) (body []byte, rawLen int) {
	var p packer
	for i := range entries {
		p.add(&entries[i])
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return p.body(enc)
}

func UnpackEntries(body []byte, n, rawLen int) ([]Entry, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<24))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	entries, _, err := unpack(dec, body, nil, blockMagic, n, rawLen, 0, nil)
	return entries, err
}

// LimitFilters bounds the memory of the Bloom filters of the log, and returns how much they take.
func LimitFilters(l *Log, n int) int {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.maxFilters = n
	l.trim()
	return int(l.filters.Load())
}
