package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// maxLinked is how many recipients may be the same person.
const maxLinked = 64

const linkVersion = 1

// Link keeps that two recipients are the same person: a number and the user id that a platform gives them. Both are
// of one brand, or, with an empty Brand, it holds for every brand. What binds one binds the other from now on: what
// they said no to, each of them alone or as somebody of every brand, is copied to the other before Link returns,
// with the time when they said it, and every later no is by [Store.Append], in the same transaction. An opt-in is
// never copied, so who agrees under one address has agreed under that one alone.
//
// Copies are events of their own, from the source "link", without the words and the proof of what they were copied
// from: those may name the other address. An erasure of one of the two counts as an opt-out of the other, and takes
// the link with it. Exports have what was copied, and no links. To link two who are linked changes nothing. Two
// who cannot be linked, because a person would have too many addresses, say, are an [*EventError].
func (s *Store) Link(ctx context.Context, a, b filter.Recipient) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkLink(&a, &b); err != nil {
		return fmt.Errorf("linking two recipients: %w", err)
	}
	err := s.inWriter(func(db *badger.DB) error {
		t := s.begin(db, nil)
		err := t.link(a, b)
		if err == nil {
			err = t.finish(false)
		}
		if err != nil || t.writes == 0 {
			t.txn.Discard()
			return err
		}
		s.linked.Store(true)
		return s.commitBatch(t)
	})
	if err != nil {
		return fmt.Errorf("linking two recipients: %w", err)
	}
	return nil
}

// checkLink says what is wrong with a link.
func checkLink(a, b *filter.Recipient) error {
	for i, to := range []*filter.Recipient{a, b} {
		e := filter.Event{ID: "link", To: *to, Kind: filter.Wrote, Source: LinkSource}
		if err := checkEvent(i, &e); err != nil {
			return err
		}
	}
	switch {
	case a.Brand != b.Brand:
		return &EventError{1, "to.brand", "it is not that of the other"}
	case *a == *b:
		return &EventError{1, "to.address", "it is that of the other"}
	}
	return nil
}

// Linked lists the other addresses of the person to whom a recipient belongs, as the same brand writes to them.
func (s *Store) Linked(to filter.Recipient) (all []filter.Recipient, err error) {
	if !s.linked.Load() {
		if s.closed.Load() {
			return nil, ErrClosed
		}
		return nil, nil
	}
	err = s.view(func(txn *badger.Txn) error {
		all, err = s.linkedTo(txn, s.places.Load(), to)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading who else a recipient is: %w", err)
	}
	return all, nil
}

// linkKey is where it is kept that a recipient is another one, too.
func linkKey(one, other fingerprint.Recipient) []byte {
	return append(append([]byte{kindLink}, one[:]...), other[:]...)
}

// linkValue holds the address of the other one, who is where the key says.
func linkValue(key []byte, address string) []byte {
	return wire.AppendSum(wire.AppendString([]byte{linkVersion}, address), 0, key[1:]...)
}

// readLink reads one link: where each of the two is, and the address of the other.
func readLink(item *badger.Item) (from, to fingerprint.Place, address string, err error) {
	key := item.Key()
	if len(key) != 1+2*len(fingerprint.Recipient{}) {
		return 0, 0, "", fmt.Errorf("a key of %d bytes among the links: %w", len(key), wire.ErrDamaged)
	}
	err = item.Value(func(value []byte) error {
		d := wire.NewDecoder(value, linkVersion, key[1:]...)
		address = d.Text()
		return d.End()
	})
	one, other := fingerprint.Recipient(key[1:]), fingerprint.Recipient(key[1+len(fingerprint.Recipient{}):])
	return one.Place(), other.Place(), address, err
}

// linkedTo lists who else a recipient is, whoever is linked to those whom it is linked to with them.
func (s *Store) linkedTo(txn *badger.Txn, places *places, to filter.Recipient) ([]filter.Recipient, error) {
	all := []filter.Recipient{to}
	for i := 0; i < len(all) && len(all) <= maxLinked; i++ {
		next, err := s.nextTo(txn, places, all[i])
		if err != nil {
			return nil, err
		}
		for _, one := range next {
			if !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return slices.DeleteFunc(all, func(one filter.Recipient) bool { // at a brand: what holds for every one holds there
		return one.Address == to.Address && one.Channel == to.Channel
	}), nil
}

// nextTo lists who is linked to a recipient. A link for every brand is one for each; and what is said to every brand
// is said to each that has a link. A link that does not read keeps nobody from saying no: it is left out.
func (s *Store) nextTo(txn *badger.Txn, places *places, to filter.Recipient) (all []filter.Recipient, err error) {
	p := s.keys.Person(to.Address)
	it := txn.NewIterator(badger.IteratorOptions{Prefix: append([]byte{kindLink}, p[:]...)})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		from, other, address, err := readLink(it.Item())
		at, ok := places.at(from)
		there, known := places.at(other)
		if err == nil && (!ok || !known) {
			err = fmt.Errorf("a link between places that are not known: %w", wire.ErrDamaged)
		}
		if errors.Is(err, wire.ErrDamaged) {
			s.logger.Error("somebody is bound at a part of their addresses only: who else they are does not read", zap.Error(err))
			continue
		}
		if err != nil {
			return nil, err
		}
		if at.channel != to.Channel || at.brand != "" && to.Brand != "" && at.brand != to.Brand {
			continue
		}
		one := filter.Recipient{Brand: to.Brand, Channel: there.channel, Address: address}
		if one.Brand == "" {
			one.Brand = at.brand
		}
		all = append(all, one)
	}
	return all, nil
}

// at is the place with a number.
func (ps *places) at(n fingerprint.Place) (place, bool) {
	for p, b := range ps.numbers {
		if b.Own == n {
			return p, true
		}
	}
	return place{}, false
}

// loadLinked finds out whether anybody is linked to anybody.
func (s *Store) loadLinked(db *badger.DB) error {
	return db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindLink}})
		defer it.Close()
		it.Rewind()
		if it.Valid() {
			s.linked.Store(true)
		}
		return nil
	})
}

// links checks that each link reads, and is there from both sides.
func (v *verifier) links() error {
	return v.s.view(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindLink}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().Key()
			if _, _, _, err := readLink(it.Item()); err != nil {
				v.report.fault(0, "who recipient %x is, too, was altered: it does not read", bytes.TrimPrefix(key, []byte{kindLink}))
				continue
			}
			one, other := fingerprint.Recipient(key[1:]), fingerprint.Recipient(key[1+len(fingerprint.Recipient{}):])
			if _, err := txn.Get(linkKey(other, one)); errors.Is(err, badger.ErrKeyNotFound) {
				v.report.fault(0, "recipient %x is recipient %x, too, but not the other way round", one[:], other[:])
			} else if err != nil {
				return err
			}
		}
		return v.ctx.Err()
	})
}
