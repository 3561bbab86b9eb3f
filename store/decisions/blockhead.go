package decisions

import (
	"encoding/binary"
	"strings"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/sendgate/sendgate/store/wire"
)

// readPrefix reads the lengths at the beginning of a block.
func readPrefix(p []byte) (head, body int, err error) {
	magic, h, n := binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint32(p[4:]), binary.LittleEndian.Uint32(p[8:])
	if magic&(1<<24-1) != blockMagic&(1<<24-1) || magic < blockMagic1 || magic > blockMagic || h > blockHead || n > blockBody {
		return 0, 0, wire.ErrDamaged
	}
	return int(h), int(n), nil
}

// decodeHead reads the index of a block from its prefix and head.
func decodeHead(p []byte) (*block, error) {
	b, d, err := decodeFront(p)
	if err != nil {
		return nil, err
	}
	f := readFilter(d)
	if d.Bad {
		return nil, wire.ErrDamaged
	}
	b.held = newHeld(f.unpack())
	if b.magic > blockMagic5 {
		b.held.facets.Store(readFacets(d, b.magic))
		d.Take(uint64(len(d.Rest))) // counts and faces: they are read when they are asked for
	}
	if err := d.End(); err != nil {
		return nil, err
	}
	return b, nil
}

// decodeTallied reads the number of the first entry of a block that is not early, and how many of its entries are
// alike.
func decodeTallied(p []byte) (first uint64, t *tallied, err error) {
	b, d, err := decodeFront(p)
	if err != nil || b.magic <= blockMagic5 {
		return 0, nil, wire.ErrDamaged
	}
	readFilter(d)
	f := readFacets(d, b.magic)
	t = readTallied(d)
	if b.magic > blockMagic7 {
		d.Take(uint64(f.entriesSize(b.n)))
	}
	return b.first, t, d.End()
}

// decodeFront reads the index of a block up to its Bloom filter, which is left in the decoder with all that follows.
func decodeFront(p []byte) (*block, *wire.Decoder, error) {
	if len(p) < blockPrefix {
		return nil, nil, wire.ErrDamaged
	}
	head, body, err := readPrefix(p)
	if err != nil || len(p) != blockPrefix+head || headSum(p[:16], p[blockPrefix:]) != binary.LittleEndian.Uint32(p[16:]) {
		return nil, nil, wire.ErrDamaged
	}
	b := &block{headLen: head, size: len(p) + body, bodySum: binary.LittleEndian.Uint32(p[12:]),
		magic: binary.LittleEndian.Uint32(p)}
	d := &wire.Decoder{Rest: string(p[blockPrefix:])}
	b.first, b.n, b.rawLen = d.Uvarint(), int(d.Uvarint()), int(d.Uvarint())
	b.minTime, b.maxTime = d.Varint(), d.Varint()
	b.minID, b.maxID = strings.Clone(d.Text()), strings.Clone(d.Text())
	b.actions, b.reasons = d.Byte(), uint32(d.Uvarint())
	if b.magic <= blockMagic5 {
		b.routes, b.campaigns = readHashes(d), readHashes(d)
	}
	if d.Bad || b.rawLen > blockBody {
		return nil, nil, wire.ErrDamaged
	}
	return b, d, nil
}

// A packedFilter is the Bloom filter of a block as its head has it.
type packedFilter struct {
	bits, hashes uint64
	words        string
}

// readFilter reads one.
func readFilter(d *wire.Decoder) packedFilter {
	f := packedFilter{bits: d.Uvarint(), hashes: d.Uvarint()}
	n := d.Uvarint()
	if n > uint64(len(d.Rest)/8) || f.bits > n*64 || f.bits == 0 || f.hashes == 0 || f.hashes > 64 {
		d.Fail()
		return f
	}
	f.words = d.Take(8 * n)
	return f
}

func (f *packedFilter) unpack() *bloom.BloomFilter {
	packed := []byte(f.words)
	words := make([]uint64, len(packed)/8)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(packed[8*i:])
	}
	return bloom.FromWithM(words, uint(f.bits), uint(f.hashes))
}

// readHashes reads a list of hashes of names, as the early formats have it.
func readHashes(d *wire.Decoder) (set []uint32) {
	for range min(d.Uvarint(), blockNames+1) {
		set = append(set, uint32(d.Uvarint()))
	}
	return set
}
