package store

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/wire"
)

// The database is in a backup as its pairs in the order of their keys, each as
//
//	length of key, key, second since 1970 at which it expires or 0, length of value, value
//
// with numbers as uvarints. Passes are left out: one that was used since would let its message pass again.

const (
	// backupPage is how many bytes of pairs are gathered before they are written: while they are, the database
	// cannot be taken out of use.
	backupPage = 256 << 10

	longestKey   = 1 << 16  // bytes: Badger takes none that is longer
	longestValue = 64 << 20 // bytes: none is nearly as long
)

// database writes the part that has the database.
func (b *backup) database() error {
	part, err := b.part(backupDatabase, zip.Deflate)
	if err != nil {
		return err
	}
	var page []byte
	for next := []byte{}; next != nil; {
		if page, next, err = b.pairs(page[:0], next); err != nil {
			return err
		}
		if _, err := io.Copy(part, b.slowly(bytes.NewReader(page))); err != nil {
			return err
		}
	}
	missing := int64(0)
	if value, err := b.get(metaKey(metaTotals)); err != nil {
		return err
	} else if value != nil {
		t, err := decodeTotals(value)
		if err != nil {
			return err
		}
		missing = t.recipients - b.self.Recipients
	}
	if missing > 0 {
		return fmt.Errorf("%d of the %d records are lost: keep the backups from before", missing, b.self.Recipients+missing)
	}
	return nil
}

// get is a value as it is at the moment of the backup, nil where there is none.
func (b *backup) get(key []byte) (value []byte, err error) {
	err = b.look(func() error {
		item, err := b.txn.Get(key)
		if err == badger.ErrKeyNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	return value, err
}

// look runs f while the database stays open that the backup began with.
func (b *backup) look(f func() error) error {
	return b.s.hold(func(db *badger.DB) error {
		if db != b.db {
			return fmt.Errorf("it was opened again meanwhile: %w", errMending)
		}
		return f()
	})
}

// pairs appends a page of pairs from a key on; next is where to go on, nil at the end.
func (b *backup) pairs(page, from []byte) (_, next []byte, err error) {
	err = b.look(func() error {
		it := b.txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		for it.Seek(from); it.Valid(); it.Next() {
			b.pause()
			item := it.Item()
			key := item.Key()
			if len(page) >= backupPage {
				next = bytes.Clone(key)
				return nil
			}
			switch key[0] {
			case kindPass:
				continue
			case kindRecord:
				b.self.Recipients++
			}
			page = append(binary.AppendUvarint(page, uint64(len(key))), key...)
			page = binary.AppendUvarint(page, item.ExpiresAt())
			err := item.Value(func(value []byte) error {
				page = append(binary.AppendUvarint(page, uint64(len(value))), value...)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return page, next, err
}

// A pair is one of the database.
type pair struct {
	key, value []byte
	expires    uint64
}

// A pairReader reads pairs, whose keys must ascend.
type pairReader struct {
	r    *bufio.Reader
	last []byte // key
}

// next is the next pair, in memory of its own; [io.EOF] says that there is none.
func (p *pairReader) next() (one pair, err error) {
	n, err := binary.ReadUvarint(p.r)
	if err != nil {
		return pair{}, err
	}
	if one.key, err = p.bytes(n, longestKey); err != nil {
		return pair{}, err
	}
	if n, err = binary.ReadUvarint(p.r); err != nil {
		return pair{}, cutOff(err)
	}
	one.expires = n
	if n, err = binary.ReadUvarint(p.r); err != nil {
		return pair{}, cutOff(err)
	}
	if one.value, err = p.bytes(n, longestValue); err != nil {
		return pair{}, err
	}
	if bytes.Compare(one.key, p.last) <= 0 {
		return pair{}, fmt.Errorf("its keys do not ascend: %w", wire.ErrDamaged)
	}
	p.last = one.key
	return one, nil
}

func (p *pairReader) bytes(n, most uint64) ([]byte, error) {
	if n > most {
		return nil, fmt.Errorf("a key or value of %d bytes: %w", n, wire.ErrDamaged)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(p.r, b)
	return b, cutOff(err)
}

// cutOff says of an end in mid-pair that it is none.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
