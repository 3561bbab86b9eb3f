package decisions

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/sendgate/sendgate/store/wire"
)

// FirstFormat is a block of entries as the first format had it, with the number first.
func FirstFormat(first uint64, entries []Entry) []byte {
	b := newBlock(first, len(entries))
	var rows []byte
	for i := range entries {
		b.add(&entries[i], [16]byte{1})
		rows = appendEntry(rows, &entries[i])
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	body := enc.EncodeAll(rows, nil)
	whole := b.encodeFirst(entries, body, len(rows))
	binary.LittleEndian.PutUint32(whole, blockMagic1)
	binary.LittleEndian.PutUint32(whole[16:], headSum(whole[:16], whole[blockPrefix:blockPrefix+b.headLen]))
	return whole
}

// encodeFirst is encode as the first five formats had it: with a list of routes and one of campaigns, and without
// facets and counts.
func (b *block) encodeFirst(entries []Entry, body []byte, rawLen int) []byte {
	b.held.facets.Store(new(facets))
	whole := b.encode(new(tallied), nil, nil, rawLen)
	at := bytes.Index(whole, []byte(b.maxID)) + len(b.maxID) + 1
	_, width := binary.Uvarint(whole[at:])
	at += width
	var routes, campaigns []uint32
	for i := range entries {
		routes, campaigns = append(routes, hashName(entries[i].Route)), append(campaigns, hashName(entries[i].Campaign))
	}
	head := append([]byte(nil), whole[:at]...)
	for _, set := range [][]uint32{routes, campaigns} {
		slices.Sort(set)
		set = slices.Compact(set)
		head = binary.AppendUvarint(head, uint64(len(set)))
		for _, h := range set {
			head = binary.AppendUvarint(head, uint64(h))
		}
	}
	none := len((&tallied{}).append(new(facets).append(nil)))
	head = append(head, whole[at:len(whole)-none]...)
	b.headLen, b.bodySum = len(head)-blockPrefix, crc32.Checksum(body, wire.Castagnoli)
	for i, v := range [...]uint32{blockMagic, uint32(b.headLen), uint32(len(body)), b.bodySum} {
		binary.LittleEndian.PutUint32(head[4*i:], v)
	}
	return append(head, body...)
}
