package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// A txnBatch is what one transaction is about to write.
type txnBatch struct {
	s      *Store
	db     *badger.DB
	txn    *badger.Txn
	now    time.Time
	events uint64
	writes int

	ahead   *txnBatch // is committed, and not yet known to be on disk; nil: there is none
	places  *places
	before  *totals
	totals  totals
	settled map[place]fingerprint.Place         // places that get their numbers
	records map[fingerprint.Recipient]*standing // of the recipients of its events
	changed []*standing                         // of them, those to write

	head  Head // of the chain, with piece
	piece piece
	chunk []byte // memory for values
}

// begin begins a transaction behind ahead, whose own it sees as if it were on disk already.
func (s *Store) begin(db *badger.DB, ahead *txnBatch) *txnBatch {
	b := &txnBatch{
		s: s, db: db, txn: db.NewTransaction(true), now: s.now(), settled: make(map[place]fingerprint.Place), records: make(map[fingerprint.Recipient]*standing),
	}
	if ahead != nil {
		b.ahead, b.head, b.places, b.before = ahead, ahead.head, ahead.places.with(ahead.settled), &ahead.totals
	} else {
		b.head, b.places, b.before = s.Head(), s.places.Load(), s.totals.Load()
	}
	b.totals = *b.before
	return b
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

// room is where a value of about n bytes is to be appended, and took says that it was: values lie
// one behind the other.
func (b *txnBatch) room(n int) []byte {
	if cap(b.chunk)-len(b.chunk) < n {
		b.chunk = make([]byte, 0, max(n, min(64<<10, 1<<10+2*cap(b.chunk))))
	}
	return b.chunk[len(b.chunk):]
}

func (b *txnBatch) took(value []byte) []byte {
	if len(value) <= cap(b.chunk)-len(b.chunk) { // else it did not fit, and has memory of its own
		b.chunk = b.chunk[:len(b.chunk)+len(value)]
	}
	return value[:len(value):len(value)]
}

// add puts one event into the transaction. problem concerns this event alone and leaves the
// transaction as it was; err spoils it.
//
// An event that is there already is folded once more: should the disk have lost the record that
// came with it, its repetition makes them agree before it is acknowledged.
func (b *txnBatch) add(it *item) (problem, err error) {
	n, problem := b.place(&it.event.To)
	if problem != nil {
		return problem, nil
	}
	it.id = eventOf(it.person.At(n), it.hash)
	st, problem := b.standing(it.id.recipient())
	if problem != nil {
		return fmt.Errorf("reading the record before event %d: %w", it.index, problem), nil
	}
	known, problem := b.known(it, st)
	if problem != nil {
		return problem, nil
	}
	e := &it.event
	if !known {
		b.stamp(e)
		if problem := b.s.checkBlob(it.index, e); problem != nil {
			return problem, nil
		}
		if problem := b.may(it, st.record); problem != nil {
			return problem, nil
		}
	}
	after := st.record.After(*e)
	if was := len(st.record.Consents); len(after.Consents) > max(maxScopes, was) && e.Scope.Named() {
		return &EventError{it.index, "scope", fmt.Sprintf("the recipient has %d scopes already: no further topic or sender fits", was)}, nil
	}
	if !known {
		if err := b.settle(&e.To, n); err != nil {
			return nil, err
		}
		if err := b.keep(it); err != nil {
			return nil, err
		}
		st.linked = true
	}
	b.stand(st, &after)
	if !known && b.s.linked.Load() && it.saysNo() {
		if err := b.spread(e); err != nil {
			return nil, err
		}
	}
	if e.Kind == filter.OptedIn && e.Time.After(b.totals.newest) {
		b.totals.newest = e.Time
	}
	return nil, nil
}

// known reports whether the event of it is kept already. Then it holds what is kept. No event is
// kept of a recipient without a record, but for what is left of one who is being forgotten.
func (b *txnBatch) known(it *item, st *standing) (bool, error) {
	if !st.known {
		return false, nil
	}
	value, err := b.get(it.id.key(kindEvent))
	if err == nil && value == nil && !st.record.Erased.IsZero() {
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
		err = wire.ErrDamaged
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
	kind := byte(kindEvent)
	if e.Kind == filter.Erased {
		kind = kindErased
		if err := b.set(sweepKey(e.Recorded, it.id.recipient()), nil); err != nil {
			return err
		}
	}
	value, sum := appendEvent(b.room(len(it.secret.bytes)+512), &it.id, e, b.head.Seq+1, &it.secret)
	if err := b.set(it.id.key(kind), b.took(value)); err != nil {
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

// stamp gives e its times.
func (b *txnBatch) stamp(e *filter.Event) {
	e.Recorded = b.now
	e.Time = e.Time.Round(0).UTC()
	if e.Time.IsZero() || e.Time.After(b.now) {
		e.Time = b.now
		no := e.Kind == filter.OptedOut || e.Kind == filter.Refused || e.Kind == filter.Erased
		if no && b.totals.newest.After(b.now) {
			e.Time = b.totals.newest // the clock has gone back since that opt-in
		}
	}
}

// finish writes the records, and what concerns the whole store.
func (b *txnBatch) finish(probe bool) error {
	for _, st := range b.changed {
		value := appendRecord(b.room(64+64*len(st.record.Consents)), st.fp, &st.record)
		if err := b.set(recordKey(st.fp), b.took(value)); err != nil {
			return err
		}
		if st.fresh {
			b.totals.recipients++
		}
		if !st.linked {
			b.totals.unchained++
		}
		if !st.left && st.record.EverOptedOut() {
			b.totals.optouts++
		}
	}
	if probe && b.writes == 0 {
		return b.set(metaKey(metaProbe), nil)
	}
	if b.totals != *b.before {
		if err := b.set(metaKey(metaTotals), b.totals.encode()); err != nil {
			return err
		}
	}
	if len(b.piece.links) == 0 {
		return nil
	}
	if err := b.set(pieceKey(b.head.Seq), b.piece.encode()); err != nil {
		return err
	}
	return b.set(metaKey(metaHead), appendHead(nil, &b.head))
}

// announce makes the Bloom filter know who opts out, before the commit: it may err on the blocking
// side only.
func (b *txnBatch) announce() {
	for _, st := range b.changed {
		if !st.left && st.record.EverOptedOut() {
			p := st.fp.Person()
			b.s.optouts.Add(&p)
		}
	}
}

// publish makes known what is on disk now.
func (b *txnBatch) publish() {
	s := b.s
	s.publishing.Add(1)
	defer s.publishing.Add(1)
	s.places.Store(b.places.with(b.settled))
	if ix := s.index.Load(); ix != nil {
		w := ix.Writer()
		for _, st := range b.changed {
			w.Set(&st.fp, &st.record)
		}
	}
	t, head := b.totals, b.head // alone: b is large
	s.totals.Store(&t)
	s.head.Store(&head)
	if t.recipients > s.cfg.Index && s.index.Load() != nil {
		s.adoptIndex(nil)
	}
	s.sick.Store(nil)
	s.metrics.commits.Add(1)
	s.metrics.appends.Add(b.events)
}
