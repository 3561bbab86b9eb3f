package store

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// link keeps a link in both directions, and copies what either has said no to.
func (b *txnBatch) link(one, other filter.Recipient) error {
	fps := make([]fingerprint.Recipient, 2)
	for i, to := range []filter.Recipient{one, other} {
		n, err := b.place(&to)
		if err == nil {
			err = b.settle(&to, n)
		}
		if err != nil {
			return err
		}
		fps[i] = b.s.keys.Person(to.Address).At(n)
	}
	forth, back := linkKey(fps[0], fps[1]), linkKey(fps[1], fps[0])
	toOther, toOne := linkValue(forth, other.Address), linkValue(back, one.Address)
	if known, err := b.get(forth); err != nil {
		return err
	} else if same, err := b.get(back); err != nil || bytes.Equal(known, toOther) && bytes.Equal(same, toOne) {
		return err
	}
	whose := [2]filter.Recipient{one, other}
	size := 2
	for _, to := range whose {
		all, err := b.linkedTo(to)
		if err != nil {
			return err
		}
		size += len(all)
	}
	if size > maxLinked {
		return &EventError{1, "to.address", fmt.Sprintf("the same person would have %d addresses: want at most %d", size, maxLinked)}
	}
	var noes [2][]filter.Event
	for i, to := range whose {
		var err error
		if noes[i], err = b.noes(to); err != nil {
			return err
		}
	}
	for i := range noes {
		for _, e := range noes[i] {
			to := whose[1-i]
			to.Brand = cmp.Or(e.To.Brand, to.Brand)
			if err := b.copyTo(&e, to); err != nil {
				return err
			}
		}
	}
	return errors.Join(b.set(forth, toOther), b.set(back, toOne))
}

// placed is the places that have numbers once the transaction is committed.
func (b *txnBatch) placed() *places { return b.places.with(b.settled) }

// noes is what a recipient said no to and did not take back, as events: with what they said to every brand; and where
// it is about every brand, what they said to each.
func (b *txnBatch) noes(to filter.Recipient) (all []filter.Event, err error) {
	for p, bearing := range b.placed().numbers {
		if p.channel != to.Channel || p.brand != "" && to.Brand != "" && p.brand != to.Brand {
			continue
		}
		st, err := b.standing(b.s.keys.Person(to.Address).At(bearing.Own))
		if err != nil {
			return nil, err
		}
		whose := filter.Recipient{Brand: p.brand, Channel: p.channel, Address: to.Address}
		no := func(kind filter.Kind, scope filter.Scope, at time.Time) {
			if !at.IsZero() && !takenBack(&st.record, scope, at) {
				all = append(all, filter.Event{To: whose, Kind: kind, Scope: scope, Time: at})
			}
		}
		no(filter.OptedOut, filter.All, st.record.Erased)
		for i := range st.record.Consents {
			c := &st.record.Consents[i]
			no(filter.OptedOut, c.Scope, c.OptedOut)
			no(filter.Refused, c.Scope, c.Refused)
		}
	}
	return all, nil
}

// takenBack reports whether an express opt-in within the same scope, or to everything, came after a no.
func takenBack(r *filter.Record, scope filter.Scope, at time.Time) bool {
	for i := range r.Consents {
		if c := &r.Consents[i]; (c.Scope == scope || c.Scope == filter.All) && c.Granted[filter.Express].After(at) {
			return true
		}
	}
	return false
}

// spread copies an event by which somebody says no to whoever else they are.
func (b *txnBatch) spread(e *filter.Event) error {
	all, err := b.linkedTo(e.To)
	if err != nil {
		return err
	}
	for _, to := range all {
		if err := b.copy(e, to); err != nil {
			return err
		}
	}
	return nil
}

// copyTo copies an event to somebody and whoever else they are.
func (b *txnBatch) copyTo(e *filter.Event, to filter.Recipient) error {
	all, err := b.linkedTo(to)
	for _, to := range append([]filter.Recipient{to}, all...) {
		if err == nil {
			err = b.copy(e, to)
		}
	}
	return err
}

// linkedTo is [Store.Linked] before the transaction. Links are committed by none that appends.
func (b *txnBatch) linkedTo(to filter.Recipient) (all []filter.Recipient, err error) {
	err = b.db.View(func(txn *badger.Txn) error { // a look through what b writes would sort all of it
		all, err = b.s.linkedTo(txn, b.placed(), to)
		return err
	})
	return all, err
}

// LinkSource is the source of the copies of an event under the other addresses of its person.
const LinkSource = "link"

// copy adds a copy of an event about somebody else. Where it has a scope too many for them, they said no to
// everything: nobody may be written to because of that.
func (b *txnBatch) copy(e *filter.Event, to filter.Recipient) error {
	it := item{copied: true, event: filter.Event{
		ID: b.s.copyID(e), Time: e.Time, To: to, Kind: e.Kind, Scope: e.Scope,
		Source: LinkSource, Note: fmt.Sprintf("the same person, on %s", e.To.Channel),
	}}
	if known, err := b.follows(&it.event); known || err != nil {
		return err
	}
	for {
		var s salt
		if _, err := rand.Read(s[:]); err != nil {
			return err
		}
		b.s.prepare(&it, to.Address, nil, &s)
		problem, err := b.add(&it)
		var tooMany *EventError
		if errors.As(problem, &tooMany) && it.event.Scope != filter.All {
			it.event.Kind, it.event.Scope = filter.OptedOut, filter.All
			continue
		}
		if problem != nil {
			b.s.logger.Error("somebody who said no is bound at one of their addresses only", zap.Error(problem))
		}
		return err
	}
}

// follows reports whether the record of the recipient of e says as much already.
func (b *txnBatch) follows(e *filter.Event) (bool, error) {
	n, err := b.place(&e.To)
	if err != nil {
		return false, err
	}
	st, err := b.standing(b.s.keys.Person(e.To.Address).At(n))
	if err != nil {
		return false, nil // add tells
	}
	after := st.record.After(*e)
	return st.known && sameRecord(&after, &st.record), nil
}

// saysNo reports whether an event is a no that may have to be copied.
func (it *item) saysNo() bool {
	k := it.event.Kind
	return !it.copied && (k == filter.OptedOut || k == filter.Refused)
}

// copyID names a copy of an event: copies that say the same have the same.
func (s *Store) copyID(e *filter.Event) string {
	b := binary.AppendVarint(wire.AppendScope([]byte{byte(e.Kind)}, e.Scope), e.Time.UnixNano())
	sum := s.keys.Of(fingerprint.Copy, string(b))
	return fmt.Sprintf("link:%x", sum[:])
}
