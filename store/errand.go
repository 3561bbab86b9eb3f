package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/ulid"
	"github.com/sendgate/sendgate/store/wire"
)

var (
	// ErrErrandsFull is for an errand where store.errands.bytes are taken.
	ErrErrandsFull = errors.New("the errands take all the room that store.errands.bytes gives them")
	// ErrNoErrand is for an ID of which there is no errand, or none any more.
	ErrNoErrand = errors.New("there is no such errand")
)

// Errands is how what the gate still has to do is kept: the `store.errands` section of the configuration.
type Errands struct {
	// Bytes is what all errands that are not done may take together, and what is remembered of those that are.
	// Where that is taken none is added. On disk they take up to twice that, and 48 MB. Default 1 GiB.
	Bytes int64 `yaml:"bytes"`
	// KeepDead is how long an errand that was given up is kept, and one that nobody looked at after its end.
	// Default 720h, 30 days.
	KeepDead time.Duration `yaml:"keep_dead"`
}

// Defaults of [Errands].
const (
	DefaultErrandsBytes = 1 << 30
	DefaultKeepDead     = 30 * 24 * time.Hour
)

// Check says what is wrong with e. Its errors begin with the key.
func (e Errands) Check() error {
	switch {
	case e.Bytes < 0:
		return fmt.Errorf("bytes: %d: want more than 0", e.Bytes)
	case e.KeepDead != 0 && e.KeepDead < time.Minute:
		return fmt.Errorf("keep_dead: %s: want at least 1m", e.KeepDead)
	}
	return nil
}

// MaxErrandBody is the longest body of an errand, in bytes. A webhook of Meta's has up to 3 MB.
const MaxErrandBody = 4 << 20

// maxNamed is what the people and the lanes of an errand may take together, in bytes, with perName for each: Meta
// tells of many people at once.
const (
	maxNamed = 2 << 20
	perName  = 8
)

// An Errand is something that the gate still has to do after it acknowledged something. It is on disk, synced,
// before [Store.AddErrands] returns, and there until it was ended, whatever becomes of the process.
type Errand struct {
	ID     string             `json:"id"` // the same ID twice is one errand
	Kind   ErrandKind         `json:"kind"`
	Route  string             `json:"route,omitempty"`
	People []filter.Recipient `json:"people,omitempty"` // whom it is about: erasing any of them removes it
	// Lanes: errands that share one are done one at a time, in the order in which they were added. One without any
	// waits for nobody.
	Lanes []string  `json:"lanes,omitempty"`
	Added time.Time `json:"added"`          // zero: now
	Due   time.Time `json:"due"`            // not to be done before; zero: at once
	Until time.Time `json:"until,omitzero"` // to be given up by who does it after that; zero: never
	// Changed is when it was added or last changed, as the store says.
	Changed time.Time   `json:"changed"`
	Body    []byte      `json:"body,omitempty"` // up to [MaxErrandBody]
	State   ErrandState `json:"state"`
	Tries   int         `json:"tries,omitempty"`
	Error   string      `json:"error,omitempty"` // of the last try
	// Number is its place in the order in which all were added, as the store says.
	Number uint64 `json:"number"`
	// Remember is for how long after its end its ID is still known, so that a repeat is nothing new.
	Remember time.Duration `json:"remember,omitempty"`
}

// Cancellation is the errand that has the message of e, a scheduled one, cancelled. It is about nobody: it outlives
// the erasure of whom the message is for, who is to get it no more than somebody who opted out.
func (e *Errand) Cancellation() Errand {
	return Errand{ID: "cancel." + e.ID, Kind: ErrandCancel, Route: e.Route, Until: e.Due, Body: e.Body}
}

// An ErrandQuery chooses errands. What is empty chooses all.
type ErrandQuery struct {
	Kinds  []ErrandKind
	States []ErrandState
	Route  string
	// Person is one of the people of the errand; with an empty Brand, at whatever brand and channel.
	Person filter.Recipient
	// After is the number behind which they begin.
	After uint64
}

