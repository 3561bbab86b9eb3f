package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
)

// FailCommits makes every commit go through f, which is given the real one.
func FailCommits(s *Store, f func(real func() error) error) {
	s.commit = func(txn *badger.Txn) error { return f(txn.Commit) }
}

// Free makes the disk look as if it had so many bytes left.
func Free(cfg Config, free func() int64) (*Store, error) {
	s := newStore(cfg)
	s.free = func(string) (int64, error) { return free(), nil }
	if err := s.open(); err != nil {
		return nil, err
	}
	s.start()
	return s, nil
}

// OpenLog opens the decision log alone, which is quick.
func OpenLog(cfg Config) (s *Store, closeLog func() error, err error) {
	s = newStore(cfg)
	s.keys = newKeys(nil)
	if s.log, err = s.openLog(); err != nil {
		return nil, nil, err
	}
	return s, s.log.close, nil
}

// FlushLog writes out what the flusher would write by and by.
func FlushLog(s *Store) { s.log.flush() }

// Retain removes what the flusher would remove by and by.
func Retain(s *Store) { s.log.retain() }

// Sweep does what is done once a day.
func Sweep(s *Store) error { return s.sweep() }

// MayHaveOptedOut asks the Bloom filter alone.
func MayHaveOptedOut(s *Store, to filter.Recipient) bool {
	fp := s.keys.recipient(to)
	return s.optouts.maybe(&fp)
}

// LogFailing reports whether the last flush of the decision log failed.
func LogFailing(s *Store) bool { return s.log.failing.Load() }

// Blocks is how many blocks the index has.
func Blocks(s *Store) int {
	blocks, _ := s.log.snapshot()
	return len(blocks)
}

// NewBloom is a Bloom filter of numbers, made for n of them.
func NewBloom(n int64) (add func(int), maybe func(int) bool) {
	k, o := newKeys(nil), newOptouts(n)
	fp := func(i int) fingerprint { return k.of(ofAddress, strconv.Itoa(i)) }
	add = func(i int) { f := fp(i); o.add(&f) }
	maybe = func(i int) bool { f := fp(i); return o.maybe(&f) }
	return add, maybe
}

// Fingerprint is what stands for a recipient on disk.
func Fingerprint(secret []byte, to filter.Recipient) []byte {
	k := newKeys(secret)
	fp := k.recipient(to)
	return fp[:]
}

// DecodeRecord, DecodeEvent, DecodeEntry and DecodeHead read what is on disk: records and events
// as those of a recipient and an ID of zeros.
func DecodeRecord(b []byte) (filter.Record, error) { return decodeRecord(b, fingerprint{}) }
func DecodeEvent(b []byte) (filter.Event, error) {
	k, err := decodeEvent(b, &eventID{})
	return k.Event, err
}
func DecodeEntry(b []byte) (Entry, error) { return decodeEntry(string(b)) }
func DecodeHead(b []byte) error           { _, err := decodeHead(b); return err }

// EncodeRecord, EncodeEvent and EncodeEntry write it.
func EncodeRecord(r filter.Record) []byte { return appendRecord(nil, fingerprint{}, &r) }
func EncodeEvent(e filter.Event) []byte {
	value, _ := appendEvent(nil, &eventID{}, &e, 1, new(salt))
	return value
}
func EncodeEntry(e Entry) []byte { return appendEntry(nil, &e)[4:] }

// BlockHead is the prefix and head of a block of entries.
func BlockHead(entries ...Entry) []byte {
	c := new(chunk)
	for i := range entries {
		c.buf = appendEntry(c.buf, &entries[i])
		c.n++
	}
	k := newKeys(nil)
	b, err := k.indexEntries(c)
	if err != nil {
		panic(err)
	}
	return b.encode(nil)
}

// FixHead gives a spoilt head lengths and a checksum that fit.
func FixHead(p []byte) []byte {
	p = append(make([]byte, 0, len(p)), p...)
	if len(p) < blockPrefix {
		return p
	}
	binary.LittleEndian.PutUint32(p, blockMagic)
	binary.LittleEndian.PutUint32(p[4:], uint32(len(p)-blockPrefix))
	binary.LittleEndian.PutUint32(p[8:], 0)
	binary.LittleEndian.PutUint32(p[16:], headSum(p[:16], p[blockPrefix:]))
	return p
}

// RecordValue is the value of the record of a recipient.
func RecordValue(s *Store, to filter.Recipient, r filter.Record) []byte {
	return appendRecord(nil, s.keys.recipient(to), &r)
}

// Overwrite puts value in the place of the record of a recipient.
func Overwrite(s *Store, to filter.Recipient, value []byte) error {
	return s.db.Update(func(txn *badger.Txn) error { return txn.Set(recordKey(s.keys.recipient(to)), value) })
}

// Sum ends the value of a record of a recipient of zeros with its checksum, and SumEvent that of an
// event, for a fuzzer that could never guess it.
func Sum(b []byte) []byte      { return appendSum(b, 0, make([]byte, len(fingerprint{}))...) }
func SumEvent(b []byte) []byte { return appendSum(b, 0, make([]byte, len(eventID{}))...) }

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
	case kindEvent, kindErased, kindRecord, kindGone:
		return appendSum(body, 0, []byte(key[1:])...)
	}
	return appendSum(body, 0)
}

// EventOf is the key of an event.
func EventOf(s *Store, to filter.Recipient, id string) string {
	event := s.keys.event(s.keys.recipient(to), id)
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

// Age writes a store as it was before it had a chain.
func Age(s *Store) error {
	values := make(map[string][]byte)
	for key, value := range Dump(s) {
		switch {
		case key[0] == kindEvent:
			id := eventID([]byte(key[1:]))
			k, err := decodeEvent(value, &id)
			if err != nil {
				return err
			}
			values[key] = encodeEventV1(&k.Event)
		case key[0] == kindRecord:
			values[key] = []byte("of old")
		case key[0] == kindPiece, key == string(metaKey(metaHead)), key == string(metaKey(metaFormat)):
			values[key] = nil
		}
	}
	return Put(s, values)
}

func encodeEventV1(e *filter.Event) []byte {
	b := appendTime(appendTime(appendString([]byte{1}, e.ID), e.Time), e.Recorded)
	b = appendString(appendString(appendString(b, e.To.Brand), e.To.Channel), e.To.Address)
	b = appendScope(append(b, byte(e.Kind), byte(e.Basis)), e.Scope)
	b = appendString(appendString(b, e.Source), e.Note)
	if e.Proof == (filter.Evidence{}) {
		return appendSum(append(b, 0), 0)
	}
	b = append(b, 1)
	fields := evidenceFields(&e.Proof)
	for _, field := range fields[:12] {
		b = appendString(b, *field.value)
	}
	return appendSum(appendTime(b, e.Proof.CapturedAt), 0)
}

// OpenFailing opens a store whose n-th commit fails while it opens, and returns the error.
func OpenFailing(cfg Config, n int) error {
	s := newStore(cfg)
	s.commit = func(txn *badger.Txn) error {
		if n--; n == 0 {
			return errors.New("input/output error")
		}
		return txn.Commit()
	}
	err := s.open()
	if err == nil {
		s.start()
		return s.Close()
	}
	return err
}

// FailNthCommit makes one commit to come fail.
func FailNthCommit(s *Store, n int) {
	var count atomic.Int64
	s.commit = func(txn *badger.Txn) error {
		if count.Add(1) == int64(n) {
			return errors.New("input/output error")
		}
		return txn.Commit()
	}
}
