package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
)

// A txnBatch is what one transaction is about to write.
type txnBatch struct {
	s      *Store
	txn    *badger.Txn
	now    time.Time
	newest time.Time                // the newest opt-in of the whole store
	ahead  bool                     // newest changed
	left   map[fingerprint]struct{} // who opted out for the first time
	fresh  int64                    // recipients about whom nothing was known
	events uint64
	writes int

	head  Head // of the chain, with piece
	piece piece
	salts []byte // random, not used yet
}

func (s *Store) begin(db *badger.DB) (*txnBatch, error) {
	b := &txnBatch{
		s: s, txn: db.NewTransaction(true), now: s.now(),
		left: make(map[fingerprint]struct{}), head: s.Head(),
	}
	err := b.load()
	if err != nil {
		b.txn.Discard()
		return nil, err
	}
	return b, nil
}

// load reads what concerns the whole store.
func (b *txnBatch) load() error {
	value, err := b.get(metaKey(metaNewest))
	if err != nil {
		return err
	}
	if value != nil {
		d := newDecoder(value, metaVersion)
		if b.newest = d.time(); d.end() != nil {
			return fmt.Errorf("the time of the newest opt-in: %w", errDamaged)
		}
	}
	return nil
}

// get is the value of key as this transaction would leave it, nil when there is none.
func (b *txnBatch) get(key []byte) ([]byte, error) {
	item, err := b.txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return item.ValueCopy(nil)
}

func (b *txnBatch) set(key, value []byte) error {
	b.writes++
	return b.txn.Set(key, value)
}

// add puts one event into the transaction. problem concerns this event alone and leaves the
// transaction as it was; err spoils it.
//
// An event that is there already is folded once more: should a failed commit have left the
// event without its record, its repetition makes them agree before it is acknowledged.
func (b *txnBatch) add(it *item) (problem, err error) {
	fp := it.id.recipient()
	before, was, problem := b.record(it)
	if problem != nil {
		return problem, nil
	}
	known, problem := b.known(it, &before)
	if problem != nil {
		return problem, nil
	}
	e := &it.event
	if !known {
		b.stamp(e)
		if problem := b.s.checkBlob(it); problem != nil {
			return problem, nil
		}
		if problem := b.may(it, before); problem != nil {
			return problem, nil
		}
	}
	after := before.After(*e)
	if len(after.Consents) > max(maxScopes, len(before.Consents)) && e.Scope.Named() {
		return &EventError{it.index, "scope", fmt.Sprintf("the recipient has %d scopes already: no further topic or sender fits", len(before.Consents))}, nil
	}
	if !known {
		if err := b.keep(it); err != nil {
			return nil, err
		}
	}
	if value := appendRecord(nil, fp, &after); !bytes.Equal(value, was) {
		if err := b.set(recordKey(fp), value); err != nil {
			return nil, err
		}
		if was == nil {
			b.fresh++
		}
	}
	if e.Kind == filter.OptedIn && e.Time.After(b.newest) {
		b.newest, b.ahead = e.Time, true
	}
	return nil, b.mark(fp, &after)
}

// may asks whether it may follow a record of its recipient.
func (b *txnBatch) may(it *item, r filter.Record) error {
	if it.may == nil {
		return nil
	}
	if to := it.event.To; to.Brand != "" {
		fp := b.s.keys.recipient(to.Everywhere())
		value, err := b.get(recordKey(fp))
		if err == nil && value != nil {
			var all filter.Record
			all, err = decodeRecord(value, fp)
			r = r.With(all)
		}
		if err != nil {
			return fmt.Errorf("reading the record for every brand: %w", err)
		}
	}
	return it.may(&it.event, &r)
}

// known reports whether the event of it is kept already, and r the record before it. Then it holds
// what is kept.
func (b *txnBatch) known(it *item, r *filter.Record) (bool, error) {
	value, err := b.get(it.id.key(kindEvent))
	if err == nil && value == nil && !r.Erased.IsZero() {
		value, err = b.get(it.id.key(kindErased))
	}
	if err == nil && value == nil {
		return false, nil
	}
	var k keptEvent
	if err == nil {
		k, err = decodeEvent(value, &it.id)
	}
	if err == nil && k.To != it.event.To && (k.To.Address != "" || k.To.Brand != it.event.To.Brand || k.To.Channel != it.event.To.Channel) {
		err = errDamaged
	}
	if err != nil {
		return false, fmt.Errorf("reading what is kept as event %d: %w", it.index, err)
	}
	it.event = k.Event
	return true, nil
}

