package store

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/fingerprint"
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

func recordKey(fp fingerprint.Recipient) []byte { return append([]byte{kindRecord}, fp[:]...) }
func metaKey(name string) []byte                { return append([]byte{kindMeta}, name...) }

// eventsKey is where the events of a recipient begin, in one of the two spaces of events.
func eventsKey(kind byte, fp fingerprint.Recipient) []byte { return append([]byte{kind}, fp[:]...) }

// openKeys reads the key of the fingerprints, or makes one for an empty store. The database
// holds a fingerprint of the key itself, so that a store is never used with another's key: every
// recipient would look like a stranger.
func (s *Store) openKeys() (fingerprint.Keys, error) {
	check, err := getMeta(s.db, metaCheck)
	if err != nil {
		return fingerprint.Keys{}, err
	}
	secret, err := s.readKey()
	switch {
	case check == nil && err == nil:
		return s.adoptKey(secret)
	case check == nil && errors.Is(err, fs.ErrNotExist):
		if secret, err = s.makeKey(); err != nil {
			return fingerprint.Keys{}, err
		}
		return s.adoptKey(secret)
	case errors.Is(err, fs.ErrNotExist):
		return fingerprint.Keys{}, fmt.Errorf("%s is missing, and without it nothing in consent/ can be found: restore it from the backup that the data came from", keyFile)
	case err != nil:
		return fingerprint.Keys{}, err
	}
	k := fingerprint.NewKeys(secret)
	if subtle.ConstantTimeCompare(k.Check[:], check) != 1 {
		return fingerprint.Keys{}, fmt.Errorf("%s is not the key that consent/ was written with: restore both from the same backup", keyFile)
	}
	return k, nil
}

// adoptKey ties an empty database to its key.
func (s *Store) adoptKey(secret []byte) (fingerprint.Keys, error) {
	empty := true
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		it.Rewind()
		empty = !it.Valid()
		return nil
	})
	if err != nil {
		return fingerprint.Keys{}, err
	}
	if !empty {
		return fingerprint.Keys{}, errors.New("consent/ holds a database that this program did not write")
	}
	k := fingerprint.NewKeys(secret)
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	if err := txn.Set(metaKey(metaFormat), []byte{format}); err != nil {
		return fingerprint.Keys{}, err
	}
	if err := txn.Set(metaKey(metaCheck), k.Check[:]); err != nil {
		return fingerprint.Keys{}, err
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
