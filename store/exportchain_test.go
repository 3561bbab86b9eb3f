package store

import (
	"hash/crc32"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// Dump is everything in the database of a store.
func Dump(s *Store) map[string][]byte {
	all := make(map[string][]byte)
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			all[string(it.Item().Key())] = value
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return all
}

// Put writes values behind the back of a store; nil removes the key.
func Put(s *Store, values map[string][]byte) error {
	return s.db.Update(func(txn *badger.Txn) error {
		for key, value := range values {
			var err error
			if value == nil {
				err = txn.Delete([]byte(key))
			} else {
				err = txn.Set([]byte(key), value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Reseal gives the spoilt value of a key a checksum that fits.
func Reseal(key string, value []byte) []byte {
	if len(value) < crc32.Size {
		return value
	}
	body := append([]byte(nil), value[:len(value)-crc32.Size]...)
	switch key[0] {
	case kindEvent, kindErased, kindRecord, kindGone, kindPlace:
		return wire.AppendSum(body, 0, []byte(key[1:])...)
	}
	return wire.AppendSum(body, 0)
}

// EventOf is the key of an event.
func EventOf(s *Store, to filter.Recipient, id string) string {
	event := eventOf(s.fingerprintOf(to), s.keys.Of(fingerprint.EventID, id))
	return string(event.key(kindEvent))
}

// EventNumber is the number of the event with this value.
func EventNumber(key string, value []byte) uint64 {
	id := eventID([]byte(key[1:]))
	k, err := decodeEvent(value, &id)
	if err != nil {
		panic(err)
	}
	return k.seq
}

// Bounds is the numbers of the first and last link of a piece of the chain.
func Bounds(value []byte) (first, last uint64) {
	p, err := decodePiece(value)
	if err != nil {
		panic(err)
	}
	return p.first(), p.before.Seq + uint64(len(p.links))
}

// Rechain lets change alter the links of every piece and writes the chain anew with them, with sums
// and head that fit.
func Rechain(s *Store, change func(i int, swap func(a, b int))) error {
	values, head, n := make(map[string][]byte), Head{}, 0
	all := Dump(s)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if key[0] != kindPiece {
			continue
		}
		old, err := decodePiece(all[key])
		if err != nil {
			return err
		}
		change(n, func(a, b int) { old.links[a], old.links[b] = old.links[b], old.links[a] })
		var p piece
		for _, l := range old.links {
			head = p.add(l, head)
		}
		values[key] = p.encode()
		n++
	}
	values[string(metaKey(metaHead))] = appendHead(nil, &head)
	return Put(s, values)
}

// SwapLinks exchanges two links of a piece and mends nothing but the checksum.
func SwapLinks(value []byte, a, b int) []byte {
	p, err := decodePiece(value)
	if err != nil {
		panic(err)
	}
	p.links[a], p.links[b] = p.links[b], p.links[a]
	return p.encode()
}
