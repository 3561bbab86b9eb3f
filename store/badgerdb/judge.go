package badgerdb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"
)

// deletedMark is set in the meta byte of a value when its key was removed (Badger's bitDelete).
const deletedMark = 1 << 0

var errUnsound = errors.New("the tables that were made do not have all that the removed ones had")

// judge fails where a change would lose something.
//
// A compaction makes tables of other tables, one after another in the order of the keys. So where one
// is missing there is a gap between two neighbours, or at an end, and only what lies in the gaps has to
// be looked at: usually nothing does.
func (m *manifest) judge(c *change) error {
	if m.spoilt && c.anew { // it says what Badger holds for made
		return errors.New("the list of tables was written anew while what was undone was in it")
	}
	if len(c.removed) == 0 {
		return nil
	}
	var o openTables
	defer o.close()
	var before []y.Iterator
	below := 0
	for _, id := range c.removed {
		t, err := o.open(m.dir, m.tables[id].made)
		if err != nil {
			return err
		}
		before = append(before, t.NewIterator(table.NOCACHE))
		below = max(below, int(m.tables[id].made.Level)+1)
	}
	var after []*table.Table
	for _, one := range c.made {
		t, err := o.open(m.dir, one)
		if err != nil {
			return err
		}
		after = append(after, t)
		below = max(below, int(one.Level)+1)
	}
	slices.SortFunc(after, func(a, b *table.Table) int { return y.CompareKeys(a.Smallest(), b.Smallest()) })
	it := table.NewMergeIterator(before, false)
	defer it.Close()
	j := judge{manifest: m, it: it, below: below}
	var first []byte
	for _, t := range after {
		if err := j.gap(first, t.Smallest()); err != nil {
			return err
		}
		first = t.Biggest()
	}
	return j.gap(first, nil)
}

// A judge looks at what lay between the tables that were made.
type judge struct {
	*manifest
	it    y.Iterator // over all that the removed tables hold, the newest version of a key first
	below int        // the first level that the compaction did not touch
}

// gap fails where there is anything behind first and before last that should have been kept; nil is
// the beginning, or the end.
func (j *judge) gap(first, last []byte) error {
	if first == nil {
		j.it.Rewind()
	} else {
		j.it.Seek(y.KeyWithTs(y.ParseKey(first), 0)) // behind all versions
	}
	seen := y.Copy(first)
	for ; j.it.Valid(); j.it.Next() {
		key := j.it.Key()
		if last != nil && bytes.Compare(y.ParseKey(key), y.ParseKey(last)) >= 0 {
			break
		}
		if len(seen) > 0 && y.SameKey(seen, key) {
			continue // an older version
		}
		seen = append(seen[:0], key...)
		if wanted, err := j.wanted(key); err != nil || wanted {
			return errors.Join(errUnsound, err)
		}
	}
	return nil
}

// wanted reports whether the key at hand, in its newest version, should have been kept. The mark of a
// key that was removed, or whose time is over, is kept as long as there may be older versions.
func (j *judge) wanted(key []byte) (bool, error) {
	for _, prefix := range j.dropping {
		if bytes.HasPrefix(key, prefix) {
			return false, nil
		}
	}
	v := j.it.Value()
	if v.Meta&deletedMark == 0 && (v.ExpiresAt == 0 || v.ExpiresAt > uint64(time.Now().Unix())) {
		return true, nil
	}
	for _, t := range j.tables {
		if int(t.made.Level) < j.below {
			continue
		}
		if err := t.span(j.dir); err != nil {
			return false, err
		}
		if bytes.Compare(y.ParseKey(t.first), y.ParseKey(key)) <= 0 && bytes.Compare(y.ParseKey(key), y.ParseKey(t.last)) <= 0 {
			return true, nil
		}
	}
	return false, nil
}

// span finds out which keys the table begins and ends with.
func (t *storedTable) span(dir string) error {
	if t.first != nil {
		return nil
	}
	var o openTables
	defer o.close()
	opened, err := o.open(dir, t.made)
	if err == nil {
		t.first, t.last = y.Copy(opened.Smallest()), y.Copy(opened.Biggest())
	}
	return err
}

// openTables are tables that are read beside Badger. They take memory maps, and no descriptors.
type openTables [][]byte

func (o *openTables) open(dir string, made *pb.ManifestChange) (*table.Table, error) {
	f, err := os.Open(table.NewFilename(made.Id, dir))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := z.Mmap(f, false, info.Size())
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", f.Name(), err)
	}
	*o = append(*o, data)
	return table.OpenInMemoryTable(data, made.Id, &table.Options{Compression: options.CompressionType(made.Compression)})
}

func (o *openTables) close() {
	for _, data := range *o {
		_ = z.Munmap(data) // it was only read
	}
}