// takes reports whether q chooses an errand, as far as its row says.
func (q *ErrandQuery) takes(r *errandRow) bool {
	return r.seq > q.After && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, r.kind)) && (len(q.States) == 0 || slices.Contains(q.States, r.state))
}

// wants reports whether q chooses e, which it takes, for the rest of what it says.
func (q *ErrandQuery) wants(e *Errand) bool {
	if q.Route != "" && q.Route != e.Route {
		return false
	}
	return q.Person.Address == "" || slices.ContainsFunc(e.People, func(to filter.Recipient) bool {
		return to.Address == q.Person.Address && (q.Person.Brand == "" || to == q.Person)
	})
}

// AddErrands keeps errands. When err is nil they are on disk, synced; all of a call share one sync, and so do
// all calls that come while another is under way. added says of each whether it is new: one whose ID
// is known, because it waits or because it was done no longer than [Errand.Remember] ago, stays as it is. All
// of a call are added, or none. AddErrands keeps no reference to its arguments.
func (s *Store) AddErrands(ctx context.Context, errands ...Errand) (added []bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("adding %d errands: %w", len(errands), err)
		}
	}()
	ops := make([]errandOp, len(errands))
	for i := range errands {
		one := errands[i]
		if one.Added.IsZero() {
			one.Added = s.now()
		}
		if one.Due.IsZero() {
			one.Due = one.Added
		}
		one.Changed = s.now()
		if err := one.check(); err != nil {
			return nil, fmt.Errorf("errand %d: %w", i, err)
		}
		ops[i] = s.errands.putOp(&one)
	}
	if len(ops) == 0 {
		return nil, nil
	}
	if err := s.room(disk.MinFree); err != nil {
		return nil, err
	}
	return s.errands.add(ctx, ops)
}

// check says what is wrong with an errand.
func (e *Errand) check() error {
	for _, text := range [...]textField{{"id", &e.ID}, {"route", &e.Route}} {
		if len(*text.value) > maxName || !utf8.ValidString(*text.value) {
			return fmt.Errorf("%s: want valid UTF-8 of at most %d bytes", text.name, maxName)
		}
	}
	named := 0
	for _, to := range e.People {
		size := len(to.Brand) + len(to.Channel) + len(to.Address)
		if size > maxName {
			return fmt.Errorf("people: a recipient of more than %d bytes", maxName)
		}
		named += size + perName
	}
	for _, lane := range e.Lanes {
		if len(lane) > maxName || !utf8.ValidString(lane) {
			return fmt.Errorf("lanes: want valid UTF-8 of at most %d bytes", maxName)
		}
		named += len(lane) + perName
	}
	switch {
	case e.ID == "":
		return errors.New("id: it is missing")
	case e.Kind == 0 || e.Kind >= ErrandKinds:
		return fmt.Errorf("kind: %d is none", e.Kind)
	case e.State >= ErrandStates:
		return fmt.Errorf("state: %d is none", e.State)
	case named > maxNamed:
		return fmt.Errorf("people, lanes: %d bytes are too many: want at most %d", named, maxNamed)
	case len(e.Body) > MaxErrandBody:
		return fmt.Errorf("body: %d bytes are too long: want at most %d", len(e.Body), MaxErrandBody)
	case e.Remember < 0:
		return fmt.Errorf("remember: %s is negative", e.Remember)
	}
	return nil
}

// Errand is the errand with this ID, or the error is [ErrNoErrand].
func (s *Store) Errand(id string) (Errand, error) { return s.errands.get(s.errands.id(id)) }

// ErrandKey stands for the ID of an errand where people see it: it tells nothing of what the ID is made of.
func (s *Store) ErrandKey(id string) string {
	key := s.errands.id(id)
	return ulid.Format(binary.BigEndian.Uint64(key[:]), binary.BigEndian.Uint64(key[8:]))
}

