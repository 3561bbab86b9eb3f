package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/switches"
	"github.com/sendgate/sendgate/store/tokens"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

// An Erasure is what [Store.Erase] did. It holds no address.
type Erasure struct {
	ID         string    `json:"id"`         // of the events that tell of it
	Time       time.Time `json:"time"`       // from when on the recipient counts as opted out
	KeepUntil  time.Time `json:"keep_until"` // until when that is remembered
	Recipients int       `json:"recipients"` // how many were erased: one, or one a brand and channel
	Events     int       `json:"events"`     // how many events lost their personal fields
	Blobs      int       `json:"blobs"`      // how many screenshots were removed
	Entries    int       `json:"entries"`    // how many entries of the decision log were blanked
	Errands    int       `json:"errands"`    // how many errands were ended
	Acts       int       `json:"acts"`       // how many acts of the audit were blanked
	Mentions   int       `json:"mentions"`   // how many events of others say the address, in their note or evidence, and stay
}

// Erase removes every personal field of a recipient: from their events, with the proof and the
// screenshots that prove nothing else, and from the decision log. What stays is the keyed
// fingerprint, and of each event its kind, basis, scope, times, brand and channel; of each entry
// of the decision log all but the address, the text and what else holds the number. The recipient
// counts as opted out of everything from now on, for as long as [Config.KeepErased] says: only an
// express opt-in from later on lifts that. The chain still verifies. Of pauses, the texts that hold
// the address are blanked, and so are those of the audit that hold it or may speak of the recipient; passes for the
// recipient are forgotten. Errands about the recipient end, and so do others that say their number; what a provider
// repeats of them is not new. An erasure lifts no pause: while one is in force for a campaign or a sender in
// which the address is a word of its own, or a token is named by it, Erase refuses with an [*EventError].
//
// Under their other addresses, see [Store.Link], the recipient counts as opted out of everything too, and what was known
// of these addresses stays until they are erased themselves; that they were one is forgotten.
//
// A recipient of a brand is erased for that brand alone. With an empty Brand everyone with this
// address is, of every brand and on every channel.
//
// actor says who did it, and reason why; both are kept, so neither may hold the address. When
// Erase returns nil, no file in the folder holds the address any more, nor where this recipient alone was
// stated to be, but for what others' consents are proven with, as an e-mail address beside a number: that is
// counted, and goes when they are erased. Until then appends wait,
// a second or so where the store is large; and where not all recipients are held in memory (see
// [Config.Index]), for part of the time whatever reads from disk. The whole decision log is read,
// which takes about a second a million entries, and so are all events, a second a million, and all errands, ten seconds
// a million; that holds nothing up. What fails, or is cut short by the end of the process, is finished by the next
// Open, or the next Erase of anyone, and tried again hourly. What is learnt about the address afterwards is new. Where the database is put
// back as it was before, Open erases again whom the audit knows as erased, by the ID of the erasure in [audit.Act.About].
func (s *Store) Erase(ctx context.Context, to filter.Recipient, actor, reason string) (Erasure, error) {
	own := filter.Event{To: to, Source: actor, Note: reason}
	new(cloner).clone(&own)
	j := &journal{ID: ulid.New(s.now()), To: own.To, Actor: own.Source, Reason: own.Note}
	if err := j.check(); err != nil {
		return Erasure{}, err
	}
	select {
	case s.erasing <- struct{}{}:
		defer func() { <-s.erasing }()
	case <-ctx.Done():
		return Erasure{}, fmt.Errorf("waiting for another erasure: %w", ctx.Err())
	}
	if s.closed.Load() {
		return Erasure{}, ErrClosed
	}
	done, err := s.erase(ctx, j)
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing a recipient: %w", err)
	}
	if done.Mentions, err = s.mentions(ctx, j); err != nil {
		s.logger.Warn("it is not known in how many events of others an erased address is written", zap.String("id", done.ID), zap.Error(err))
	}
	s.logger.Info("erased a recipient", zap.String("id", done.ID), zap.Int("recipients", done.Recipients),
		zap.Int("events", done.Events), zap.Int("entries", done.Entries))
	return done, nil
}

// erase finishes what was begun before, then does what j says.
func (s *Store) erase(ctx context.Context, j *journal) (Erasure, error) {
	err := s.finish(s.inWriter)
	if err != nil {
		return Erasure{}, fmt.Errorf("finishing an earlier one: %w", err)
	}
	if err := s.unpaused(j.To.Address); err != nil {
		return Erasure{}, err
	}
	if err := s.unnamed(j.To.Address); err != nil {
		return Erasure{}, err
	}
	if j.Recipients, err = s.everyoneAt(ctx, j.To); err != nil {
		return Erasure{}, err
	}
	if err := s.writeJournal(j); err != nil {
		return Erasure{}, err
	}
	return s.follow(j, s.inWriter) // from here on it runs to its end, whatever becomes of ctx
}

