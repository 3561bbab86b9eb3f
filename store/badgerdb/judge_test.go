package badgerdb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/badgerdb"
	"github.com/sendgate/sendgate/store/storetest"
)

// obstruct puts files where a database will make every other of its next tables, and returns them.
func obstruct(t testing.TB, dir string) (files []string) {
	t.Helper()
	last := 0
	for _, name := range storetest.Glob(t, dir, "*.sst") {
		n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".sst"))
		storetest.Must(t, err)
		last = max(last, n)
	}
	for n := last + 2; n < last+60; n += 2 {
		name := filepath.Join(dir, fmt.Sprintf("%06d.sst", n))
		storetest.Must(t, os.WriteFile(name, nil, 0o600))
		files = append(files, name)
	}
	return files
}

// small opens a database with small tables.
func small(t *testing.T, dir string) *badgerdb.SmallDatabase {
	t.Helper()
	d, err := badgerdb.OpenSmall(dir)
	storetest.Must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

const smallKeys = 8000

func smallKey(i int) []byte { return fmt.Appendf(nil, "%c%07d", "ab"[i*2/smallKeys], i) }

// put sets the keys in [from, to), or removes them.
func put(t *testing.T, d *badgerdb.SmallDatabase, from, to int, value []byte) {
	t.Helper()
	b := d.NewWriteBatch()
	for i := from; i < to; i++ {
		if value == nil {
			storetest.Must(t, b.Delete(smallKey(i)))
		} else {
			storetest.Must(t, b.Set(smallKey(i), value))
		}
	}
	storetest.Must(t, b.Flush())
}

// alive checks how many keys there are.
func alive(t *testing.T, when string, d *badgerdb.SmallDatabase, want int) {
	t.Helper()
	n := 0
	storetest.Must(t, d.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			n++
		}
		return nil
	}))
	if n != want {
		t.Errorf("%s: %d keys are there, want %d", when, n, want)
	}
}

// A compaction that cannot make one of its tables loses nothing: neither what is there, nor that
// something is there no longer.
func TestCompactions(t *testing.T) {
	value := []byte(strings.Repeat("x", 200))
	for _, tc := range []struct {
		name     string
		work     func(t *testing.T, d *badgerdb.SmallDatabase)
		obstruct bool
		left     int
	}{
		{"keys that live", func(t *testing.T, d *badgerdb.SmallDatabase) {}, false, smallKeys},
		{"keys that live, while tables cannot be made", func(t *testing.T, d *badgerdb.SmallDatabase) {}, true, smallKeys},
		{"keys removed from a lower level, while tables cannot be made", func(t *testing.T, d *badgerdb.SmallDatabase) {
			storetest.Must(t, d.Flatten(1))
			put(t, d, 1000, 7000, nil)
		}, true, 2000},
		{"keys removed", func(t *testing.T, d *badgerdb.SmallDatabase) { put(t, d, 1000, 7000, nil) }, false, 2000},
		{"keys dropped", func(t *testing.T, d *badgerdb.SmallDatabase) { storetest.Must(t, d.Drop("a")) }, false, smallKeys / 2},
		{"all keys dropped", func(t *testing.T, d *badgerdb.SmallDatabase) {
			storetest.Must(t, d.Drop("a"))
			storetest.Must(t, d.Drop("b"))
		}, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			d := small(t, dir)
			put(t, d, 0, smallKeys, value)
			storetest.Must(t, d.Close()) // into tables
			d = small(t, dir)
			tc.work(t, d)
			storetest.Must(t, d.Close())
			d = small(t, dir)
			var files []string
			if tc.obstruct {
				files = obstruct(t, dir)
			}
			err := d.Flatten(1)
			if tc.obstruct != (err != nil) || tc.obstruct != (d.Undone() > 0) || tc.obstruct != d.Stuck() {
				t.Errorf("%d compactions were undone, stuck: %v, and compacting says: %v", d.Undone(), d.Stuck(), err)
			}
			alive(t, "at first", d, tc.left)
			for _, name := range files {
				storetest.Must(t, os.Remove(name))
			}
			storetest.Must(t, d.Flatten(1))
			if d.Stuck() {
				t.Error("it says that it is stuck behind a compaction that was not undone")
			}
			alive(t, "after the next compaction", d, tc.left)
			storetest.Must(t, d.Close())
			d = small(t, dir)
			alive(t, "opened again", d, tc.left)
		})
	}
}

// A list of tables that is torn, or is written anew without one of them, is put right before
// anything is removed on its account.
func TestManifests(t *testing.T) {
	dir := t.TempDir()
	d := small(t, dir)
	put(t, d, 0, smallKeys, []byte(strings.Repeat("x", 200)))
	storetest.Must(t, d.Close())
	name := filepath.Join(dir, badger.ManifestFilename)
	whole, err := os.ReadFile(name)
	storetest.Must(t, err)
	empty := whole[:16]
	for _, tc := range []struct {
		name  string
		now   []byte
		anew  bool
		right bool
	}{
		{"written anew as it was", whole, true, true},
		{"written anew without its tables", empty, true, false},
		{"with half a change", append(whole[:len(whole):len(whole)], "half a change"...), false, false},
		{"with a change behind half of one", append(append(whole[:len(whole):len(whole)], "half"...), whole[8:]...), false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := badgerdb.JudgeManifest(dir, whole, tc.now, tc.anew); (err == nil) != tc.right {
				t.Errorf("it is judged: %v", err)
			}
			d := small(t, dir)
			alive(t, "opened again", d, smallKeys)
			storetest.Must(t, d.Close())
		})
	}
}
