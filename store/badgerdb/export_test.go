package badgerdb

import (
	"os"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"go.uber.org/zap"
)

// A SmallDatabase is one with small tables and memory tables, whose manifest is judged.
type SmallDatabase struct {
	*badger.DB
	dir    string
	tables Tables
}

// OpenSmall opens one in a folder.
func OpenSmall(dir string) (*SmallDatabase, error) {
	d := &SmallDatabase{dir: dir}
	if err := openManifest(dir, zap.NewNop(), &d.tables); err != nil {
		return nil, err
	}
	opt := badger.DefaultOptions(dir).WithLogger(nil).WithCompression(options.None).WithBlockCacheSize(0).
		WithMemTableSize(1 << 20).WithBaseTableSize(64 << 10).WithBaseLevelSize(256 << 10).WithValueThreshold(1 << 10).WithNumVersionsToKeep(1).
		WithNumLevelZeroTables(1).WithNumLevelZeroTablesStall(1000).WithNumCompactors(0) // it compacts when it is told to
	var err error
	d.DB, err = badger.Open(opt)
	return d, err
}

// Undone is how many changes of its tables were taken back.
func (d *SmallDatabase) Undone() uint64 { return d.tables.Undone() }

// Stuck reports whether the last compaction was undone.
func (d *SmallDatabase) Stuck() bool { return d.tables.Stuck() != nil }

// Drop removes keys as an erasure does.
func (d *SmallDatabase) Drop(prefix string) error {
	dropping(d.dir, [][]byte{[]byte(prefix)})
	defer dropping(d.dir, nil)
	return d.DropPrefix([]byte(prefix))
}

// Close closes it.
func (d *SmallDatabase) Close() error {
	defer closeManifest(d.dir)
	return d.DB.Close()
}

// JudgeManifest is what happens when Badger has written to the manifest in a folder, which was as before,
// or has put a new one in its place.
func JudgeManifest(dir string, before, now []byte, anew bool) error {
	if err := os.WriteFile(manifestName(dir), before, 0o600); err != nil {
		return err
	}
	if err := openManifest(dir, zap.NewNop(), new(Tables)); err != nil {
		return err
	}
	defer closeManifest(dir)
	name := manifestName(dir)
	if anew {
		name += "-REWRITE"
	}
	if err := os.WriteFile(name, now, 0o600); err != nil {
		return err
	}
	if err := os.Rename(name, manifestName(dir)); err != nil {
		return err
	}
	f, err := os.OpenFile(manifestName(dir), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return badgerSync(f)
}
