package badgerdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	_ "unsafe" // for go:linkname

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
)

// badgerSync is what Badger calls when it has written to its manifest, the list of the tables that are
// its database, and before it removes the tables that the list has no longer: a variable of its own,
// kept "to allow injection" (manifest.go). There each change is judged. Badger, up to 4.9.6 at least,
// goes on with a compaction when it cannot make one of the new tables (levels.go, subcompact: the
// argument of a deferred call is taken too early), for want of descriptors or mappings, or because
// the file is there already; the old tables are removed, and all that was in the new one is lost
// without a word.
//
//go:linkname badgerSync github.com/dgraph-io/badger/v4.syncFunc
var badgerSync func(*os.File) error

// judged says that Badger has that variable; in another version it may not.
var judged = badgerSync != nil

// manifests has the manifests of the databases that are open, by the names of their files.
var manifests sync.Map

func init() { badgerSync = syncManifest }

func syncManifest(f *os.File) error {
	if m, ok := manifests.Load(f.Name()); ok {
		return m.(*manifest).keep(f)
	}
	return f.Sync()
}

const (
	manifestHeader = 8 // bytes: what it is, and its version
	recordHeader   = 8 // length and checksum of a change
)

// A manifest is the manifest of an open database, as it is right: the tables that exist, and up to
// where the file says so. Badger calls keep for one change at a time.
type manifest struct {
	dir    string
	logger *zap.Logger
	counts *Tables

	mu       sync.Mutex
	file     os.FileInfo // nil: there is none yet
	end      int64       // of what was read of it
	tables   map[uint64]*storedTable
	dropping [][]byte // prefixes of keys that are being removed
	spoilt   bool     // Badger holds changes for made that were undone
}

// Tables is what is known of the tables of a database. Its methods are safe for concurrent use.
type Tables struct {
	stored atomic.Int64
	undone atomic.Uint64
	stuck  atomic.Pointer[error]
}

// Stored is how many there are; each is an open file.
func (t *Tables) Stored() int { return int(t.stored.Load()) }

// Undone is how many changes of them were taken back, which would have lost something.
func (t *Tables) Undone() uint64 { return t.undone.Load() }

// Stuck is why the last compaction was taken back; nil once one was not.
func (t *Tables) Stuck() error {
	if stuck := t.stuck.Load(); stuck != nil {
		return *stuck
	}
	return nil
}

// A storedTable is one of the files in which a database is.
type storedTable struct {
	made        *pb.ManifestChange // with its level
	first, last []byte             // keys; nil until somebody asked
}

