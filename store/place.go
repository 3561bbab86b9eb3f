package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// A place is where recipients are: a channel, as one brand uses it or as every brand does. The
// database gives each a number when something is first kept about it.
type place struct {
	brand   string
	channel filter.Channel
}

func placeOf(to *filter.Recipient) place { return place{to.Brand, to.Channel} }

// everywhere is the place where the same channel is kept for every brand.
func (p place) everywhere() place { p.brand = ""; return p }

func placeKey(n fingerprint.Place) []byte {
	return binary.BigEndian.AppendUint32([]byte{kindPlace}, uint32(n))
}

// places is every place that has a number. It is immutable: a new place makes a new map.
type places struct {
	numbers map[place]fingerprint.Bearing
	next    fingerprint.Place
}

// of is the bearing of the place of to.
func (ps *places) of(to *filter.Recipient) fingerprint.Bearing {
	b, ok := ps.numbers[placeOf(to)]
	if !ok && to.Brand != "" {
		b.All = ps.numbers[placeOf(to).everywhere()].Own
	}
	return b
}

// with is ps and the places in more.
func (ps *places) with(more map[place]fingerprint.Place) *places {
	if len(more) == 0 {
		return ps
	}
	out := &places{numbers: maps.Clone(ps.numbers), next: ps.next}
	for p, n := range more {
		out.numbers[p] = fingerprint.Bearing{Own: n}
		out.next = max(out.next, n+1)
	}
	for p, b := range out.numbers {
		b.All = out.numbers[p.everywhere()].Own
		out.numbers[p] = b
	}
	return out
}

// loadPlaces reads the places that have numbers.
func (s *Store) loadPlaces(db *badger.DB) error {
	found := make(map[place]fingerprint.Place)
	err := db.View(func(txn *badger.Txn) error {
		return eachPlace(txn, func(n fingerprint.Place, p place, err error) error {
			found[p] = n
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("reading the brands and channels: %w", err)
	}
	s.places.Store((&places{numbers: map[place]fingerprint.Bearing{}, next: 1}).with(found))
	return nil
}

// eachPlace walks the places in the order of their numbers. f is told where one does not read.
func eachPlace(txn *badger.Txn, f func(n fingerprint.Place, p place, err error) error) error {
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
		n := fingerprint.Place(binary.BigEndian.Uint32(key))
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
func (b *txnBatch) place(to *filter.Recipient) (fingerprint.Place, error) {
	p := placeOf(to)
	if known, ok := b.places.numbers[p]; ok && known.Own != fingerprint.Nowhere {
		return known.Own, nil
	}
	if n, ok := b.settled[p]; ok {
		return n, nil
	}
	n := b.places.next + fingerprint.Place(len(b.settled))
	if n == math.MaxUint32 {
		return fingerprint.Nowhere, fmt.Errorf("there are %d brands and channels already", n-1)
	}
	return n, nil
}

// settle gives a place the number that place says.
func (b *txnBatch) settle(to *filter.Recipient, n fingerprint.Place) error {
	p := placeOf(to)
	if n < b.places.next || b.settled[p] != fingerprint.Nowhere {
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
func (s *Store) recipient(to filter.Recipient) (fp fingerprint.Recipient, ok bool) {
	b := s.places.Load().of(&to)
	return s.keys.Person(to.Address).At(b.Own), b.Own != fingerprint.Nowhere
}
