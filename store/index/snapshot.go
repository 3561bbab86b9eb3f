package index

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/sendgate/sendgate/store/wire"
)

// A snapshot is an index and a Bloom filter in a file: sections of both, a table of the
// sections, and where the table is. It names the head of the chain from which on it has to be made
// good from the database, and holds nothing but keyed fingerprints, scopes, times, and the places that
// its recipients stated.
const (
	snapshotMagic   = "sendgate index 4"
	snapshotTrailer = 8 + 4 + 4 + len(snapshotMagic) // offset, length and checksum of the table; magic
)

// The kinds of sections.
const (
	sectionHead  = iota // once
	sectionWords        // once, where there is an index
	sectionShard        // one a shard of the index
	sectionBloom        // one a shard of the Bloom filter
)

// A section is where a part of a snapshot is.
type section struct {
	kind, number  uint8
	offset, bytes uint64
	sum           uint32
}

const sectionSize = 2 + 8 + 8 + 4

// A SnapshotHead says what a snapshot is of.
type SnapshotHead struct {
	Seq       uint64      // number of the last link of the chain that it surely knows
	Sum       wire.Digest // of that link
	Unchained int64       // how often records had changed without a link of the chain that says so
	Indexed   bool        // it has the index, and not the Bloom filter alone
}

func (h *SnapshotHead) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, h.Seq)
	b = append(b, h.Sum[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Unchained))
	return append(b, wire.Flag(h.Indexed))
}

// A snapshotWriter writes sections and takes down where they are.
type snapshotWriter struct {
	to       *bufio.Writer
	offset   uint64
	sections []section
	room     []byte
}

// WriteSnapshot writes a snapshot; where there is no index it is of the Bloom filter alone. Both may change meanwhile:
// what was in them before is in the snapshot.
func WriteSnapshot(to io.Writer, h SnapshotHead, o *Optouts, ix *Index) (size uint64, err error) {
	w := &snapshotWriter{to: bufio.NewWriterSize(to, 1<<20)}
	h.Indexed = ix != nil
	w.add(sectionHead, 0, h.encode(nil))
	for i := range bloomShards {
		w.room = o.shards[i].encode(w.room[:0])
		w.add(sectionBloom, i, w.room)
	}
	if ix != nil {
		var used []bool
		for i := range indexShards {
			w.room, used = ix.shards[i].encode(w.room[:0], &ix.words, used)
			w.add(sectionShard, i, w.room)
		}
		w.add(sectionWords, 0, ix.words.encode(nil, used)) // the last, so that every row has its words
	}
	return w.finish()
}

func (w *snapshotWriter) add(kind, number int, b []byte) {
	_, _ = w.to.Write(b) // Flush tells
	w.sections = append(w.sections, section{uint8(kind), uint8(number), w.offset, uint64(len(b)), crc32.Checksum(b, wire.Castagnoli)})
	w.offset += uint64(len(b))
}

func (w *snapshotWriter) finish() (size uint64, err error) {
	var table []byte
	for _, s := range w.sections {
		table = append(table, s.kind, s.number)
		table = binary.LittleEndian.AppendUint64(table, s.offset)
		table = binary.LittleEndian.AppendUint64(table, s.bytes)
		table = binary.LittleEndian.AppendUint32(table, s.sum)
	}
	end := binary.LittleEndian.AppendUint64(table, w.offset)
	end = binary.LittleEndian.AppendUint32(end, uint32(len(table)))
	end = binary.LittleEndian.AppendUint32(end, crc32.Checksum(table, wire.Castagnoli))
	_, _ = w.to.Write(append(end, snapshotMagic...)) // Flush tells
	if err := w.to.Flush(); err != nil {
		return 0, fmt.Errorf("writing a snapshot of the index: %w", err)
	}
	return w.offset + uint64(len(table)+snapshotTrailer), nil
}
