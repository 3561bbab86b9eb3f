package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"
	"github.com/sendgate/sendgate/store/disk"
)

// restorePage is how many bytes of pairs are handed to Badger at a time.
const restorePage = 4 << 20

// database makes the database of the pairs in a part of size bytes. They come in order, so that its tables are made
// at once, without a log and without compactions.
func (r *restoring) database(from *bufio.Reader, size int64) (err error) {
	s := r.store
	folder, err := s.openFolder()
	if err != nil {
		return err
	}
	none := s.folder
	s.folder = folder
	defer func() { folder.Close(); s.folder = none }()
	db, err := folder.OpenFor(size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.CloseDB(db)) }()
	w := db.NewStreamWriter()
	if err := w.Prepare(); err != nil {
		return err
	}
	recipients, err := s.writePairs(w, from)
	if err != nil {
		w.Cancel()
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return db.View(func(txn *badger.Txn) error {
		head, err := readHead(txn)
		if err != nil {
			return err
		}
		return r.compare(head, recipients)
	})
}

// compare fails unless the database is what the backup says of itself. Whoever opens it may add to it, by finishing an
// erasure that failed.
func (r *restoring) compare(head Head, recipients int64) error {
	self := &r.self
	switch {
	case head.Seq != self.Head.Seq || head.Sum != self.Head.Sum:
		return fmt.Errorf("the chain ends with link %d, %s, and not with link %d, %s, as %s says", head.Seq, head.Sum, self.Head.Seq, self.Head.Sum, backupSelf)
	case recipients != self.Recipients:
		return fmt.Errorf("it has %d recipients, and not %d, as %s says", recipients, self.Recipients, backupSelf)
	}
	return nil
}

// writePairs returns how many of the pairs are records of recipients.
func (s *Store) writePairs(w *badger.StreamWriter, from *bufio.Reader) (recipients int64, err error) {
	buf := z.NewBuffer(restorePage+restorePage/4, "restore")
	defer func() { _ = buf.Release() }()
	pairs := pairReader{r: from}
	for {
		p, err := pairs.next()
		if err != nil && err != io.EOF {
			return recipients, err
		}
		if err == nil {
			if p.key[0] == kindRecord {
				recipients++
			}
			badger.KVToBuffer(&pb.KV{Key: p.key, Value: p.value, ExpiresAt: p.expires, Version: 1}, buf)
		}
		if err == io.EOF || buf.LenNoPadding() >= restorePage {
			if werr := s.room(disk.MinFree); werr != nil { // a full disk would end the process
				return recipients, werr
			}
			if werr := w.Write(buf); werr != nil || err == io.EOF {
				return recipients, werr
			}
			buf.Reset()
		}
	}
}
