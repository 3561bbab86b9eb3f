package store

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/disk"
)

// The database has one namespace; the first byte of a key says what it holds.
const (
	kindPlace  = 'p' // + number: a brand and channel
	kindRecord = 'r' // + fingerprint: the record of a recipient
	kindEvent  = 'e' // + fingerprint + hash of the event's ID: an event
	kindErased = 'E' // + the same: an event of a recipient who was erased since, or the erasure itself
	kindPiece  = 'c' // + number of its last link: a piece of the chain
	kindBlob   = 'b' // + SHA-256 of a blob + fingerprint + hash of an event's ID, no value: it names the blob
	kindSweep  = 's' // + time of an erasure + fingerprint, no value: when to look whether it may be forgotten
	kindGone   = 'g' // + fingerprint: the events of this recipient were removed when their time was over
	kindSend   = 'k' // + hash of the key of a send: what became of it
	kindLink   = 'l' // + fingerprint + fingerprint: the second recipient is the first, too; the value has its address
	kindPass   = 'w' // + its id: a pass
	kindMeta   = 'm' // + name: something about the database itself
)

const (
	keySize   = 32
	keyFile   = "store.key"
	metaCheck = "key-check"
)

// A person is an address on whatever channel, for whatever brand: its AES-CMAC under a key made
// from the store's, cut to 96 bits. Without the key nobody can tell whether a number is in the
// store.
type person [12]byte

// A fingerprint stands for a recipient on disk: the person, and the number of the place, which is
// brand and channel together. So all that is known of one person lies side by side.
type fingerprint [len(person{}) + 4]byte

func (p person) at(n placeNumber) (fp fingerprint) {
	binary.BigEndian.PutUint32(fp[copy(fp[:], p[:]):], uint32(n))
	return fp
}

func (fp *fingerprint) person() person { return person(fp[:len(person{})]) }

func (fp *fingerprint) place() placeNumber {
	return placeNumber(binary.BigEndian.Uint32(fp[len(person{}):]))
}

// keys makes fingerprints. It is immutable.
type keys struct {
	check   [sha256.Size]byte // shows which secret they are of
	persons *cmac
	uses    [7]*cmac
	sends   [sha256.Size]byte // for [Store.SendKey]
}

// What a hash of one string is taken of. Each use has a key of its own, so that no two can collide.
const (
	ofEventID = iota
	ofAddress // in the decision log
	ofContent // of a message, in the tally
	ofPortfolio
	ofErrand // its ID
	ofCopy   // what it is a copy of
	ofPrint  // part of a message
)

// newKeys makes the key of each use: the first half of HMAC-SHA256 of its name under the secret.
func newKeys(secret []byte) keys {
	derive := func(name string) (key [sha256.Size]byte) {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte("sendgate store: " + name)) // hash.Hash: no error
		return [sha256.Size]byte(mac.Sum(nil))
	}
	of := func(name string) *cmac { key := derive(name); return newCMAC(key[:aes.BlockSize]) }
	return keys{
		check:   derive("key check"),
		persons: of("person"),
		sends:   derive("key of a send"),
		uses: [...]*cmac{ofEventID: of("event id"), ofAddress: of("address in the decision log"),
			ofContent: of("content of a message"), ofPortfolio: of("portfolio"), ofErrand: of("id of an errand"),
			ofCopy: of("copy of an event"), ofPrint: of("part of a message")},
	}
}

func (k *keys) person(address string) person {
	sum := k.persons.sum(address)
	return person(sum[:len(person{})])
}

// of is the hash of one string in one use.
func (k *keys) of(use int, s string) [aes.BlockSize]byte { return k.uses[use].sum(s) }

func recordKey(fp fingerprint) []byte { return append([]byte{kindRecord}, fp[:]...) }
func metaKey(name string) []byte      { return append([]byte{kindMeta}, name...) }

// eventsKey is where the events of a recipient begin, in one of the two spaces of events.
func eventsKey(kind byte, fp fingerprint) []byte { return append([]byte{kind}, fp[:]...) }

// event is the same for the same ID of the same recipient, which is what makes an append
// idempotent. hash is of the ID.
func (fp fingerprint) event(hash [16]byte) (e eventID) {
	copy(e[copy(e[:], fp[:]):], hash[:])
	return e
}

// openKeys reads the key of the fingerprints, or makes one for an empty store. The database
// holds a fingerprint of the key itself, so that a store is never used with another's key: every
// recipient would look like a stranger.
func (s *Store) openKeys() (keys, error) {
	check, err := getMeta(s.db, metaCheck)
	if err != nil {
		return keys{}, err
	}
	secret, err := s.readKey()
	switch {
	case check == nil && err == nil:
		return s.adoptKey(secret)
	case check == nil && errors.Is(err, fs.ErrNotExist):
		if secret, err = s.makeKey(); err != nil {
			return keys{}, err
		}
		return s.adoptKey(secret)
	case errors.Is(err, fs.ErrNotExist):
		return keys{}, fmt.Errorf("%s is missing, and without it nothing in consent/ can be found: restore it from the backup that the data came from", keyFile)
	case err != nil:
		return keys{}, err
	}
	k := newKeys(secret)
	if subtle.ConstantTimeCompare(k.check[:], check) != 1 {
		return keys{}, fmt.Errorf("%s is not the key that consent/ was written with: restore both from the same backup", keyFile)
	}
	return k, nil
}

// adoptKey ties an empty database to its key.
func (s *Store) adoptKey(secret []byte) (keys, error) {
	empty := true
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		it.Rewind()
		empty = !it.Valid()
		return nil
	})
	if err != nil {
		return keys{}, err
	}
	if !empty {
		return keys{}, errors.New("consent/ holds a database that this program did not write")
	}
	k := newKeys(secret)
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	if err := txn.Set(metaKey(metaFormat), []byte{format}); err != nil {
		return keys{}, err
	}
	if err := txn.Set(metaKey(metaCheck), k.check[:]); err != nil {
		return keys{}, err
	}
	return k, s.commitSynced(txn)
}

func (s *Store) readKey() ([]byte, error) {
	if s.cfg.Memory {
		return nil, fs.ErrNotExist
	}
	secret, err := os.ReadFile(s.path(keyFile))
	if err == nil && len(secret) != keySize {
		err = fmt.Errorf("%s has %d bytes, want %d: restore it from the backup that the data came from", keyFile, len(secret), keySize)
	}
	return secret, err
}

// makeKey draws a key and puts it on disk before anything depends on it.
func (s *Store) makeKey() ([]byte, error) {
	secret := make([]byte, keySize)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	if s.cfg.Memory {
		return secret, nil
	}
	if err := disk.Write(filepath.Clean(s.cfg.Dir), keyFile, keyFile+".", secret); err != nil {
		return nil, fmt.Errorf("making %s: %w", s.path(keyFile), err)
	}
	return secret, nil
}

// getMeta reads a value about the database itself; nil when there is none.
func getMeta(db *badger.DB, name string) (value []byte, err error) {
	err = db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(metaKey(name))
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	return value, err
}
