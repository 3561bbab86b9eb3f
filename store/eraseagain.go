package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
)

// aboutErasure is what of [Act.About] of an erasure is its ID.
const aboutErasure = "erasure"

const (
	// metaHeard is up to which line of the audit the database has heard of erasures: its number and sum, since another
	// audit may have been put in the place of that one.
	metaHeard = "erasures-heard"
	// heardEvery is from how many further lines on that is written down.
	heardEvery = 1000
)

// eraseAgain erases whom the audit knows as erased and the database does not: it was restored from a backup of
// before. Only who was known before the erasure is, so that nothing goes that was learnt after it.
func (s *Store) eraseAgain() error {
	if s.cfg.Memory || s.cfg.Still {
		return nil
	}
	undone, err := s.undoneErasures()
	if err != nil {
		return fmt.Errorf("looking whether an erasure was undone: %w", err)
	}
	if old, err := s.readJournal(); len(undone) > 0 && (old != nil || err != nil) { // its journal would be lost
		return errors.Join(errors.New("erasing again who came back with a backup: an erasure that is not finished is in the way, see the log"), err)
	}
	for _, j := range slices.Backward(undone) {
		var err error
		if j.Recipients, err = s.everyoneAt(context.Background(), j.To); err == nil {
			err = s.writeJournal(j)
		}
		if err == nil {
			_, err = s.follow(j, func(f func(*badger.DB) error) error { return f(s.db) })
		}
		if err != nil {
			return fmt.Errorf("erasing again who came back with a backup: %w", err)
		}
		s.logger.Warn("a backup of before brought back somebody who was erased: they are erased again", zap.String("id", j.ID))
		s.auditErasure(j, "they came back with a backup of before, and were erased again")
	}
	return nil
}

// undoneErasures are those that the audit tells of, in the lines that this database has not heard of, and that are to
// be done again; the newest first.
func (s *Store) undoneErasures() (undone []*journal, err error) {
	value, err := getMeta(s.db, metaHeard)
	heard, last := decodeHeard(value), s.audit.last
	if err != nil || last.After == heard.After && last.Sum == heard.Sum {
		return nil, err
	}
	w := auditWalk{l: &s.audit}
	walked := w.rows(func(row []byte) bool {
		if rowSeq(row) == heard.After {
			line, _, unread := unpackRow(row)
			if unread == nil && line.Sum == heard.Sum {
				return false
			}
			heard = auditHead{} // in another audit
		}
		if !bytes.Contains(row, []byte(ActConsentErase)) {
			return true
		}
		_, a, unread := unpackRow(row)
		if unread != nil || a.Kind != ActConsentErase || a.Outcome != ActDone {
			return true
		}
		var j *journal
		if j, err = s.undone(&a); j != nil {
			undone = append(undone, j)
		}
		return err == nil
	})
	if err = errors.Join(walked, err); err == nil && len(undone) == 0 && last.After-heard.After >= heardEvery {
		txn := s.db.NewTransaction(true)
		if err = txn.Set(metaKey(metaHeard), append(binary.AppendUvarint(nil, last.After), last.Sum[:]...)); err == nil {
			err = s.commitSynced(txn)
		}
		txn.Discard()
	}
	return undone, err
}

// decodeHeard reads the value of metaHeard. One without a sum is of before there were any, and counts for nothing.
func decodeHeard(value []byte) (heard auditHead) {
	after, n := binary.Uvarint(value)
	if n > 0 && len(value)-n == len(heard.Sum) {
		heard.After, heard.Sum = after, Digest(value[n:])
	}
	return heard
}

// undone is the erasure that an act of the audit tells of, to be done again; nil where it stands, or has nothing to
// erase.
func (s *Store) undone(a *Act) (*journal, error) {
	b, err := hex.DecodeString(a.Person)
	if id := a.About[aboutErasure]; err != nil || id == "" || len(b) != len(person{}) {
		return nil, nil // a line of another program
	}
	p, begun := person(b), a.Begun
	if begun.IsZero() {
		begun = a.Time
	}
	j := &journal{ID: a.About[aboutErasure], To: a.To, Actor: cmp.Or(a.Actor, "gate"), Reason: a.Note}
	own := p.at(s.places.Load().of(&a.To).own)
	stands := false
	err = s.view(func(txn *badger.Txn) error {
		if j.To.Address = knownBefore(txn, p, j, begun); j.To.Address == "" {
			return nil
		}
		erased := own.event(s.keys.of(ofEventID, j.ID))
		_, found, err := getEvent(txn, &erased)
		if stands = found || err != nil; stands {
			return nil // a damaged one, too
		}
		gone, err := goneUntil(txn, own)
		stands = gone > 0
		return err
	})
	if err != nil || stands || j.To.Address == "" || s.keys.person(j.To.Address) != p {
		return nil, err
	}
	return j, nil
}

// knownBefore is the address of a person, where something of before a moment is kept with it about a recipient of j;
// else it is empty. What does not read is passed over.
func knownBefore(txn *badger.Txn, p person, j *journal, at time.Time) (address string) {
	events := walkEvents(txn, p[:])
	defer events.close()
	for address == "" && bytes.HasPrefix(events.nearest(), p[:]) && len(events.nearest()) == len(eventID{}) {
		if k := &events.event; events.next() && j.erases(k.To.Brand, k.To.Channel) && k.Recorded.Before(at) {
			address = k.To.Address
		}
	}
	return address
}

// auditErasure has the audit know an erasure that nobody waits for.
func (s *Store) auditErasure(j *journal, note string) {
	err := s.Audit(Act{Kind: ActConsentErase, Actor: "gate", To: filter.Recipient{Brand: j.To.Brand, Channel: j.To.Channel, Address: j.To.Address},
		About: map[string]string{aboutErasure: j.ID}, Note: note})
	if err != nil {
		s.logger.Error("an erasure is not in the audit", zap.String("id", j.ID), zap.Error(err))
	}
}
