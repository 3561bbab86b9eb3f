package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// A Link is the place of one event in the chain of all events. Links are numbered from 1 in the
// order in which the events were kept. Each seals everything before it:
//
//	Sum = SHA-256(Sum of the link before, Seq, Recorded, Kind, Fingerprint, ID hash, Digest)
//
// with Seq as eight bytes and Recorded as eight bytes of nanoseconds since 1970, little-endian,
// and Kind as one byte. The first link follows a Sum of zeros.
type Link struct {
	Seq         uint64      `json:"seq"`
	Recorded    time.Time   `json:"recorded"`
	Kind        filter.Kind `json:"kind"`
	Fingerprint string      `json:"fingerprint"` // of the recipient, keyed, in hex
	Digest      wire.Digest `json:"digest"`      // of the event, salted
	Sum         wire.Digest `json:"sum"`
}

// A Head is the last link of the chain: its Sum stands for every event so far. A chain cannot
// show by itself that its end was cut off, or that all of it was written anew. That takes a head
// that was kept elsewhere: print, sign or send one now and then, and give it to [Store.Verify].
type Head struct {
	Seq  uint64      `json:"seq"`  // how many links there are
	Sum  wire.Digest `json:"sum"`  // zero while there are none
	Time time.Time   `json:"time"` // Recorded of the last link
}

// Head is the head of the chain. It knows every Append that was acknowledged before.
func (s *Store) Head() Head { return *s.head.Load() }

// Seq is the number of the last event that was acknowledged. Reads that begin now know it, and all
// before it.
func (s *Store) Seq() uint64 { return s.head.Load().Seq }

const metaHead = "head"

func appendHead(b []byte, h *Head) []byte {
	b = binary.AppendUvarint(append(b, metaVersion), h.Seq)
	return wire.AppendSum(wire.AppendTime(append(b, h.Sum[:]...), h.Time), 0)
}

func decodeChainHead(value []byte) (h Head, err error) {
	d := wire.NewDecoder(value, metaVersion)
	h.Seq = d.Uvarint()
	copy(h.Sum[:], d.Take(uint64(len(h.Sum))))
	h.Time = d.Time()
	if d.End() != nil {
		return Head{}, fmt.Errorf("the head of the chain: %w", wire.ErrDamaged)
	}
	return h, nil
}

// readHead is the head of the chain as txn sees it, the zero Head where there is none.
func readHead(txn *badger.Txn) (h Head, err error) {
	item, err := txn.Get(metaKey(metaHead))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, err
	}
	err = item.Value(func(value []byte) error {
		h, err = decodeChainHead(value)
		return err
	})
	return h, err
}

// loadSmall reads what is in db besides records and events.
func (s *Store) loadSmall(db *badger.DB) error {
	if err := s.loadPlaces(db); err != nil {
		return err
	}
	if err := s.loadTotals(db); err != nil {
		return err
	}
	if err := s.loadSends(db); err != nil {
		return err
	}
	if err := s.loadLinked(db); err != nil {
		return err
	}
	return db.View(func(txn *badger.Txn) error {
		h, err := readHead(txn)
		if err == nil {
			err = s.checkEnd(txn, h.Seq)
		}
		s.head.Store(&h)
		return err
	})
}

// checkEnd fails where what says how much there is, is older than the rest, or lost.
func (s *Store) checkEnd(txn *badger.Txn, links uint64) error {
	if _, err := txn.Get(metaKey(metaTotals)); (err == nil) != (links > 0) {
		if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
			return err
		}
		return errEnd
	}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindPiece}})
	defer it.Close()
	if it.Seek(pieceKey(max(1, links))); it.Valid() != (links > 0) {
		return errEnd
	}
	if links > 0 {
		if last, ok := pieceEnd(it.Item()); !ok || last != links {
			return errEnd
		}
		if it.Next(); it.Valid() {
			return errEnd
		}
	}
	return nil
}

var errEnd = fmt.Errorf("the chain does not end where it should: some of the database is lost: restore consent/ and %s from a backup", keyFile)

// A link is a Link as it is kept: its number and sum follow from its place.
type link struct {
	id       eventID
	recorded time.Time
	kind     filter.Kind
	digest   wire.Digest
}

// after is the head of a chain to whose head h the link is added.
func (l *link) after(h Head) Head {
	b := make([]byte, 0, 160)
	b = append(b, h.Sum[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.Seq+1)
	b = binary.LittleEndian.AppendUint64(b, uint64(l.recorded.UnixNano()))
	b = append(append(b, byte(l.kind)), l.id[:]...)
	return Head{Seq: h.Seq + 1, Sum: sha256.Sum256(append(b, l.digest[:]...)), Time: l.recorded}
}

// shown is the link in the form of the API, where h is the head it makes.
func (l *link) shown(h *Head) Link {
	fp := l.id.recipient()
	return Link{Seq: h.Seq, Recorded: l.recorded, Kind: l.kind, Fingerprint: hex.EncodeToString(fp[:]), Digest: l.digest, Sum: h.Sum}
}

// A piece is a part of the chain: the links that one transaction wrote. Its key is the number of
// its last link, so that a seek to a number finds the piece with that link.
type piece struct {
	before Head // Time is not kept
	links  []link
	sum    wire.Digest // of the last link
}

const pieceVersion = 1

func pieceKey(last uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindPiece}, last)
}

// first is the number of the first link.
func (p *piece) first() uint64 { return p.before.Seq + 1 }

// add appends a link behind the head of the piece, and returns the new one.
func (p *piece) add(l link, head Head) Head {
	if len(p.links) == 0 {
		p.before = head
	}
	p.links = append(p.links, l)
	head = l.after(head)
	p.sum = head.Sum
	return head
}

func (p *piece) encode() []byte {
	base := p.links[0].recorded
	b := make([]byte, 0, 128+len(p.links)*(len(eventID{})+len(wire.Digest{})+4))
	b = binary.AppendUvarint(append(b, pieceVersion), p.before.Seq)
	b = append(b, p.before.Sum[:]...)
	b = binary.AppendUvarint(wire.AppendTime(b, base), uint64(len(p.links)))
	for i := range p.links {
		l := &p.links[i]
		b = binary.AppendVarint(append(b, byte(l.kind)), int64(l.recorded.Sub(base)))
		b = append(append(b, l.id[:]...), l.digest[:]...)
	}
	return wire.AppendSum(append(b, p.sum[:]...), 0)
}

func decodePiece(value []byte) (p piece, err error) {
	d := wire.NewDecoder(value, pieceVersion)
	p.before.Seq = d.Uvarint()
	copy(p.before.Sum[:], d.Take(sha256.Size))
	base, n := d.Time(), d.Uvarint()
	if n > uint64(len(d.Rest))/uint64(len(eventID{})+len(wire.Digest{})) {
		return piece{}, wire.ErrDamaged
	}
	p.links = make([]link, n)
	for i := range p.links {
		l := &p.links[i]
		l.kind = filter.Kind(d.Byte())
		l.recorded = base.Add(time.Duration(d.Varint()))
		copy(l.id[:], d.Take(uint64(len(l.id))))
		copy(l.digest[:], d.Take(uint64(len(l.digest))))
	}
	copy(p.sum[:], d.Take(sha256.Size))
	if d.End() != nil || n == 0 {
		return piece{}, wire.ErrDamaged
	}
	return p, nil
}
