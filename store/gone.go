package store

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

func goneKey(fp fingerprint.Recipient) []byte { return append([]byte{kindGone}, fp[:]...) }

// goneUntil is the number of the erasure up to which the events of a recipient were removed,
// because the time to keep them was over; 0 where none were. The mark counts only where the chain
// has that erasure.
func goneUntil(txn *badger.Txn, fp fingerprint.Recipient) (seq uint64, err error) {
	item, err := txn.Get(goneKey(fp))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return 0, nil
	}
	if err == nil {
		err = item.Value(func(value []byte) error {
			d := wire.NewDecoder(value, metaVersion, fp[:]...)
			seq = d.Uvarint()
			return d.End()
		})
	}
	var l Link
	if err == nil {
		l, err = linkAt(txn, seq)
	}
	if errors.Is(err, wire.ErrDamaged) {
		return 0, nil
	}
	if err != nil || l.Kind != filter.Erased || l.Fingerprint != fmt.Sprintf("%x", fp[:]) {
		return 0, err
	}
	return seq, nil
}
