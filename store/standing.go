package store

import (
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
)

// A standing is the record of a recipient while a transaction is made.
type standing struct {
	fp      fingerprint.Recipient
	record  filter.Record
	known   bool // there was one, or is one by now
	fresh   bool // there was none
	left    bool // the recipient had opted out before
	changed bool
	linked  bool // the chain tells of a change
}

// standing is the record of a recipient as the transaction would leave it.
func (b *txnBatch) standing(fp fingerprint.Recipient) (*standing, error) {
	if st := b.records[fp]; st != nil {
		return st, nil
	}
	st := &standing{fp: fp}
	if before := b.ahead.standingOf(fp); before != nil {
		st.record, st.known = before.record, before.known
	} else {
		var err error
		if st.record, st.known, err = b.s.recordOf(b.txn, fp); err != nil {
			return nil, err
		}
	}
	st.fresh, st.left = !st.known, st.record.EverOptedOut()
	b.records[fp] = st
	return st, nil
}

// standingOf is the standing of a recipient, nil where the transaction has none, or there is no
// transaction.
func (b *txnBatch) standingOf(fp fingerprint.Recipient) *standing {
	if b == nil {
		return nil
	}
	return b.records[fp]
}

// stand notes what the record of a recipient has become.
func (b *txnBatch) stand(st *standing, after *filter.Record) {
	if st.known && sameRecord(after, &st.record) {
		return
	}
	st.record, st.known = *after, true
	if !st.changed {
		st.changed = true
		b.changed = append(b.changed, st)
	}
}

func sameRecord(a, b *filter.Record) bool {
	return a.LastInbound.Equal(b.LastInbound) && a.Erased.Equal(b.Erased) && a.Place == b.Place && a.Placed.Equal(b.Placed) &&
		slices.Equal(a.Consents, b.Consents)
}

// recordOf is the record of a recipient, from memory where it is there.
func (s *Store) recordOf(txn *badger.Txn, fp fingerprint.Recipient) (r filter.Record, known bool, err error) {
	if ix := s.index.Load(); ix != nil {
		if known, elsewhere := ix.Get(&fp, &r); !elsewhere {
			return r, known, nil
		}
	}
	known, err = readRecord(txn, fp, &r)
	return r, known, err
}

// may asks whether it may follow a record of its recipient.
func (b *txnBatch) may(it *item, r filter.Record) error {
	if it.may == nil {
		return nil
	}
	if to := it.event.To; to.Brand != "" {
		n, err := b.place(&filter.Recipient{Channel: to.Channel})
		if err != nil {
			return err
		}
		all, err := b.standing(it.person.At(n))
		if err != nil {
			return fmt.Errorf("reading the record for every brand: %w", err)
		}
		r = r.With(all.record)
	}
	return it.may(&it.event, &r)
}

// touched is whose records the transaction writes.
func (b *txnBatch) touched() []fingerprint.Recipient {
	fps := make([]fingerprint.Recipient, len(b.changed))
	for i, st := range b.changed {
		fps[i] = st.fp
	}
	return fps
}
