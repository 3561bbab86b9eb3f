package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/wire"
)

// blobs reads every blob that an event names. One that is missing proves nothing more, unless its event says
// where else it is.
func (v *verifier) blobs() error {
	sha, err := v.blobAfter("")
	for ; err == nil && sha != ""; sha, err = v.blobAfter(sha) {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		_, err := v.s.blobs.get(sha)
		switch missing := errors.Is(err, fs.ErrNotExist); {
		case missing:
			err = v.unproven(sha, true, "event %d names the screenshot %s, which is missing")
		case errors.Is(err, wire.ErrDamaged):
			err = v.unproven(sha, false, "event %d names the screenshot %s, which was altered")
		}
		if err != nil {
			return fmt.Errorf("reading the screenshot %s: %w", sha, err)
		}
	}
	return err
}

// blobAfter is the first blob behind one, in the order of their names, that an event names; empty: there is none.
func (v *verifier) blobAfter(sha string) (next string, err error) {
	from := []byte{kindBlob}
	if sha != "" {
		from = append(blobKey(sha, bytes.Repeat([]byte{0xff}, len(eventID{}))), 0)
	}
	err = v.s.view(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: from[:1]})
		defer it.Close()
		if it.Seek(from); !it.Valid() {
			return nil
		}
		key := it.Item().Key()[1:]
		if len(key) != sha256.Size+len(eventID{}) {
			v.report.fault(0, "a key among the screenshots is %d bytes long", 1+len(key))
			return nil
		}
		next = hex.EncodeToString(key[:sha256.Size])
		return nil
	})
	return next, err
}

// unproven reports the first event that names a blob, as it is now: its recipient may have been erased meanwhile.
// Where that is enough, one that says where else the blob is, is passed over.
func (v *verifier) unproven(sha string, elsewhere bool, format string) error {
	prefix := blobKey(sha, nil)
	return v.s.view(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			id := eventID(bytes.TrimPrefix(it.Item().Key(), prefix))
			k, found, err := getEvent(txn, &id)
			if err != nil && !errors.Is(err, wire.ErrDamaged) {
				return err
			}
			if err == nil && found && !k.erased && !(elsewhere && k.Proof.ScreenshotURL != "") {
				v.report.fault(k.seq, format, k.seq, sha)
				return nil
			}
		}
		return nil
	})
}
