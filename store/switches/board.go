package switches

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

// Errors of [Board.Pause] and [Board.Lift] that a caller asks for.
var (
	ErrUnknown = errors.New("there is no such switch")
	ErrKey     = errors.New("this key was used for another switch")
	ErrFull    = fmt.Errorf("%d switches are in force: lift some first", maxSwitches)
)

var errBreakerFull = fmt.Errorf("the breaker has %d switches in force, and the rest of the room is for people: lift some first", breakerSwitches)

// A FieldError says what is wrong with a switch that somebody sets or lifts.
type FieldError struct {
	Field   string // named as in JSON
	Problem string // what is wrong and what would be right
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

const (
	// maxSwitches is how many may be in force: each is compared with every message.
	maxSwitches = 1000

	// breakerSwitches is how many of them a breaker may set, so that people always find room.
	breakerSwitches = 500

	// A switch that ended by itself is in force again where the clock goes back before its end, but
	// not by more than this, and not where another needs its room.
	endedKept = 24 * time.Hour
)

// A Board has the switches: in memory, and in a file. Its methods are safe for concurrent use.
type Board struct {
	cfg   Config
	force atomic.Pointer[filter.Switches] // nil: none

	mu     sync.Mutex
	closed bool
	file   lineFile
	all    []filter.Switch   // every one that was ever set, oldest first
	keys   map[string]string // what each key was used for: the id of a switch
}

// A Config is what a [Board] goes by.
type Config struct {
	Dir    string // where its file is; empty: in memory alone
	Now    func() time.Time
	Closed error // the answer to whoever sets or lifts a switch once it is closed
	Logger *zap.Logger
	Sync   func(*os.File) error // puts on disk what was written; nil: [os.File.Sync]
}

// Open reads the switches of a folder.
func Open(cfg Config) (*Board, error) {
	b := &Board{cfg: cfg, keys: map[string]string{}}
	if cfg.Dir == "" {
		return b, nil
	}
	if err := b.file.open(cfg, b.take); err != nil {
		return nil, err
	}
	b.enforce(cfg.Now())
	return b, nil
}

// Close lets go of the file. What is in force stays so for readers.
func (b *Board) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.file.close()
}

// InForce are those that nobody lifted, some of which may have ended by themselves. It is one
// atomic load. It knows every Pause and Lift that returned before.
func (b *Board) InForce() filter.Switches {
	if all := b.force.Load(); all != nil {
		return *all
	}
	return nil
}

// At are those that nobody had lifted at a past moment.
func (b *Board) At(at time.Time) (all filter.Switches) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, sw := range b.all {
		if !sw.Set.After(at) && (sw.Lifted.IsZero() || sw.Lifted.After(at)) {
			all = append(all, sw)
		}
	}
	return all
}

// History lists all switches that were ever set, lifted and ended ones too, newest first: at
// most limit of them, and only those set before the one with the id before, where that is not empty.
func (b *Board) History(before string, limit int) (page []filter.Switch, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	end := len(b.all)
	if before != "" {
		if end = b.find(before); end < 0 {
			return nil, ErrUnknown
		}
	}
	page = slices.Clone(b.all[max(0, end-limit):end])
	slices.Reverse(page)
	return page, nil
}

// Pause sets sw and gives it its ID and the moment. When it returns nil, sw is on disk and binds
// every message that is judged from then on. A key that is not empty stands for one switch: who
// repeats it gets the switch that it was used for first, set or lifted, or [ErrKey] where that
// was another.
func (b *Board) Pause(sw filter.Switch, key string) (filter.Switch, error) {
	if field, problem := sw.Problem(); problem != "" {
		return sw, &FieldError{field, problem}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return sw, b.cfg.Closed
	}
	if id, used := b.keys[key]; used && key != "" {
		was := b.all[b.find(id)]
		if !alike(&was, &sw) {
			return was, ErrKey
		}
		return was, nil
	}
	now := b.cfg.Now()
	if !sw.Until.IsZero() && !sw.Until.After(now) {
		return sw, &FieldError{"until", "want a moment to come, or none"}
	}
	if err := b.room(&sw, now); err != nil {
		return sw, err
	}
	sw.ID, sw.Set, sw.Until = ulid.New(now), now, sw.Until.Round(0).UTC()
	sw.Lifted, sw.LiftedBy, sw.LiftedBecause = time.Time{}, "", ""
	if len(sw.Categories) == 0 {
		sw.Categories = []filter.Category{filter.Marketing, filter.Utility, filter.Service}
	}
	sw = clone(sw)
	key = strings.Clone(key)
	if err := b.file.append(fileLine{Set: &sw, Key: key}); err != nil {
		return sw, fmt.Errorf("keeping a switch: %w", err)
	}
	b.take(fileLine{Set: &sw, Key: key})
	b.enforce(now)
	b.cfg.Logger.Warn("sending is paused", append(fields(&sw), zap.String("actor", sw.Actor), zap.Time("until", sw.Until))...)
	return sw, nil
}