// openManifest reads the manifest in dir, and judges from now on how it changes, until closeManifest.
func openManifest(dir string, logger *zap.Logger, counts *Tables) error {
	if !judged {
		return errors.New("this version of Badger does not let its compactions be judged")
	}
	m := &manifest{dir: dir, logger: logger, counts: counts, tables: make(map[uint64]*storedTable)}
	f, err := os.Open(manifestName(dir))
	if err == nil {
		defer f.Close()
		var c *change
		if c, err = m.read(f); err == nil {
			m.apply(c)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the list of tables: %w", err)
	}
	if _, taken := manifests.LoadOrStore(manifestName(dir), m); taken {
		return errOpenAlready
	}
	counts.stuck.Store(nil)
	return nil
}

func closeManifest(dir string) { manifests.Delete(manifestName(dir)) }

func manifestName(dir string) string { return filepath.Join(dir, badger.ManifestFilename) }

// dropping says which keys are being removed from the database in dir, from now on until it is called
// again.
func dropping(dir string, prefixes [][]byte) {
	if m, ok := manifests.Load(manifestName(dir)); ok {
		m := m.(*manifest)
		m.mu.Lock()
		m.dropping = prefixes
		m.mu.Unlock()
	}
}

// keep judges the change that was written to f last, and makes it durable. One that would lose
// something is taken back, and fails: then Badger keeps the old tables, removes the new ones, and
// tries again by and by.
func (m *manifest) keep(f *os.File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.read(f)
	if err == nil {
		err = m.judge(c)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		m.apply(c)
		if len(c.removed) > 0 {
			m.counts.stuck.Store(nil)
		}
		return nil
	}
	m.counts.undone.Add(1)
	m.spoilt = true
	err = errors.Join(err, m.undo(f))
	if c != nil && len(c.removed) > 0 {
		m.counts.stuck.Store(&err)
	}
	m.logger.Error("a change of the tables was taken back, for it would have lost some of what they hold", zap.Error(err))
	return err
}

// A change of the tables is that some are made, in place of others that are removed.
type change struct {
	made    []*pb.ManifestChange
	removed []uint64
	file    os.FileInfo
	end     int64
	anew    bool // the file was written anew
}

// read reads how f differs from what was read before. A last change that is not whole was not made.
func (m *manifest) read(f *os.File) (*change, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c := &change{file: info, end: m.end, anew: m.file == nil || !os.SameFile(m.file, info)}
	if c.anew {
		c.end = manifestHeader
	}
	b := make([]byte, max(0, info.Size()-c.end))
	if _, err := f.ReadAt(b, c.end); err != nil {
		return nil, err
	}
	var sets []*pb.ManifestChangeSet
	for len(b) >= recordHeader {
		n := int(binary.BigEndian.Uint32(b))
		if n > len(b)-recordHeader {
			break
		}
		record := b[recordHeader:][:n]
		if crc32.Checksum(record, wire.Castagnoli) != binary.BigEndian.Uint32(b[4:]) {
			return nil, wire.ErrDamaged
		}
		set := new(pb.ManifestChangeSet)
		if err := proto.Unmarshal(record, set); err != nil {
			return nil, err
		}
		sets = append(sets, set)
		b = b[recordHeader+n:]
		c.end += int64(recordHeader + n)
	}
	if m.file != nil && (len(b) > 0 || !c.anew && len(sets) != 1) {
		return nil, fmt.Errorf("%d changes and %d bytes were added to the list of tables, and not one change: %w", len(sets), len(b), wire.ErrDamaged)
	}
	c.join(sets, m.tables)
	return c, nil
}

// join makes one change of many. When the file was written anew, they begin without any tables.
func (c *change) join(sets []*pb.ManifestChangeSet, before map[uint64]*storedTable) {
	made := make(map[uint64]*pb.ManifestChange)
	removed := make(map[uint64]bool)
	if c.anew {
		for id := range before {
			removed[id] = true
		}
	}
	for _, set := range sets {
		for _, one := range set.Changes {
			switch {
			case one.Op == pb.ManifestChange_CREATE && removed[one.Id]:
				delete(removed, one.Id)
			case one.Op == pb.ManifestChange_CREATE:
				made[one.Id] = one
			case made[one.Id] != nil:
				delete(made, one.Id)
			default:
				removed[one.Id] = before[one.Id] != nil
			}
		}
	}
	for _, one := range made {
		c.made = append(c.made, one)
	}
	for id, was := range removed {
		if was {
			c.removed = append(c.removed, id)
		}
	}
}

func (m *manifest) apply(c *change) {
	for _, id := range c.removed {
		delete(m.tables, id)
	}
	for _, one := range c.made {
		m.tables[one.Id] = &storedTable{made: one}
	}
	m.file, m.end = c.file, c.end
	m.counts.stored.Store(int64(len(m.tables)))
}

// undo brings the file back to what is right.
func (m *manifest) undo(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end := m.end
	if m.file == nil || !os.SameFile(m.file, info) { // written anew: what was before it is gone
		var set pb.ManifestChangeSet
		for _, t := range m.tables {
			set.Changes = append(set.Changes, t.made)
		}
		b, err := proto.Marshal(&set)
		if err != nil {
			return err
		}
		record := binary.BigEndian.AppendUint32(nil, uint32(len(b)))
		record = append(binary.BigEndian.AppendUint32(record, crc32.Checksum(b, wire.Castagnoli)), b...)
		if _, err := f.WriteAt(record, manifestHeader); err != nil {
			return err
		}
		end = manifestHeader + int64(len(record))
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	if _, err := f.Seek(end, 0); err != nil {
		return err
	}
	m.file, m.end = info, end
	return f.Sync()
}
