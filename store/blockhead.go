package store

import (
	"encoding/binary"
	"strings"

	"github.com/bits-and-blooms/bloom/v3"
)

// readPrefix reads the lengths at the beginning of a block.
func readPrefix(p []byte) (head, body int, err error) {
	magic, h, n := binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint32(p[4:]), binary.LittleEndian.Uint32(p[8:])
	if magic&(1<<24-1) != blockMagic&(1<<24-1) || magic < blockMagic1 || magic > blockMagic || h > blockHead || n > blockBody {
		return 0, 0, errDamaged
	}
	return int(h), int(n), nil
}

// decodeHead reads the index of a block from its prefix and head.
func decodeHead(p []byte) (*block, error) {
	b, d, err := decodeFront(p)
	if err != nil {
		return nil, err
	}
	f := d.filter()
	if d.bad {
		return nil, errDamaged
	}
	b.held = newHeld(f.unpack())
	if b.magic > blockMagic5 {
		b.held.facets.Store(d.facets(b.magic))
		d.take(uint64(len(d.rest))) // counts and faces: they are read when they are asked for
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return b, nil
}

// decodeTallied reads the number of the first entry of a block that is not early, and how many of its entries are
// alike.
func decodeTallied(p []byte) (first uint64, t *tallied, err error) {
	b, d, err := decodeFront(p)
	if err != nil || b.magic <= blockMagic5 {
		return 0, nil, errDamaged
	}
	d.filter()
	f := d.facets(b.magic)
	t = d.tallied()
	if b.magic > blockMagic7 {
		d.take(uint64(f.entriesSize(b.n)))
	}
	return b.first, t, d.end()
}

// decodeFront reads the index of a block up to its Bloom filter, which is left in the decoder with all that follows.
func decodeFront(p []byte) (*block, *decoder, error) {
	if len(p) < blockPrefix {
		return nil, nil, errDamaged
	}
	head, body, err := readPrefix(p)
	if err != nil || len(p) != blockPrefix+head || headSum(p[:16], p[blockPrefix:]) != binary.LittleEndian.Uint32(p[16:]) {
		return nil, nil, errDamaged
	}
	b := &block{headLen: head, size: len(p) + body, bodySum: binary.LittleEndian.Uint32(p[12:]),
		magic: binary.LittleEndian.Uint32(p)}
	d := &decoder{rest: string(p[blockPrefix:])}
	b.first, b.n, b.rawLen = d.uvarint(), int(d.uvarint()), int(d.uvarint())
	b.minTime, b.maxTime = d.varint(), d.varint()
	b.minID, b.maxID = strings.Clone(d.string()), strings.Clone(d.string())
	b.actions, b.reasons = d.byte(), uint32(d.uvarint())
	if b.magic <= blockMagic5 {
		b.routes, b.campaigns = d.nameHashes(), d.nameHashes()
	}
	if d.bad || b.rawLen > blockBody {
		return nil, nil, errDamaged
	}
	return b, d, nil
}

// A packedFilter is the Bloom filter of a block as its head has it.
type packedFilter struct {
	bits, hashes uint64
	words        string
}

// filter reads one.
func (d *decoder) filter() packedFilter {
	f := packedFilter{bits: d.uvarint(), hashes: d.uvarint()}
	n := d.uvarint()
	if n > uint64(len(d.rest)/8) || f.bits > n*64 || f.bits == 0 || f.hashes == 0 || f.hashes > 64 {
		d.fail()
		return f
	}
	f.words = d.take(8 * n)
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

// nameHashes reads a list of the early formats.
func (d *decoder) nameHashes() (set []uint32) {
	for range min(d.uvarint(), blockNames+1) {
		set = append(set, uint32(d.uvarint()))
	}
	return set
}