// keep writes the event of it and adds it to the chain.
func (b *txnBatch) keep(it *item) error {
	e := &it.event
	s, err := b.salt()
	if err != nil {
		return err
	}
	kind := byte(kindEvent)
	if e.Kind == filter.Erased {
		kind = kindErased
		if err := b.set(sweepKey(e.Recorded, it.id.recipient()), nil); err != nil {
			return err
		}
	}
	value, sum := appendEvent(nil, &it.id, e, b.head.Seq+1, s)
	if err := b.set(it.id.key(kind), value); err != nil {
		return err
	}
	if sha := e.Proof.ScreenshotSHA256; sha != "" {
		if err := b.set(blobKey(sha, it.id[:]), nil); err != nil {
			return err
		}
	}
	b.head = b.piece.add(link{id: it.id, recorded: e.Recorded, kind: e.Kind, digest: sum}, b.head)
	b.events++
	return nil
}

// salt draws a salt; the random source is asked for many at once.
func (b *txnBatch) salt() (*salt, error) {
	if len(b.salts) == 0 {
		b.salts = make([]byte, 16*saltSize)
		if _, err := rand.Read(b.salts); err != nil {
			return nil, err
		}
	}
	s := (*salt)(b.salts)
	b.salts = b.salts[saltSize:]
	return s, nil
}

// stamp gives e its times.
func (b *txnBatch) stamp(e *filter.Event) {
	e.Recorded = b.now
	e.Time = e.Time.Round(0).UTC()
	if e.Time.IsZero() || e.Time.After(b.now) {
		e.Time = b.now
		if no := e.Kind == filter.OptedOut || e.Kind == filter.Refused || e.Kind == filter.Erased; no && b.newest.After(b.now) {
			e.Time = b.newest // the clock has gone back since that opt-in
		}
	}
}

// record is the record of the recipient of it, and its value.
func (b *txnBatch) record(it *item) (r filter.Record, value []byte, err error) {
	fp := it.id.recipient()
	value, err = b.get(recordKey(fp))
	if err == nil && value != nil {
		r, err = decodeRecord(value, fp)
	}
	if err != nil {
		return r, nil, fmt.Errorf("reading the record before event %d: %w", it.index, err)
	}
	return r, value, nil
}

// mark notes a recipient who opted out, where that is not known yet.
func (b *txnBatch) mark(fp fingerprint, r *filter.Record) error {
	if _, ok := b.left[fp]; ok || !r.EverOptedOut() {
		return nil
	}
	_, err := b.txn.Get(optoutKey(fp))
	if errors.Is(err, badger.ErrKeyNotFound) {
		b.left[fp] = struct{}{}
		return b.set(optoutKey(fp), nil)
	}
	return err
}

// finish writes what concerns the whole store.
func (b *txnBatch) finish(probe bool) error {
	if probe && b.writes == 0 {
		if err := b.set(metaKey(metaProbe), nil); err != nil {
			return err
		}
	}
	if b.ahead {
		if err := b.set(metaKey(metaNewest), appendSum(appendTime([]byte{metaVersion}, b.newest), 0)); err != nil {
			return err
		}
	}
	if len(b.piece.links) > 0 {
		if err := b.set(pieceKey(b.head.Seq), b.piece.encode()); err != nil {
			return err
		}
		if err := b.set(metaKey(metaHead), appendHead(nil, &b.head)); err != nil {
			return err
		}
	}
	if b.fresh > 0 {
		if err := b.set(metaKey(metaRecipients), appendCount(b.s.recipients.Load()+b.fresh)); err != nil {
			return err
		}
	}
	if len(b.left) == 0 {
		return nil
	}
	return b.set(metaKey(metaOptouts), appendCount(b.s.optouts.count.Load()+int64(len(b.left))))
}
