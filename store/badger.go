package store

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/sendgate/sendgate/store/disk"
	"go.uber.org/zap"
)

// The database has one namespace; the first byte of a key says what it holds.
const (
	kindPlace  = 'p' // + number: a brand and channel
	kindRecord = 'r' // + fingerprint: the record of a recipient
	kindEvent  = 'e' // + fingerprint + hash of the event's ID: an event
	kindErased = 'E' // + the same: an event of a recipient who was erased since, or the erasure itself
	kindPiece  = 'c' // + number of its last link: a piece of the chain
	kindBlob   = 'b' // + SHA-256 of a blob + fingerprint + hash of an event's ID, no value: it names the blob
	kindSweep  = 's' // + time of an erasure + fingerprint, no value: when to look whether it may be forgotten
	kindGone   = 'g' // + fingerprint: the events of this recipient were removed when their time was over
	kindSend   = 'k' // + hash of the key of a send: what became of it
	kindLink   = 'l' // + fingerprint + fingerprint: the second recipient is the first, too; the value has its address
	kindPass   = 'w' // + its id: a pass
	kindMeta   = 'm' // + name: something about the database itself
)

const (
	// Tables of the database are small, for a compaction holds up to a dozen of them in memory twice
	// over. But each is an open file, so where there would be more than mostTables they are larger.
	smallTable = 2 << 20 // bytes
	largeTable = 8 << 20
	mostTables = 8192

	// memTable is how large a memory table becomes, in bytes, and about how large the table that is
	// made of it is. When a compaction of other tables is in the way, Badger makes one table of as many
	// as wait, in memory: no more than mostWaiting do.
	memTable    = 8 << 20
	mostWaiting = 8
)

// maxUnborn is how many files may be empty because the process was killed right after it made them.
// Badger refuses to open such a file, but has given it its form by then: the next attempt gets past
// it.
const maxUnborn = 8

var errOpenAlready = errors.New("it is open already: one process owns the folder, and while a gate runs everything else asks it through its admin API")

// openBadger opens the database of the consent store, whose manifest is judged as long as it is open.
func (s *Store) openBadger() (*badger.DB, error) {
	dir := s.folder.name
	if !s.cfg.Memory {
		if err := s.room(disk.MinFree); err != nil {
			return nil, err
		}
		if err := openManifest(dir, s.logger, &s.metrics.tables); err != nil {
			return nil, err
		}
	}
	db, err := openDatabase(s.options(dir))
	if err != nil {
		closeManifest(dir)
	}
	return db, err
}

// closeBadger closes a database that openBadger opened. One whose folder was removed it leaves open:
// Badger would try for ever to write there what is in memory.
func (s *Store) closeBadger(db *badger.DB) error {
	if err := s.folder.check(); err != nil {
		return err
	}
	defer closeManifest(s.folder.name)
	return db.Close()
}

// options are how Badger keeps the consent store.
//
// Values are small and live in the tree, so the value log stays empty; without compression no
// block cache is needed. A small memory table makes a sync cheaper and a replay after a crash
// short. One goroutine commits, so conflicts cannot be. Tables have one size on every level: by
// default they double from level to level, so that the memory of a compaction would grow with what
// is stored. When memory tables are filled faster than compactions follow, commits wait.
func (s *Store) options(dir string) badger.Options {
	opt := badger.DefaultOptions(dir).
		WithBaseTableSize(s.tableSize()).
		WithNumMemtables(2).
		WithInMemory(s.cfg.Memory).
		WithLogger(badgerLogger{s.cfg.Logger.Named("badger").WithOptions(zap.AddCallerSkip(1)).Sugar()}).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithMetricsEnabled(false).
		WithDetectConflicts(false).
		WithNumVersionsToKeep(1).
		WithSyncWrites(badgerSyncs).
		WithMemTableSize(memTable).
		WithNumLevelZeroTablesStall(mostWaiting).
		WithBaseLevelSize(32 << 20).
		WithValueLogFileSize(16 << 20).
		WithNumCompactors(2).
		WithBloomFalsePositive(0.01)
	opt.TableSizeMultiplier = 1
	return opt
}

// openDatabase opens a database, also where files of it are empty.
func openDatabase(opt badger.Options) (*badger.DB, error) {
	db, err := badger.Open(opt)
	for range maxUnborn {
		if err == nil || !strings.Contains(err.Error(), "Create a new file") {
			break
		}
		db, err = badger.Open(opt)
	}
	if err != nil && strings.Contains(err.Error(), "Another process is using this Badger database") {
		return nil, fmt.Errorf("%w: %w", errOpenAlready, err)
	}
	return db, err
}

// tableSize is how large a table of the database becomes, in bytes.
func (s *Store) tableSize() int64 {
	tables, err := disk.Glob(s.folder.name, "*.sst")
	if err != nil || s.cfg.Memory {
		return smallTable
	}
	var stored int64
	for _, name := range tables {
		if f, err := os.Stat(name); err == nil {
			stored += f.Size()
		}
	}
	return tableSizeFor(stored)
}

// tableSizeFor is how large the tables are in which so many bytes are stored.
func tableSizeFor(stored int64) int64 {
	size := int64(smallTable)
	for size < largeTable && stored/size > mostTables {
		size *= 2
	}
	return size
}

// room fails when the disk of the store has less than want bytes left, or the database no folder.
func (s *Store) room(want int64) error {
	if s.cfg.Memory {
		return nil
	}
	if err := s.folder.check(); err != nil {
		return err
	}
	free, err := s.free(s.cfg.Dir)
	if err != nil {
		return fmt.Errorf("asking for the free disk space of %s: %w", s.cfg.Dir, err)
	}
	if free < want {
		return fmt.Errorf("the disk of %s is full: %d MB left, %d MB needed to write safely", s.cfg.Dir, free>>20, want>>20)
	}
	return nil
}

// badgerLogger hands Badger's own log on. What Badger tells as information is for debugging here.
type badgerLogger struct{ to *zap.SugaredLogger }

func (l badgerLogger) Errorf(f string, v ...any)   { l.to.Warnf(strings.TrimSpace(f), v...) }
func (l badgerLogger) Warningf(f string, v ...any) { l.to.Warnf(strings.TrimSpace(f), v...) }
func (l badgerLogger) Infof(f string, v ...any)    { l.to.Debugf(strings.TrimSpace(f), v...) }
func (l badgerLogger) Debugf(f string, v ...any)   { l.to.Debugf(strings.TrimSpace(f), v...) }
