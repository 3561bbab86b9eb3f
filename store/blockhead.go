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
	b, d, err := decodeIndex(p)
	if err != nil {
		return nil, err
	}
	if b.magic > blockMagic5 {
		d.rest = "" // counts and faces: they are read when they are asked for
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return b, nil
}

// decodeTallied reads the index of a block that is not early, and the numbers of its entries.
func decodeTallied(p []byte) (*block, *tallied, error) {
	b, d, err := decodeIndex(p)
	if err != nil || b.magic <= blockMagic5 {
		return nil, nil, errDamaged
	}
	t := d.tallied()
	if b.magic > blockMagic7 {
		d.take(uint64(b.held.facets.Load().entriesSize(b.n)))
	}
	return b, t, d.end()
}

// decodeIndex reads the index of a block up to what counts its entries, which is left in the decoder.
func decodeIndex(p []byte) (*block, *decoder, error) {
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
	bits, hashes := d.uvarint(), d.uvarint()
	n := d.uvarint()
	if n > uint64(len(d.rest)/8) || bits > n*64 {
		return nil, nil, errDamaged
	}
	packed := []byte(d.take(8 * n))
	words := make([]uint64, n)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(packed[8*i:])
	}
	b.held = newHeld(bloom.FromWithM(words, uint(bits), uint(hashes)))
	if b.magic > blockMagic5 {
		b.held.facets.Store(d.facets())
	}
	if d.bad || bits == 0 || hashes == 0 || hashes > 64 || b.rawLen > blockBody {
		return nil, nil, errDamaged
	}
	return b, d, nil
}

// nameHashes reads a list of the early formats.
func (d *decoder) nameHashes() (set []uint32) {
	for range min(d.uvarint(), blockNames+1) {
		set = append(set, uint32(d.uvarint()))
	}
	return set
}