// ErrandOf is the errand with this key, or the error is [ErrNoErrand].
func (s *Store) ErrandOf(key string) (Errand, error) {
	hi, lo, ok := ulid.Parse(key)
	if !ok {
		return Errand{}, ErrNoErrand
	}
	id := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, hi), lo)
	return s.errands.get(errandID(id))
}

// Errands lists errands in the order in which they were added. Those that come or go while it is read may be
// there or not. One that is damaged on disk is dead and left out, and the log tells of it.
func (s *Store) Errands(q ErrandQuery) iter.Seq2[Errand, error] {
	return func(yield func(Errand, error) bool) {
		rows, err := s.errands.chosen(&q)
		if err != nil {
			yield(Errand{}, err)
			return
		}
		for _, r := range rows {
			e, err := s.errands.read(r)
			if errors.Is(err, wire.ErrDamaged) {
				s.errands.park(r, err)
				continue
			}
			if errors.Is(err, ErrNoErrand) || err == nil && !(q.wants(&e) && (len(q.States) == 0 || slices.Contains(q.States, e.State))) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// DueErrands is the errands of some kinds, of all where kinds is empty, that are due at now: those due for the
// longest first, of each lane only the first that is not dead, and up to most of each kind and route, so
// that those which cannot be done now hide none of another route. One that was begun is among them:
// whoever begins one and ends, or dies, finds it here again. next is when the next one is due that is not
// among them, and zero where there is none.
func (s *Store) DueErrands(now time.Time, kinds []ErrandKind, most int) (due []Errand, next time.Time, err error) {
	return s.errands.due(now, kinds, most)
}

// ChangeErrand changes an errand: change gets it as it is, and what change leaves is on disk, synced, when
// ChangeErrand returns nil. Nobody else changes it meanwhile. After an error it is as it was. ID, Kind and Added
// stay, whatever change does. change must not use errands of the store. The error is [ErrNoErrand] where there is
// no such errand, and that of change where it returns one.
func (s *Store) ChangeErrand(ctx context.Context, id string, change func(*Errand) error) error {
	e := s.errands
	key := e.id(id)
	defer e.lock(key)()
	r, one, err := e.find(key)
	if err != nil {
		return err
	}
	was := one
	one.Body = bytes.Clone(was.Body) // change may write to it
	if err := change(&one); err != nil {
		return err
	}
	one.ID, one.Kind, one.Added, one.Changed = was.ID, was.Kind, was.Added, s.now()
	if err := one.check(); err != nil {
		return fmt.Errorf("changing an errand: %w", err)
	}
	if err := s.room(disk.MinFree); err != nil {
		return fmt.Errorf("changing an errand: %w", err)
	}
	op := e.headOp(&one)
	if !bytes.Equal(one.Body, was.Body) {
		op = e.putOp(&one)
	}
	op.row = r
	if err := e.keep(ctx, op); err != nil {
		return fmt.Errorf("changing an errand: %w", err)
	}
	return nil
}

// EndErrand ends an errand, which was done or is not to be done: it is gone from disk once others have ended
// too. The error is [ErrNoErrand] where there is no such errand.
func (s *Store) EndErrand(ctx context.Context, id string) error {
	if err := s.errands.end(ctx, s.errands.id(id)); err != nil && !errors.Is(err, ErrNoErrand) {
		return fmt.Errorf("ending an errand: %w", err)
	} else if err != nil {
		return err
	}
	return nil
}

// ErrandsIn is how many errands are in a lane that are not dead.
func (s *Store) ErrandsIn(lane string) int {
	s.errands.mu.Lock()
	defer s.errands.mu.Unlock()
	if l := s.errands.turns.lanes[laneOf(lane)]; l != nil {
		return l.count
	}
	return 0
}

// ErrandsAdded has a sign in it after an errand was added or changed. One alone may wait for it.
func (s *Store) ErrandsAdded() <-chan struct{} { return s.errands.added }
