package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// A snapshot is what is in memory of the records, in a file beside the database, so that opening
// the store need not read them all: sections of the index and of the Bloom filter, a table of the
// sections, and where the table is. It names the head of the chain from which on it has to be made
// good from the database, and holds nothing but keyed fingerprints, scopes, times, and the places that
// its recipients stated. It may be lost, or not read: then the records are.
const (
	snapshotFile    = "index"
	snapshotMagic   = "sendgate index 4"
	snapshotTrailer = 8 + 4 + 4 + len(snapshotMagic) // offset, length and checksum of the table; magic

	// A snapshot is written when the store is closed, and while it is open whenever snapshotLinks
	// were added to the chain, or any were snapshotRest ago, but not twice within snapshotEvery.
	snapshotEvery = time.Minute
	snapshotRest  = 10 * time.Minute
	snapshotLinks = 5000
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

// snapshotHead says what a snapshot is of.
type snapshotHead struct {
	head      Head
	unchained int64
	indexed   bool
}

func (h *snapshotHead) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, h.head.Seq)
	b = append(b, h.head.Sum[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.unchained))
	if h.indexed {
		return append(b, 1)
	}
	return append(b, 0)
}

// save writes a snapshot. Appends and reads go on: what changes meanwhile is in the chain behind
// the head that it names, and so is read anew.
func (s *Store) save() error {
	if s.cfg.Memory || s.cfg.Still {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	start := time.Now()
	h := snapshotHead{head: s.Head(), unchained: s.totals.Load().unchained}
	removals := s.removals.Load()
	if h.head.Seq == 0 {
		return nil
	}
	if err := s.room(disk.MinFree + 1<<30); err != nil { // room for the largest, too
		return err
	}
	dir := filepath.Clean(s.cfg.Dir)
	f, err := os.CreateTemp(dir, snapshotFile+".*") // made with mode 0600
	if err != nil {
		return err
	}
	size, err := s.writeSnapshot(f, &h)
	s.renaming.Lock()
	defer s.renaming.Unlock()
	if err == nil && (h.unchained != s.totals.Load().unchained || removals != s.removals.Load()) {
		err = errStale
	}
	if err := finishFile(f, filepath.Join(dir, snapshotFile), err); err != nil {
		return err
	}
	s.logger.Info("wrote a snapshot of the index", zap.Uint64("link", h.head.Seq), zap.Uint64("bytes", size),
		zap.Duration("took", time.Since(start)))
	s.saved.Store(h.head.Seq)
	return disk.SyncDir(dir)
}

// finishFile gives f, written with err, its name, or removes it.
func finishFile(f *os.File, name string, err error) error {
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one that explains
	}
	return err
}

// A snapshotWriter writes sections and takes down where they are.
type snapshotWriter struct {
	to       *bufio.Writer
	offset   uint64
	sections []section
	room     []byte
}

func (s *Store) writeSnapshot(to io.Writer, h *snapshotHead) (size uint64, err error) {
	w := &snapshotWriter{to: bufio.NewWriterSize(to, 1<<20)}
	ix := s.index.Load()
	h.indexed = ix != nil
	w.add(sectionHead, 0, h.encode(nil))
	for i := range bloomShards {
		w.room = s.optouts.shards[i].encode(w.room[:0])
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

// removeSnapshot removes the snapshot, which has somebody who is erased or forgotten. One that is being
// written does not get its name.
func (s *Store) removeSnapshot() error {
	s.renaming.Lock()
	defer s.renaming.Unlock()
	s.saved.Store(0)
	s.removals.Add(1)
	if s.cfg.Memory {
		return nil
	}
	if err := os.Remove(s.path(snapshotFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.SyncDir(filepath.Clean(s.cfg.Dir))
}

// awaitSnapshot waits until no snapshot from before is half written.
func (s *Store) awaitSnapshot() {
	s.writing.Lock()
	defer s.writing.Unlock()
}

// saveLast writes the snapshot of a store that is being closed, unless there is one of it as it is.
func (s *Store) saveLast() {
	if s.Head().Seq == s.saved.Load() {
		return
	}
	if err := s.save(); err != nil {
		s.logger.Warn("writing a snapshot of the index: the next start takes longer", zap.Error(err))
	}
}

// keepSnapshot writes snapshots by and by, until the store is closed.
func (s *Store) keepSnapshot() {
	tick := time.NewTicker(snapshotEvery)
	defer tick.Stop()
	at := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		seq, saved := s.Head().Seq, s.saved.Load()
		if seq == saved || seq < saved+snapshotLinks && time.Since(at) < snapshotRest {
			continue
		}
		if err := s.save(); err != nil {
			s.logger.Warn("writing a snapshot of the index: the next start takes longer", zap.Error(err))
			continue
		}
		at = time.Now()
	}
}
