package fingerprint

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// A Place is the number of a place, a channel as one brand uses it or as every brand does, from 1 on.
type Place uint32

// Nowhere is the number of a place about which nothing was ever kept.
const Nowhere Place = 0

// A Bearing is the number of a place, and of its channel for every brand.
type Bearing struct{ Own, All Place }

// A Person is an address on whatever channel, for whatever brand: its AES-CMAC under a key made
// from the store's, cut to 96 bits. Without the key nobody can tell whether a number is in the
// store.
type Person [12]byte

// A Recipient stands for a recipient on disk: the person, and the number of the place, which is
// brand and channel together. So all that is known of one person lies side by side.
type Recipient [len(Person{}) + 4]byte

// At is the fingerprint of the person in a place.
func (p Person) At(n Place) (fp Recipient) {
	binary.BigEndian.PutUint32(fp[copy(fp[:], p[:]):], uint32(n))
	return fp
}

// Person is who the recipient is.
func (fp *Recipient) Person() Person { return Person(fp[:len(Person{})]) }

// Place is where the recipient is.
func (fp *Recipient) Place() Place {
	return Place(binary.BigEndian.Uint32(fp[len(Person{}):]))
}

// Keys makes fingerprints. It is immutable.
type Keys struct {
	Check [sha256.Size]byte // shows which secret they are of
	Sends [sha256.Size]byte // under which the keys of sends are hashed

	persons *cmac
	uses    [7]*cmac
}

// A Use is what a hash of one string is taken of. Each has a key of its own, so that no two can collide.
type Use int

const (
	EventID Use = iota
	Address     // in the decision log
	Content     // of a message, in the tally
	Portfolio
	Errand // its id
	Copy   // what it is a copy of
	Print  // part of a message
)

// NewKeys makes the key of each use: the first half of HMAC-SHA256 of its name under the secret.
func NewKeys(secret []byte) Keys {
	derive := func(name string) (key [sha256.Size]byte) {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte("sendgate store: " + name)) // hash.Hash: no error
		return [sha256.Size]byte(mac.Sum(nil))
	}
	of := func(name string) *cmac { key := derive(name); return newCMAC(key[:aes.BlockSize]) }
	return Keys{
		Check:   derive("key check"),
		persons: of("person"),
		Sends:   derive("key of a send"),
		uses: [...]*cmac{EventID: of("event id"), Address: of("address in the decision log"),
			Content: of("content of a message"), Portfolio: of("portfolio"), Errand: of("id of an errand"),
			Copy: of("copy of an event"), Print: of("part of a message")},
	}
}

// Person stands for who has an address.
func (k *Keys) Person(address string) Person {
	sum := k.persons.sum(address)
	return Person(sum[:len(Person{})])
}

// Of is the hash of one string in a use.
func (k *Keys) Of(u Use, s string) [aes.BlockSize]byte { return k.uses[u].sum(s) }

// ShortPerson is the beginning of the hash of an address.
func (k *Keys) ShortPerson(address string) uint64 {
	p := k.Person(address)
	return binary.BigEndian.Uint64(p[:8])
}

// Short makes the beginnings of the hashes in a use.
func (k *Keys) Short(u Use) func(string) uint64 {
	return func(s string) uint64 {
		sum := k.Of(u, s)
		return binary.BigEndian.Uint64(sum[:8])
	}
}
