package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// errStale says that a snapshot is whole, and not of this database as it is now.
var errStale = errors.New("it is not of the database as it is now")

// errBefore says that a snapshot knows more than the database: what it does is no part of the chain any more.
var errBefore = errors.New("it knows of events that the database does not have")

// restore makes the Bloom filter and the index: from the snapshot where that is possible, else from
// all records.
func (s *Store) restore(db *badger.DB) error {
	start := time.Now()
	err := s.loadSnapshot(db)
	switch {
	case err == nil:
		s.logger.Info("the index was read", zap.Uint64("link", s.saved.Load()), zap.Duration("took", time.Since(start)))
		return nil
	case errors.Is(err, errBefore):
		s.logger.Error("consent/ is not what it was: it was put back as it was before, or is another store's, or lost its end; "+
			"opt-outs that were acknowledged may be gone", zap.Uint64("ends", s.Head().Seq), zap.Error(err))
	case errors.Is(err, errStale):
		s.logger.Info("the snapshot of the index is not used", zap.Error(err))
	case !errors.Is(err, fs.ErrNotExist):
		s.logger.Warn("the snapshot of the index is not used", zap.Error(err))
	}
	return s.load(db)
}

// loadSnapshot makes the Bloom filter and the index from the snapshot, and brings them up to date.
func (s *Store) loadSnapshot(db *badger.DB) error {
	if s.cfg.Memory {
		return fs.ErrNotExist
	}
	f, err := os.Open(s.path(snapshotFile))
	if err != nil {
		return err
	}
	defer f.Close()
	r := &snapshotReader{file: f}
	if err := r.open(); err != nil {
		return err
	}
	h := &r.head
	indexed := s.totals.Load().recipients <= s.cfg.Index
	if err := s.inChain(db, h.head); err != nil {
		return err
	}
	if indexed && !h.indexed || h.unchained != s.totals.Load().unchained {
		return errStale
	}
	s.optouts = new(optouts)
	var ix *index
	if indexed {
		ix = newIndex(0)
	}
	if err := r.load(s.optouts, ix); err != nil {
		return err
	}
	s.adoptIndex(ix)
	if err := s.catchUp(db, h.head.Seq); err != nil {
		return err
	}
	if n := s.totals.Load().recipients; ix != nil && ix.count.Load() != n {
		return fmt.Errorf("it has %d records, and the database %d: %w", ix.count.Load(), n, wire.ErrDamaged)
	}
	s.saved.Store(h.head.Seq)
	return nil
}

// inChain finds out whether the chain goes through a head.
func (s *Store) inChain(db *badger.DB, h Head) error {
	if h.Seq == 0 {
		return errStale
	}
	if h.Seq > s.Head().Seq {
		return fmt.Errorf("link %d: %w", h.Seq, errBefore)
	}
	return db.View(func(txn *badger.Txn) error {
		l, err := linkAt(txn, h.Seq)
		if err == nil && l.Sum != h.Sum {
			err = fmt.Errorf("link %d: %w", h.Seq, errBefore)
		}
		return err
	})
}

// maxCatchUp is how many links of the chain are made good at most, besides an eighth of as many as
// there are recipients: more take longer than to read all records.
const maxCatchUp = 50_000

// catchUp reads anew the records of those about whom the chain has links behind the one numbered.
func (s *Store) catchUp(db *badger.DB, seq uint64) error {
	missing := s.Head().Seq - seq
	if missing == 0 {
		return nil
	}
	if missing > maxCatchUp+uint64(s.totals.Load().recipients)/8 {
		return fmt.Errorf("%d links of the chain came after it: %w", missing, errStale)
	}
	seen := make(map[fingerprint.Recipient]struct{})
	var fps []fingerprint.Recipient
	err := db.View(func(txn *badger.Txn) error {
		return eachPiece(txn, seq+1, func(p *piece) (bool, error) {
			for i := range p.links {
				fp := p.links[i].id.recipient()
				if _, ok := seen[fp]; !ok {
					seen[fp] = struct{}{}
					fps = append(fps, fp)
				}
			}
			return true, nil
		})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(fps, func(a, b fingerprint.Recipient) int { return bytes.Compare(a[:], b[:]) }) // as they lie on disk
	parts := runtime.GOMAXPROCS(0)
	errs := make([]error, parts)
	var workers sync.WaitGroup
	for i := range parts {
		workers.Go(func() { errs[i] = s.refresh(db, fps[i*len(fps)/parts:(i+1)*len(fps)/parts]) })
	}
	workers.Wait()
	return errors.Join(errs...)
}

// A snapshotReader reads the sections of a snapshot.
type snapshotReader struct {
	file     *os.File
	sections []section
	head     snapshotHead
}

// open reads the table of the sections, and the head.
func (r *snapshotReader) open() error {
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

func (r *snapshotReader) readHead() error {
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
	h := &r.head
	h.head.Seq = binary.LittleEndian.Uint64(b)
	b = b[8+copy(h.head.Sum[:], b[8:]):]
	h.unchained, h.indexed = int64(binary.LittleEndian.Uint64(b)), b[8] == 1
	return nil
}

// read reads a section into room, where that is large enough.
func (r *snapshotReader) read(s section, room []byte) ([]byte, error) {
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

// load reads all sections, of which there must be one of each.
func (r *snapshotReader) load(o *optouts, ix *index) error {
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
	if !r.head.indexed {
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
func (r *snapshotReader) part(s section, room []byte, o *optouts, ix *index) ([]byte, error) {
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
