package store

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/wire"
)

const metaTotals = "totals"

// totals is what is known of all records together. It changes in the same transaction as they do.
type totals struct {
	recipients int64     // how many records there are
	optouts    int64     // of them, how many of recipients who ever opted out
	unchained  int64     // how often records changed without a link of the chain that says so
	newest     time.Time // the newest opt-in
}

func (t *totals) encode() []byte {
	b := []byte{metaVersion}
	for _, n := range [...]int64{t.recipients, t.optouts, t.unchained} {
		b = binary.AppendVarint(b, n)
	}
	return wire.AppendSum(wire.AppendTime(b, t.newest), 0)
}

// loadTotals reads them; they are zero in a new database.
func (s *Store) loadTotals(db *badger.DB) error {
	value, err := getMeta(db, metaTotals)
	if err != nil {
		return err
	}
	t := new(totals)
	if value != nil {
		if *t, err = decodeTotals(value); err != nil {
			return err
		}
	}
	s.totals.Store(t)
	return nil
}

func decodeTotals(value []byte) (t totals, err error) {
	d := wire.NewDecoder(value, metaVersion)
	t.recipients, t.optouts, t.unchained, t.newest = d.Varint(), d.Varint(), d.Varint(), d.Time()
	if d.End() != nil {
		return totals{}, fmt.Errorf("how many records there are: %w", wire.ErrDamaged)
	}
	return t, nil
}
