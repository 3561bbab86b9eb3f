package badgerdb

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/sendgate/sendgate/store/disk"
	"go.uber.org/zap"
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

// freed is how long it may take until a folder is free that was closed: what a process had open when it began another one is
// held by that, too, until it runs a program of its own, and the lock with it. Of 5,000 locks that were let go of beside
// four such beginnings at a time, half were held on, up to 12 ms.
const freed = time.Second

var errOpenAlready = errors.New("it is open already: one process owns the folder, and while a gate runs everything else asks it through its admin API")

// Open opens the database in the folder, whose manifest is judged as long as it is open.
func (f *Folder) Open() (*badger.DB, error) { return f.open(tableSize(f.stored())) }

// OpenFor opens a new database into which so many bytes are about to be written.
func (f *Folder) OpenFor(bytes int64) (*badger.DB, error) { return f.open(tableSize(bytes)) }

func (f *Folder) open(table int64) (*badger.DB, error) {
	if f.file != nil {
		if err := openManifest(f.name, f.logger, &f.Tables); err != nil {
			return nil, err
		}
	}
	db, err := openDatabase(f.options(table))
	if err != nil {
		closeManifest(f.name)
	}
	return db, err
}

// CloseDB closes the database of the folder. One whose folder was removed it leaves open:
// Badger would try for ever to write there what is in memory.
func (f *Folder) CloseDB(db *badger.DB) error {
	if err := f.Check(); err != nil {
		return err
	}
	defer closeManifest(f.name)
	return db.Close()
}

// options are how Badger keeps the database, in tables of so many bytes.
//
// Values are small and live in the tree, so the value log stays empty; without compression no
// block cache is needed. A small memory table makes a sync cheaper and a replay after a crash
// short. One goroutine commits, so conflicts cannot be. Tables have one size on every level: by
// default they double from level to level, so that the memory of a compaction would grow with what
// is stored. When memory tables are filled faster than compactions follow, commits wait.
func (f *Folder) options(table int64) badger.Options {
	opt := badger.DefaultOptions(f.name).
		WithBaseTableSize(table).
		WithNumMemtables(2).
		WithInMemory(f.file == nil).
		WithLogger(badgerLogger{f.badger.WithOptions(zap.AddCallerSkip(1)).Sugar()}).
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
	for began := time.Now(); isLocked(err) && time.Since(began) < freed; db, err = badger.Open(opt) {
		time.Sleep(freed / 100)
	}
	for range maxUnborn {
		if err == nil || !strings.Contains(err.Error(), "Create a new file") {
			break
		}
		db, err = badger.Open(opt)
	}
	if isLocked(err) {
		return nil, fmt.Errorf("%w: %w", errOpenAlready, err)
	}
	return db, err
}

// isLocked reports whether a database was not opened since somebody else has it open.
func isLocked(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Another process is using this Badger database")
}

// stored is how many bytes the tables in the folder have.
func (f *Folder) stored() (bytes int64) {
	if f.file == nil {
		return 0
	}
	tables, err := disk.Glob(f.name, "*.sst")
	if err != nil {
		return 0
	}
	for _, name := range tables {
		if table, err := os.Stat(name); err == nil {
			bytes += table.Size()
		}
	}
	return bytes
}

// tableSize is how large the tables are in which so many bytes are stored.
func tableSize(stored int64) int64 {
	size := int64(smallTable)
	for size < largeTable && stored/size > mostTables {
		size *= 2
	}
	return size
}

// badgerLogger hands Badger's own log on. What Badger tells as information is for debugging here.
type badgerLogger struct{ to *zap.SugaredLogger }

func (l badgerLogger) Errorf(f string, v ...any)   { l.to.Warnf(strings.TrimSpace(f), v...) }
func (l badgerLogger) Warningf(f string, v ...any) { l.to.Warnf(strings.TrimSpace(f), v...) }
func (l badgerLogger) Infof(f string, v ...any)    { l.to.Debugf(strings.TrimSpace(f), v...) }
func (l badgerLogger) Debugf(f string, v ...any)   { l.to.Debugf(strings.TrimSpace(f), v...) }
