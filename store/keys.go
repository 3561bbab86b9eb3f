package store

import (
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
	"github.com/sendgate/sendgate/filter"
)

const (
	keySize   = 32
	keyFile   = "store.key"
	metaCheck = "key-check"
)

// A fingerprint stands for a recipient on disk: HMAC-SHA256 (RFC 2104) under the store's key,
// cut to 128 bits. Without the key nobody can tell whether a number is in the store.
type fingerprint [16]byte

// keys makes fingerprints. It is immutable.
type keys struct {
	inner, outer [sha256.BlockSize]byte // the key in the two masks of HMAC
}

func newKeys(secret []byte) (k keys) {
	for i := range k.inner {
		var b byte
		if i < len(secret) {
			b = secret[i]
		}
		k.inner[i], k.outer[i] = b^0x36, b^0x5c
	}
	return k
}

// What a fingerprint is taken of. The byte comes first, so that no two uses can collide.
const (
	ofRecipient = 'r'
	ofEventID   = 'i'
	ofAddress   = 'a'
	ofKey       = 'k'
)

// recipient is the fingerprint of brand, channel and address together.
func (k *keys) recipient(to filter.Recipient) fingerprint {
	var room [sha256.BlockSize + 192]byte
	b := append(append(room[:0], k.inner[:]...), ofRecipient)
	b = append(binary.AppendUvarint(b, uint64(len(to.Brand))), to.Brand...)
	b = append(binary.AppendUvarint(b, uint64(len(to.Channel))), to.Channel...)
	return k.seal(append(b, to.Address...))
}

// of is the fingerprint of one string in one use.
func (k *keys) of(use byte, s string) fingerprint {
	var room [sha256.BlockSize + 192]byte
	b := append(append(room[:0], k.inner[:]...), use)
	return k.seal(append(b, s...))
}

// seal ends HMAC: b is the inner mask and the message.
func (k *keys) seal(b []byte) fingerprint {
	sum := sha256.Sum256(b)
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(outer[:], k.outer[:])
	copy(outer[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(outer[:])
	return fingerprint(sum[:len(fingerprint{})])
}

func recordKey(fp fingerprint) []byte { return append([]byte{kindRecord}, fp[:]...) }
func optoutKey(fp fingerprint) []byte { return append([]byte{kindOptout}, fp[:]...) }
func metaKey(name string) []byte      { return append([]byte{kindMeta}, name...) }

// eventsKey is where the events of a recipient begin, in one of the two spaces of events.
func eventsKey(kind byte, fp fingerprint) []byte { return append([]byte{kind}, fp[:]...) }

// event is the same for the same ID of the same recipient, which is what makes an append
// idempotent.
func (k *keys) event(fp fingerprint, id string) (e eventID) {
	hash := k.of(ofEventID, id)
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
	if want := k.of(ofKey, ""); subtle.ConstantTimeCompare(want[:], check) != 1 {
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
	check := k.of(ofKey, "")
	return k, s.db.Update(func(txn *badger.Txn) error { return txn.Set(metaKey(metaCheck), check[:]) })
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
	if err := writeFile(filepath.Clean(s.cfg.Dir), keyFile, keyFile+".", secret); err != nil {
		return nil, fmt.Errorf("making %s: %w", s.path(keyFile), err)
	}
	return secret, nil
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// appendCount writes a count about the database, and getCount reads it: 0 where there is none.
func appendCount(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

func getCount(db *badger.DB, name string) (int64, error) {
	value, err := getMeta(db, name)
	if err != nil || len(value) != 8 {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(value)), nil
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
