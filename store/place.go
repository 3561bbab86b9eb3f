package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// A place is where recipients are: a channel, as one brand uses it or as every brand does. The
// database gives each a number when something is first kept about it.
type place struct {
	brand   string
	channel filter.Channel
}

// A placeNumber is the number of a place, from 1 on. nowhere is that of a place about which
// nothing was ever kept.
type placeNumber uint32

const nowhere placeNumber = 0

func placeOf(to *filter.Recipient) place { return place{to.Brand, to.Channel} }

// everywhere is the place where the same channel is kept for every brand.
func (p place) everywhere() place { p.brand = ""; return p }

func placeKey(n placeNumber) []byte {
	return binary.BigEndian.AppendUint32([]byte{kindPlace}, uint32(n))
}

// places is every place that has a number. It is immutable: a new place makes a new map.
type places struct {
	numbers map[place]bearing
	next    placeNumber
}

// A bearing is the number of a place, and of its channel for every brand.
type bearing struct{ own, all placeNumber }

// of is the bearing of the place of to.
func (ps *places) of(to *filter.Recipient) bearing {
	b, ok := ps.numbers[placeOf(to)]
	if !ok && to.Brand != "" {
		b.all = ps.numbers[placeOf(to).everywhere()].own
	}
	return b
}

// with is ps and the places in more.
func (ps *places) with(more map[place]placeNumber) *places {
	if len(more) == 0 {
		return ps
	}
	out := &places{numbers: maps.Clone(ps.numbers), next: ps.next}
	for p, n := range more {
		out.numbers[p] = bearing{own: n}
		out.next = max(out.next, n+1)
	}
	for p, b := range out.numbers {
		b.all = out.numbers[p.everywhere()].own
		out.numbers[p] = b
	}
	return out
}

// loadPlaces reads the places that have numbers.
func (s *Store) loadPlaces(db *badger.DB) error {
	found := make(map[place]placeNumber)
	err := db.View(func(txn *badger.Txn) error {
		return eachPlace(txn, func(n placeNumber, p place, err error) error {
			found[p] = n
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("reading the brands and channels: %w", err)
	}
	s.places.Store((&places{numbers: map[place]bearing{}, next: 1}).with(found))
	return nil
}

// eachPlace walks the places in the order of their numbers. f is told where one does not read.
func eachPlace(txn *badger.Txn, f func(n placeNumber, p place, err error) error) error {
	opt := badger.DefaultIteratorOptions
	opt.Prefix = []byte{kindPlace}
	it := txn.NewIterator(opt)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().Key()[1:]
		if len(key) != 4 {
			return wire.ErrDamaged
		}
		value, err := it.Item().ValueCopy(nil)
		if err != nil {
			return err
		}
		d := wire.NewDecoder(value, metaVersion, key...)
		p := place{brand: d.Text(), channel: filter.Channel(d.Text())}
		n := placeNumber(binary.BigEndian.Uint32(key))
		if err = d.End(); err != nil {
			p, err = place{}, fmt.Errorf("number %d: %w", n, err)
		}
		if err := f(n, p, err); err != nil {
			return err
		}
	}
	return nil
}

// place is the number of the place of to: where it has none, the one that it would get next.
func (b *txnBatch) place(to *filter.Recipient) (placeNumber, error) {
	p := placeOf(to)
	if known, ok := b.places.numbers[p]; ok && known.own != nowhere {
		return known.own, nil
	}
	if n, ok := b.settled[p]; ok {
		return n, nil
	}
	n := b.places.next + placeNumber(len(b.settled))
	if n == math.MaxUint32 {
		return nowhere, fmt.Errorf("there are %d brands and channels already", n-1)
	}
	return n, nil
}

// settle gives a place the number that place says.
func (b *txnBatch) settle(to *filter.Recipient, n placeNumber) error {
	p := placeOf(to)
	if n < b.places.next || b.settled[p] != nowhere {
		return nil
	}
	key := placeKey(n)
	value := wire.AppendString(wire.AppendString([]byte{metaVersion}, to.Brand), to.Channel)
	if err := b.set(key, wire.AppendSum(value, 0, key[1:]...)); err != nil {
		return err
	}
	b.settled[place{strings.Clone(p.brand), filter.Channel(strings.Clone(string(p.channel)))}] = n
	return nil
}

// recipient is the fingerprint of a recipient; ok is false where nothing was ever kept in their
// place, and so nothing about them.
func (s *Store) recipient(to filter.Recipient) (fp fingerprint, ok bool) {
	b := s.places.Load().of(&to)
	return s.keys.person(to.Address).at(b.own), b.own != nowhere
}