// check says what is wrong with an erasure as it was asked for.
func (j *journal) check() error {
	e := filter.Event{ID: j.ID, To: j.To, Kind: filter.OptedOut, Source: j.Actor, Note: j.Reason}
	err := checkEvent(0, &e)
	var problem *EventError
	if errors.As(err, &problem) {
		switch problem.Field {
		case "source":
			problem.Field = "actor"
		case "note":
			problem.Field = "reason"
		}
		return err
	}
	for _, text := range [...]textField{{"actor", &j.Actor}, {"reason", &j.Reason}} {
		if spelling.Of(j.To.Address).In(*text.value) {
			return &EventError{0, text.name, "it holds the address, and would outlive the erasure"}
		}
	}
	return nil
}

// everyoneAt lists the recipients to erase.
func (s *Store) everyoneAt(ctx context.Context, to filter.Recipient) ([]filter.Recipient, error) {
	all := []filter.Recipient{to}
	if to.Brand != "" {
		return all, nil
	}
	p := s.keys.Person(to.Address)
	err := s.view(func(txn *badger.Txn) error {
		for _, one := range s.linkedAt(txn, to.Address) {
			if one != to {
				all = append(all, one)
			}
		}
		opt := badger.DefaultIteratorOptions
		opt.Prefix = append([]byte{kindRecord}, p[:]...)
		it := txn.NewIterator(opt)
		defer it.Close()
		events := walkEvents(txn, p[:])
		defer events.close()
		for it.Rewind(); it.Valid(); it.Next() {
			known, err := readKnown(txn, it.Item(), events)
			if err != nil {
				return err
			}
			if known.To.Address == to.Address && !slices.Contains(all, known.To) {
				all = append(all, known.To)
			}
		}
		return ctx.Err()
	})
	return all, err
}

// inWriter lets the writer call f between two transactions, and waits for it.
func (s *Store) inWriter(f func(*badger.DB) error) error {
	r := &request{done: make(chan error, 1), job: f}
	if err := s.enqueue(context.Background(), r); err != nil {
		return err
	}
	return <-r.done
}

// follow does what a journal says, from the beginning or, where that is done, from behind the database on: each step may
// have been taken already. run calls a function while nobody writes.
func (s *Store) follow(j *journal, run func(func(*badger.DB) error) error) (Erasure, error) {
	e := &eraser{s: s, journal: j, blobs: make(map[string]bool)}
	done, err := s.emptied(j)
	if err != nil {
		return Erasure{}, err
	}
	if !done {
		if err := run(e.events); err != nil {
			return Erasure{}, err
		}
		j.Dropped = true
		if err := s.writeJournal(j); err != nil {
			return Erasure{}, err
		}
	} else if err := s.removeSnapshot(); err != nil { // one of before, whose removal may not have reached the disk
		return Erasure{}, fmt.Errorf("removing the snapshot of the index: %w", err)
	}
	s.awaitSnapshot()
	who := spelling.OfPerson(j.To)
	entries, err := s.decisions.Erase(who)
	if err != nil {
		return Erasure{}, fmt.Errorf("in the decision log: %w", err)
	}
	errands, err := s.errands.Erase(who)
	if err != nil {
		return Erasure{}, fmt.Errorf("in %s: %w", errandsDir, err)
	}
	if err := s.switches.Erase(who.Spelling); err != nil {
		return Erasure{}, fmt.Errorf("in %s: %w", switches.File, err)
	}
	if err := s.tokens.Erase(who.Spelling); err != nil {
		return Erasure{}, fmt.Errorf("in %s: %w", tokens.File, err)
	}
	acts, err := s.audit.Erase(who)
	if err != nil {
		return Erasure{}, fmt.Errorf("in %s: %w", auditDir, err)
	}
	if err := s.removeJournal(); err != nil {
		return Erasure{}, err
	}
	return Erasure{ID: j.ID, Time: e.time, KeepUntil: e.recorded.Add(s.cfg.KeepErased), Recipients: len(j.Recipients),
		Events: e.count, Blobs: e.removed, Entries: entries, Errands: errands, Acts: acts}, nil
}

// emptied reports whether the database has done what j says, and is that database still.
func (s *Store) emptied(j *journal) (done bool, err error) {
	if !j.Dropped {
		return false, nil
	}
	err = s.view(func(txn *badger.Txn) (err error) {
		done, err = s.stands(txn, j, s.keys.Person(j.To.Address))
		return err
	})
	return done, err
}
