package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// An eraser takes the personal fields of recipients out of the database. It works while nobody
// else writes, in steps that may be repeated:
//
//  1. An Erased event is kept for each recipient, in the space of erased events. From then on
//     their record says that they opted out of everything.
//  2. What is left of each event is kept in that space.
//  3. The blobs that no other recipient's event names are removed.
//  4. The snapshot of the index is removed, which may say where they are.
//  5. The events of the recipients are dropped from the space of whole events, in memory and in
//     every table on disk, with all their versions; before that, who else they are. So are the passes for them,
//     and those that say their address, which are kept again without it.
type eraser struct {
	s       *Store
	journal *journal

	time     time.Time // of the Erased events
	recorded time.Time
	count    int             // events that were emptied
	blobs    map[string]bool // named by events that were emptied
	removed  int             // of them, how many were removed
}

// erasePage is how many events one transaction of an erasure, or of forgetting, takes at most.
const erasePage = 256

func (e *eraser) events(db *badger.DB) error {
	var prefixes [][]byte
	erased := make(map[fingerprint.Recipient]bool)
	for _, to := range e.journal.Recipients {
		fp, err := e.announce(to)
		if err != nil {
			return err
		}
		if err := e.bind(db, to); err != nil {
			return err
		}
		erased[fp] = true
		prefixes = append(prefixes, eventsKey(kindEvent, fp))
		if err := e.empty(db, fp); err != nil {
			return err
		}
	}
	for sha := range e.blobs {
		if err := e.dropBlob(db, sha, erased); err != nil {
			return fmt.Errorf("removing blob %s: %w", sha, err)
		}
	}
	if err := e.s.removeSnapshot(); err != nil {
		return fmt.Errorf("removing the snapshot of the index: %w", err)
	}
	if err := e.dropLinks(db); err != nil {
		return err
	}
	passes := e.passes()
	if err := e.s.drop(db, append(prefixes, passes.keys...)); err != nil {
		return err
	}
	return e.finish(db, passes)
}

// announce keeps the Erased event of one recipient.
func (e *eraser) announce(to filter.Recipient) (fingerprint.Recipient, error) {
	it, err := e.s.keepErased(e.journal, to, e.s.keys.Person(to.Address), time.Time{})
	if err != nil {
		return fingerprint.Recipient{}, err
	}
	e.time, e.recorded = it.event.Time, it.event.Recorded
	return it.id.recipient(), it.err
}

// keepErased keeps the Erased event of who they are alone who is erased as a recipient with this brand and channel. The
// zero time is now.
func (s *Store) keepErased(j *journal, to filter.Recipient, p fingerprint.Person, at time.Time) (*item, error) {
	it := &item{event: filter.Event{
		ID: j.ID, Time: at, To: filter.Recipient{Brand: to.Brand, Channel: to.Channel}, Kind: filter.Erased, Source: j.Actor, Note: j.Reason,
	}}
	var salt salt
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, err
	}
	s.prepare(it, to.Address, nil, &salt)
	it.person = p
	return it, s.keepItems([]*item{it}, false)
}

// empty keeps what is left of the events of one recipient.
func (e *eraser) empty(db *badger.DB, fp fingerprint.Recipient) error {
	var from []byte
	for more := true; more; {
		txn := db.NewTransaction(true)
		var err error
		if from, err = e.emptyPage(txn, fp, from); err == nil {
			err = e.s.commitOrBreak(txn)
		}
		txn.Discard()
		if err != nil {
			return err
		}
		more = from != nil
	}
	return nil
}

// emptyPage is one transaction of empty; next is where to go on.
func (e *eraser) emptyPage(txn *badger.Txn, fp fingerprint.Recipient, from []byte) (next []byte, err error) {
	prefix := eventsKey(kindEvent, fp)
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	if from == nil {
		from = prefix
	}
	n := 0
	for it.Seek(from); it.Valid(); it.Next() {
		if n == erasePage {
			return it.Item().KeyCopy(nil), nil
		}
		key := it.Item().KeyCopy(nil)
		if len(key) != 1+len(eventID{}) {
			return nil, fmt.Errorf("a key of %d bytes among the events: %w", len(key), wire.ErrDamaged)
		}
		id := eventID(key[1:])
		value, err := it.Item().ValueCopy(nil)
		if err != nil {
			return nil, err
		}
		k, err := decodeEvent(value, &id)
		if err != nil {
			e.s.logger.Warn("removing a damaged event of a recipient who is erased: nothing of it is left", zap.Error(err))
			continue
		}
		if sha := k.Proof.ScreenshotSHA256; sha != "" {
			e.blobs[sha] = true
			if err := txn.Delete(blobKey(sha, id[:])); err != nil {
				return nil, err
			}
		}
		if err := txn.Set(id.key(kindErased), k.skeleton(&id)); err != nil {
			return nil, err
		}
		e.count++
		n++
	}
	return nil, nil
}

// dropBlob removes a blob unless an event of somebody else names it.
func (e *eraser) dropBlob(db *badger.DB, sha string, erased map[fingerprint.Recipient]bool) error {
	named, err := blobNamed(db, sha, func(fp fingerprint.Recipient) bool { return !erased[fp] })
	if err != nil || named {
		return err
	}
	found, err := e.s.blobs.has(sha)
	if err == nil && found {
		e.removed++
		err = e.s.blobs.remove(sha)
	}
	return err
}

// blobNamed reports whether an event of a recipient whom counts accepts names a blob.
func blobNamed(db *badger.DB, sha string, counts func(fingerprint.Recipient) bool) (named bool, err error) {
	prefix := blobKey(sha, nil)
	err = db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Rewind(); it.Valid() && !named; it.Next() {
			id := bytes.TrimPrefix(it.Item().Key(), prefix)
			if len(id) != len(eventID{}) {
				return wire.ErrDamaged
			}
			named = counts(fingerprint.Recipient(id))
		}
		return nil
	})
	return named, err
}

// commitOrBreak commits txn, and takes the database out of use when that fails. doubt is whose
// records it writes.
func (s *Store) commitOrBreak(txn *badger.Txn, doubt ...fingerprint.Recipient) error {
	if err := s.commitSynced(txn); err != nil {
		return s.broken(err, doubt...)
	}
	return nil
}

// drop removes everything under prefixes from memory and from every table, and makes sure of it.
// Badger holds its readers up meanwhile, and so do we: no reader sees half of it.
func (s *Store) drop(db *badger.DB, prefixes [][]byte) error {
	s.mu.Lock()
	err := s.folder.Drop(db, prefixes)
	s.mu.Unlock()
	if err == nil {
		err = s.dropped(db, prefixes)
	}
	if err != nil {
		return s.broken(fmt.Errorf("removing what was erased: %w", err))
	}
	return nil
}

// dropped fails when anything is left under prefixes, in any version.
func (s *Store) dropped(db *badger.DB, prefixes [][]byte) error {
	return db.View(func(txn *badger.Txn) error {
		for _, prefix := range prefixes {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, AllVersions: true})
			it.Rewind()
			left := it.Valid()
			it.Close()
			if left {
				return errors.New("the database kept a part of it")
			}
		}
		return nil
	})
}
