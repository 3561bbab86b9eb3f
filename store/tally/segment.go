package tally

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"runtime/debug"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
)

// A segment is one file of the journal. While it takes entries it stands in memory, where the system
// can do that: what is put there is in the file as after a write, whatever becomes of the process, and
// costs no system call. The file is as long as it may get then, and zero behind its last entry.
type segment struct {
	path   string
	number uint64
	file   *os.File // nil: complete, on disk, and closed
	view   []byte   // of the file; nil: it does not stand in memory
	plain  bool     // nor ever will
	size   int64    // of the entries
	begun  int64    // when its first entry came, in milliseconds since 1970; 0: it has none
	last   int64    // the latest moment that an entry is about
	full   bool     // it takes no more
	dirty  bool     // what was written to it is not on disk yet
}

// put writes entries at a place in the file, which is open.
func (g *segment) put(b []byte, at int64) error {
	if g.view == nil && !g.plain {
		var err error
		g.view, err = disk.Map(g.file, fileSize)
		g.plain = err != nil
	}
	if g.view == nil {
		_, err := g.file.WriteAt(b, at)
		return err
	}
	return g.store(b, at)
}

// store is put where the file stands in memory. A process that ends in the midst of it leaves entries
// without their checksums, which are none. Where the disk fails, or is full, the system has no memory to
// give for the file, which is an error here as it is of a write.
func (g *segment) store(b []byte, at int64) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = fmt.Errorf("writing to %s: the system has no room for it", g.path)
		default:
			panic(p)
		}
	}()
	for ; len(b) > 0; at, b = at+entrySize, b[entrySize:] {
		e := g.view[at : at+entrySize]
		clear(e[:sumSize])
		copy(e[sumSize:], b[sumSize:entrySize])
		copy(e, b[:sumSize])
	}
	return nil
}

// close lets go of the file.
func (g *segment) close() error {
	var err error
	if g.view != nil {
		err = errors.Join(disk.Unmap(g.view), g.file.Truncate(g.size))
	}
	err = errors.Join(err, g.file.Close())
	g.file, g.view = nil, nil
	return err
}

// putEntry writes one entry to the beginning of b.
func putEntry(b []byte, kind byte, key, when, mark uint64) {
	clear(b[:entrySize])
	b[sumSize] = kind
	binary.LittleEndian.PutUint64(b[8:], key)
	binary.LittleEndian.PutUint64(b[16:], when)
	binary.LittleEndian.PutUint64(b[24:], mark)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[sumSize:entrySize], wire.Castagnoli))
}

// read hands the entries of a file to take, and tells how many are damaged. What is torn is no damage: the
// last one, and one without its checksum.
func (g *segment) read(data []byte, take func(kind byte, key, when, mark uint64)) (damaged int) {
	for at := 0; at+entrySize <= len(data); at += entrySize {
		b := data[at : at+entrySize]
		if [entrySize]byte(b) == [entrySize]byte{} {
			continue
		}
		g.size = int64(at + entrySize)
		if sum := binary.LittleEndian.Uint32(b); sum != crc32.Checksum(b[sumSize:], wire.Castagnoli) {
			if sum != 0 {
				damaged++
			}
			continue
		}
		when := binary.LittleEndian.Uint64(b[16:])
		g.last = max(g.last, int64(when>>whenShift))
		if g.begun == 0 {
			g.begun = g.last
		}
		take(b[sumSize], binary.LittleEndian.Uint64(b[8:]), when, binary.LittleEndian.Uint64(b[24:]))
	}
	return damaged
}