// room says why one more switch is too many. What ended takes none, unless it is on trial. A breaker
// that pauses again what is on trial lifts the earlier switch afterwards, so that one does not count.
// The caller holds mu.
func (b *Board) room(sw *filter.Switch, now time.Time) error {
	all, breakers := 0, 0
	for i := range b.all {
		in := &b.all[i]
		if !holding(in, now) || sw.Cause == filter.Refusals && in.Cause == filter.Refusals && in.On == sw.On {
			continue
		}
		all++
		if in.Cause == filter.Refusals {
			breakers++
		}
	}
	switch {
	case all >= maxSwitches:
		return ErrFull
	case sw.Cause == filter.Refusals && breakers >= breakerSwitches:
		return errBreakerFull
	}
	return nil
}

// fields are what the log says of sw: what people wrote as a reason is in its history alone.
func fields(sw *filter.Switch) []zap.Field {
	on := sw.On
	if on.Sender != "" {
		on.Sender = filter.Mask(on.Sender)
	}
	return []zap.Field{zap.String("switch", sw.ID), zap.Stringer("on", on)}
}

// alike reports whether two switches are the same as somebody set them.
func alike(a, b *filter.Switch) bool {
	return a.On == b.On && a.Reason == b.Reason && a.Actor == b.Actor && a.Until.Equal(b.Until) &&
		(len(b.Categories) == 0 || slices.Equal(a.Categories, b.Categories))
}

// Lift ends a switch. When it returns nil that is on disk. Who lifts a switch again changes nothing
// and gets it as it was lifted first.
func (b *Board) Lift(id, actor, reason string) (filter.Switch, error) {
	line := fileLine{Lift: &lift{ID: id, Time: b.cfg.Now(), Actor: strings.Clone(actor), Reason: strings.Clone(reason)}}
	if field, problem := (&filter.Switch{Actor: actor, Reason: reason}).Problem(); problem != "" {
		return filter.Switch{}, &FieldError{field, problem}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return filter.Switch{}, b.cfg.Closed
	}
	i := b.find(id)
	if i < 0 {
		return filter.Switch{}, ErrUnknown
	}
	if !b.all[i].Lifted.IsZero() {
		return b.all[i], nil
	}
	if err := b.file.append(line); err != nil {
		return b.all[i], fmt.Errorf("lifting a switch: %w", err)
	}
	b.take(line)
	b.enforce(line.Lift.Time)
	b.cfg.Logger.Warn("a pause of sending is lifted", append(fields(&b.all[i]), zap.String("actor", actor))...)
	return b.all[i], nil
}

// find is the place of a switch among all, or -1. The caller holds mu.
func (b *Board) find(id string) int {
	return slices.IndexFunc(b.all, func(sw filter.Switch) bool { return sw.ID == id })
}

// take makes all what it is after a line. The caller holds mu.
func (b *Board) take(line fileLine) {
	if line.Set != nil {
		b.all = append(b.all, *line.Set)
		if line.Key != "" {
			b.keys[line.Key] = line.Set.ID
		}
		return
	}
	if i := b.find(line.Lift.ID); i >= 0 && b.all[i].Lifted.IsZero() {
		b.all[i].Lifted, b.all[i].LiftedBy, b.all[i].LiftedBecause = line.Lift.Time, line.Lift.Actor, line.Lift.Reason
	}
}

// holding reports whether sw pauses anything, or has it on trial.
func holding(sw *filter.Switch, now time.Time) bool {
	return sw.Lifted.IsZero() && (!sw.Ended(now) || sw.Trial(now) && now.Sub(sw.Until) < endedKept)
}

// enforce shows readers which switches are in force. The caller holds mu.
func (b *Board) enforce(now time.Time) {
	var force filter.Switches
	for _, sw := range b.all {
		if sw.Lifted.IsZero() && (sw.Until.IsZero() || now.Sub(sw.Until) < endedKept) {
			force = append(force, sw)
		}
	}
	if len(force) > maxSwitches {
		force = slices.DeleteFunc(force, func(sw filter.Switch) bool { return !holding(&sw, now) })
	}
	if force == nil {
		b.force.Store(nil)
	} else {
		b.force.Store(&force)
	}
}

func clone(sw filter.Switch) filter.Switch {
	for _, text := range []*string{&sw.Reason, &sw.Actor, &sw.On.Brand, &sw.On.Route, &sw.On.Campaign, &sw.On.Topic, &sw.On.Sender, &sw.On.Template} {
		*text = strings.Clone(*text)
	}
	sw.Categories = slices.Clone(sw.Categories)
	return sw
}
