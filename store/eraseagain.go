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
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// aboutErasure is what of [audit.Act.About] of an erasure is its ID.
const aboutErasure = "erasure"

const (
	// metaHeard is up to which line of the audit the database has heard of erasures: its number and sum, since another
	// audit may have been put in the place of that one.
	metaHeard = "erasures-heard"
	// heardEvery is from how many further lines on that is written down.
	heardEvery = 1000
)

// An undoneErasure is one that the audit tells of and the database does not know.
type undoneErasure struct {
	*journal // without an address where nothing of before the erasure is kept with it
	person   fingerprint.Person
	begun    time.Time
	logged   string // the address, where the decision log alone has it
}

// at reports whether the erasure was of a recipient with this brand and channel.
func (u *undoneErasure) at(to filter.Recipient) bool {
	return (&spelling.Person{To: u.To}).At(to)
}

// eraseAgain erases whom the audit knows as erased and the database does not: it was restored from a backup of
// before. What was learnt after the erasure alone stays; who was not known before it counts as erased since then.
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
	err = s.findLogged(undone)
	for i, u := range slices.Backward(undone) {
		again := s.eraseAnew
		if u.To.Address == "" {
			again = s.eraseUnknown
		}
		if err == nil {
			err = again(u)
		}
		if err != nil && i == 0 && u.Dropped && s.sick.Load() == nil { // the last, and nobody is written to again
			s.logger.Error(unfinished, zap.Error(err))
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("erasing again who came back with a backup: %w", err)
	}
	return nil
}

// eraseAnew does all of an erasure again.
func (s *Store) eraseAnew(u *undoneErasure) (err error) {
	if u.Recipients, err = s.everyoneAt(context.Background(), u.To); err == nil {
		err = s.writeJournal(u.journal)
	}
	if err == nil {
		_, err = s.follow(u.journal, func(f func(*badger.DB) error) error { return f(s.db) })
	}
	if err == nil {
		s.logger.Warn("a backup of before brought back somebody who was erased: they are erased again", zap.String("id", u.ID))
		s.auditErasure(u.journal, "they came back with a backup of before, and were erased again")
	}
	return err
}

// eraseUnknown takes who the database does not know by an address out of the decision log, and keeps that they were
// erased.
func (s *Store) eraseUnknown(u *undoneErasure) error {
	if u.logged != "" {
		to := u.To
		to.Address = u.logged
		if _, err := s.decisions.Erase(spelling.OfPerson(to)); err != nil {
			return fmt.Errorf("in the decision log: %w", err)
		}
	}
	it, err := s.keepErased(u.journal, u.To, u.person, u.begun)
	if err == nil {
		err = it.err
	}
	if err == nil {
		s.logger.Warn("a backup of before did not know that somebody was erased: they count as erased again", zap.String("id", u.ID))
	}
	return err
}

// findLogged looks in the decision log for the addresses of those whom the database does not know.
func (s *Store) findLogged(undone []*undoneErasure) error {
	unknown := map[fingerprint.Person][]*undoneErasure{}
	for _, u := range undone {
		if u.To.Address == "" {
			unknown[u.person] = append(unknown[u.person], u)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	for e, err := range s.decisions.Entries(decisions.Query{}) {
		if err != nil {
			return err
		}
		for _, u := range unknown[s.keys.Person(e.To.Address)] {
			if u.at(e.To) && e.Time.Before(u.begun) {
				u.logged = e.To.Address
			}
		}
	}
	return nil
}

// undoneErasures are those that the audit tells of, in the lines that this database has not heard of, and that are to
// be done again; the newest first.
func (s *Store) undoneErasures() (undone []*undoneErasure, err error) {
	value, err := getMeta(s.db, metaHeard)
	heard, last := decodeHeard(value), s.audit.Last()
	if err != nil || last.After == heard.After && last.Sum == heard.Sum {
		return nil, err
	}
	heard, walked := s.audit.Done(audit.ConsentErase, heard, func(a *audit.Act) bool {
		var u *undoneErasure
		if u, err = s.undone(a); u != nil {
			undone = slices.DeleteFunc(undone, func(later *undoneErasure) bool { return later.ID == u.ID }) // done again before
			undone = append(undone, u)
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
func decodeHeard(value []byte) (heard audit.Head) {
	after, n := binary.Uvarint(value)
	if n > 0 && len(value)-n == len(heard.Sum) {
		heard.After, heard.Sum = after, wire.Digest(value[n:])
	}
	return heard
}

// undone is the erasure that an act of the audit tells of, to be done again; nil where it stands.
func (s *Store) undone(a *audit.Act) (*undoneErasure, error) {
	b, err := hex.DecodeString(a.Person)
	if id := a.About[aboutErasure]; err != nil || id == "" || len(b) != len(fingerprint.Person{}) {
		return nil, nil // a line of another program
	}
	u := &undoneErasure{person: fingerprint.Person(b), begun: a.Begun}
	if u.begun.IsZero() {
		u.begun = a.Time
	}
	u.journal = &journal{ID: a.About[aboutErasure], To: a.To, Actor: cmp.Or(a.Actor, "gate"), Reason: a.Note}
	stands := false
	err = s.view(func(txn *badger.Txn) (err error) {
		if stands, err = s.stands(txn, u.journal, u.person); !stands {
			u.To.Address = knownBefore(txn, u)
		}
		return err
	})
	if err != nil || stands {
		return nil, err
	}
	return u, nil
}

// stands reports whether the database knows of the erasure of somebody.
func (s *Store) stands(txn *badger.Txn, j *journal, p fingerprint.Person) (bool, error) {
	own := p.At(s.places.Load().of(&j.To).Own)
	erased := eventOf(own, s.keys.Of(fingerprint.EventID, j.ID))
	_, found, err := getEvent(txn, &erased)
	if found || err != nil {
		return true, nil // a damaged one, too
	}
	gone, err := goneUntil(txn, own)
	return gone > 0, err
}

// knownBefore is the address of whom an erasure was about, where something of before it is kept with it; else it is
// empty. What does not read is passed over.
func knownBefore(txn *badger.Txn, u *undoneErasure) (address string) {
	p := u.person
	events := walkEvents(txn, p[:])
	defer events.close()
	for address == "" && bytes.HasPrefix(events.nearest(), p[:]) && len(events.nearest()) == len(eventID{}) {
		if k := &events.event; events.next() && u.at(k.To) && k.Recorded.Before(u.begun) {
			address = k.To.Address
		}
	}
	return address
}

// auditErasure has the audit know an erasure that nobody waits for.
func (s *Store) auditErasure(j *journal, note string) {
	err := s.Audit().Keep(audit.Act{Kind: audit.ConsentErase, Actor: "gate", To: filter.Recipient{Brand: j.To.Brand, Channel: j.To.Channel, Address: j.To.Address},
		About: map[string]string{aboutErasure: j.ID}, Note: note})
	if err != nil {
		s.logger.Error("an erasure is not in the audit", zap.String("id", j.ID), zap.Error(err))
	}
}
