package index

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/sendgate/sendgate/store/wire"
)

// A Snapshot is one that is being read.
type Snapshot struct {
	Head SnapshotHead

	file     *os.File
	sections []section
}

// ReadSnapshot reads what a snapshot says of itself. The file stays open until all of it is read.
func ReadSnapshot(file *os.File) (*Snapshot, error) {
	r := &Snapshot{file: file}
	return r, r.open()
}

// open reads the table of the sections, and the head.
func (r *Snapshot) open() error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	end := make([]byte, snapshotTrailer)
	if info.Size() < int64(len(end)) {
		return wire.ErrDamaged
	}
	if _, err := r.file.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return err
	}
	offset, n := binary.LittleEndian.Uint64(end), int(binary.LittleEndian.Uint32(end[8:]))
	if string(end[16:]) != snapshotMagic || offset+uint64(n+len(end)) != uint64(info.Size()) || n%sectionSize != 0 {
		return wire.ErrDamaged
	}
	table, err := r.read(section{offset: offset, bytes: uint64(n), sum: binary.LittleEndian.Uint32(end[12:])}, nil)
	if err != nil {
		return err
	}
	for ; len(table) > 0; table = table[sectionSize:] {
		s := section{kind: table[0], number: table[1], offset: binary.LittleEndian.Uint64(table[2:]),
			bytes: binary.LittleEndian.Uint64(table[10:]), sum: binary.LittleEndian.Uint32(table[18:])}
		if s.bytes > uint64(info.Size()) || s.offset > uint64(info.Size())-s.bytes {
			return wire.ErrDamaged
		}
		r.sections = append(r.sections, s)
	}
	return r.readHead()
}

func (r *Snapshot) readHead() error {
	if len(r.sections) == 0 || r.sections[0].kind != sectionHead {
		return wire.ErrDamaged
	}
	b, err := r.read(r.sections[0], nil)
	if err != nil {
		return err
	}
	if len(b) != 8+len(wire.Digest{})+8+1 {
		return wire.ErrDamaged
	}
	h := &r.Head
	h.Seq = binary.LittleEndian.Uint64(b)
	b = b[8+copy(h.Sum[:], b[8:]):]
	h.Unchained, h.Indexed = int64(binary.LittleEndian.Uint64(b)), b[8] == 1
	return nil
}

// read reads a section into room, where that is large enough.
func (r *Snapshot) read(s section, room []byte) ([]byte, error) {
	if uint64(cap(room)) < s.bytes {
		room = make([]byte, s.bytes)
	}
	b := room[:s.bytes]
	if _, err := r.file.ReadAt(b, int64(s.offset)); err != nil {
		return nil, err
	}
	if crc32.Checksum(b, wire.Castagnoli) != s.sum {
		return nil, wire.ErrDamaged
	}
	return b, nil
}

// Load reads the Bloom filter, and, where indexed is set, the index; else that is nil.
func (r *Snapshot) Load(indexed bool) (*Optouts, *Index, error) {
	o := new(Optouts)
	var ix *Index
	if indexed {
		ix = New(0)
	}
	return o, ix, r.load(o, ix)
}

// load reads all sections, of which there must be one of each.
func (r *Snapshot) load(o *Optouts, ix *Index) error {
	have := make(map[[2]uint8]bool)
	if ix != nil {
		for _, s := range r.sections {
			if s.kind == sectionWords {
				b, err := r.read(s, nil)
				if err == nil {
					err = ix.words.decodeLists(b)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	for _, s := range r.sections {
		have[[2]uint8{s.kind, s.number}] = true
	}
	want := 2 + bloomShards + indexShards
	if !r.Head.Indexed {
		want = 1 + bloomShards
	}
	if len(have) != want || len(r.sections) != want {
		return wire.ErrDamaged
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for w := range errs {
		workers.Go(func() {
			var room []byte
			for i := next.Add(1) - 1; i < int64(len(r.sections)) && errs[w] == nil; i = next.Add(1) - 1 {
				room, errs[w] = r.part(r.sections[i], room, o, ix)
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// part reads a section of the index or of the Bloom filter.
func (r *Snapshot) part(s section, room []byte, o *Optouts, ix *Index) ([]byte, error) {
	shard := s.kind == sectionShard && ix != nil
	if !shard && s.kind != sectionBloom {
		return room, nil
	}
	b, err := r.read(s, room)
	if err != nil {
		return room, err
	}
	if !shard {
		if s.number >= bloomShards {
			return b, wire.ErrDamaged
		}
		return b, o.shards[s.number].decode(b)
	}
	err = ix.shards[s.number].decode(b)
	ix.count.Add(ix.shards[s.number].count)
	return b, err
}
