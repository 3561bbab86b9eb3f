package store

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// The value of an event has a public part, which outlives the recipient's erasure, and a private
// one. The chain holds the digest of both:
//
//	commitment = SHA-256(salt, private part)
//	digest     = SHA-256(fingerprint, hash of the event's ID, public part, commitment)
//
// Whoever erases puts the commitment in the place of salt and private part. Then the digest still
// proves the public part, and nothing can be guessed from it: the salt was random.
const (
	saltSize = 16

	formWhole  = 0 // salt and private part
	formErased = 1 // commitment
)

type salt [saltSize]byte

// An eventID is what an event's key has behind its first byte: fingerprint and hash of the ID.
type eventID [2 * len(fingerprint.Recipient{})]byte

// eventOf is of the event of a recipient whose ID has a hash: the same for the same ID, which is what makes an append
// idempotent.
func eventOf(fp fingerprint.Recipient, hash [16]byte) (e eventID) {
	copy(e[copy(e[:], fp[:]):], hash[:])
	return e
}

func (id *eventID) recipient() fingerprint.Recipient {
	return fingerprint.Recipient(id[:len(fingerprint.Recipient{})])
}

// key is where the event is, in the space of whole events or of those of erased recipients.
func (id *eventID) key(kind byte) []byte {
	return append(append(make([]byte, 0, 1+len(id)), kind), id[:]...)
}

// A keptEvent is an event as it is on disk.
type keptEvent struct {
	filter.Event
	seq    uint64
	erased bool   // the private part is gone
	public string // encoded
	secret string // salt and private part, or the commitment
}

// A secret is the salt and the private part of an event, and the commitment to them. It is made
// before the event has its place in the chain.
type secret struct {
	bytes      []byte
	commitment wire.Digest
}

// appendSecret writes the secret of an event behind b.
func appendSecret(b []byte, e *filter.Event, s *salt) ([]byte, secret) {
	start := len(b)
	b = appendPrivate(append(b, s[:]...), e)
	own := b[start:len(b):len(b)]
	return b, secret{own, sha256.Sum256(own)}
}

// appendEvent writes the value of an event and returns its digest with it.
func appendEvent(b []byte, id *eventID, e *filter.Event, seq uint64, s *secret) ([]byte, wire.Digest) {
	start := len(b)
	var room [256]byte
	public := appendPublic(room[:0], e, seq)
	b = binary.AppendUvarint(append(b, eventVersion, formWhole), uint64(len(public)))
	b = append(append(b, public...), s.bytes...)
	return wire.AppendSum(b, start, id[:]...), digest(id, public, s.commitment[:])
}

func digest(id *eventID, public, commitment []byte) wire.Digest {
	var room [512]byte
	return sha256.Sum256(append(append(append(room[:0], id[:]...), public...), commitment...))
}

func decodeEvent(value []byte, id *eventID) (k keptEvent, err error) {
	d := wire.NewDecoder(value, eventVersion, id[:]...)
	form := d.Byte()
	k.public = d.Text()
	k.secret = d.Rest
	p := wire.Decoder{Rest: k.public, Bad: d.Bad}
	k.seq = readPublic(&p, &k.Event)
	switch form {
	case formWhole:
		d.Take(saltSize)
		readPrivate(&d, &k.Event)
	case formErased:
		k.erased = true
		d.Take(sha256.Size)
	default:
		d.Fail()
	}
	if d.End() != nil || p.End() != nil {
		return keptEvent{}, wire.ErrDamaged
	}
	return k, nil
}

func (k *keptEvent) commitment() []byte {
	if k.erased {
		return []byte(k.secret)
	}
	sum := sha256.Sum256([]byte(k.secret))
	return sum[:]
}

// digest is what the chain must hold for the event with this ID.
func (k *keptEvent) digest(id *eventID) wire.Digest {
	return digest(id, []byte(k.public), k.commitment())
}

// skeleton is the value of the event once its recipient is erased.
func (k *keptEvent) skeleton(id *eventID) []byte {
	b := append(make([]byte, 0, 96), eventVersion, formErased)
	b = append(wire.AppendString(b, k.public), k.commitment()...)
	return wire.AppendSum(b, 0, id[:]...)
}
