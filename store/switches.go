package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

// Errors of [Store.Pause] and [Store.Lift] that a caller asks for.
var (
	ErrNoSwitch   = errors.New("there is no such switch")
	ErrSwitchKey  = errors.New("this key was used for another switch")
	ErrSwitchFull = fmt.Errorf("%d switches are in force: lift some first", maxSwitches)
)

var errBreakerFull = fmt.Errorf("the breaker has %d switches in force, and the rest of the room is for people: lift some first", breakerSwitches)

// A SwitchError says what is wrong with a switch that somebody sets or lifts.
type SwitchError struct {
	Field   string // named as in JSON
	Problem string // what is wrong and what would be right
}

func (e *SwitchError) Error() string { return e.Field + ": " + e.Problem }

const (
	// maxSwitches is how many may be in force: each is compared with every message.
	maxSwitches = 1000

	// breakerSwitches is how many of them a breaker may set, so that people always find room.
	breakerSwitches = 500

	// A switch that ended by itself is in force again where the clock goes back before its end, but
	// not by more than this, and not where another needs its room.
	endedKept = 24 * time.Hour
)

// switches are what pauses sending: in memory, and in a file beside the database, so that they can
// be set and lifted also while the database is not well.
type switches struct {
	force atomic.Pointer[filter.Switches] // nil: none

	mu   sync.Mutex
	file switchFile
	all  []filter.Switch   // every one that was ever set, oldest first
	keys map[string]string // what each key was used for: the id of a switch
}

// Switches are those that nobody lifted, some of which may have ended by themselves. It is one
// atomic load. It knows every Pause and Lift that returned before.
func (s *Store) Switches() filter.Switches {
	if all := s.switches.force.Load(); all != nil {
		return *all
	}
	return nil
}

// SwitchesAt are those that nobody had lifted at a past moment.
func (s *Store) SwitchesAt(at time.Time) (all filter.Switches) {
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, sw := range w.all {
		if !sw.Set.After(at) && (sw.Lifted.IsZero() || sw.Lifted.After(at)) {
			all = append(all, sw)
		}
	}
	return all
}

// SwitchHistory lists all switches that were ever set, lifted and ended ones too, newest first: at
// most limit of them, and only those set before the one with the id before, where that is not empty.
func (s *Store) SwitchHistory(before string, limit int) (page []filter.Switch, err error) {
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	end := len(w.all)
	if before != "" {
		if end = w.find(before); end < 0 {
			return nil, ErrNoSwitch
		}
	}
	page = slices.Clone(w.all[max(0, end-limit):end])
	slices.Reverse(page)
	return page, nil
}

// Pause sets sw and gives it its ID and the moment. When it returns nil, sw is on disk and binds
// every message that is judged from then on. A key that is not empty stands for one switch: who
// repeats it gets the switch that it was used for first, set or lifted, or [ErrSwitchKey] where that
// was another.
func (s *Store) Pause(sw filter.Switch, key string) (filter.Switch, error) {
	if field, problem := sw.Problem(); problem != "" {
		return sw, &SwitchError{field, problem}
	}
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.closed.Load() {
		return sw, ErrClosed
	}
	if id, used := w.keys[key]; used && key != "" {
		was := w.all[w.find(id)]
		if !alike(&was, &sw) {
			return was, ErrSwitchKey
		}
		return was, nil
	}
	now := s.now()
	if !sw.Until.IsZero() && !sw.Until.After(now) {
		return sw, &SwitchError{"until", "want a moment to come, or none"}
	}
	if err := w.room(&sw, now); err != nil {
		return sw, err
	}
	sw.ID, sw.Set, sw.Until = ulid.New(now), now, sw.Until.Round(0).UTC()
	sw.Lifted, sw.LiftedBy, sw.LiftedBecause = time.Time{}, "", ""
	if len(sw.Categories) == 0 {
		sw.Categories = []filter.Category{filter.Marketing, filter.Utility, filter.Service}
	}
	sw = cloneSwitch(sw)
	key = strings.Clone(key)
	if err := w.file.append(switchLine{Set: &sw, Key: key}); err != nil {
		return sw, fmt.Errorf("keeping a switch: %w", err)
	}
	w.take(switchLine{Set: &sw, Key: key})
	w.enforce(now)
	s.logger.Warn("sending is paused", append(switchFields(&sw), zap.String("actor", sw.Actor), zap.Time("until", sw.Until))...)
	return sw, nil
}

// room says why one more switch is too many. What ended takes none, unless it is on trial. A breaker
// that pauses again what is on trial lifts the earlier switch afterwards, so that one does not count.
// The caller holds mu.
func (w *switches) room(sw *filter.Switch, now time.Time) error {
	all, breakers := 0, 0
	for i := range w.all {
		in := &w.all[i]
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
		return ErrSwitchFull
	case sw.Cause == filter.Refusals && breakers >= breakerSwitches:
		return errBreakerFull
	}
	return nil
}

// switchFields are what the log says of sw: what people wrote as a reason is in its history alone.
func switchFields(sw *filter.Switch) []zap.Field {
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
func (s *Store) Lift(id, actor, reason string) (filter.Switch, error) {
	line := switchLine{Lift: &lift{ID: id, Time: s.now(), Actor: strings.Clone(actor), Reason: strings.Clone(reason)}}
	if field, problem := (&filter.Switch{Actor: actor, Reason: reason}).Problem(); problem != "" {
		return filter.Switch{}, &SwitchError{field, problem}
	}
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.closed.Load() {
		return filter.Switch{}, ErrClosed
	}
	i := w.find(id)
	if i < 0 {
		return filter.Switch{}, ErrNoSwitch
	}
	if !w.all[i].Lifted.IsZero() {
		return w.all[i], nil
	}
	if err := w.file.append(line); err != nil {
		return w.all[i], fmt.Errorf("lifting a switch: %w", err)
	}
	w.take(line)
	w.enforce(line.Lift.Time)
	s.logger.Warn("a pause of sending is lifted", append(switchFields(&w.all[i]), zap.String("actor", actor))...)
	return w.all[i], nil
}

// find is the place of a switch among all, or -1. The caller holds mu.
func (w *switches) find(id string) int {
	return slices.IndexFunc(w.all, func(sw filter.Switch) bool { return sw.ID == id })
}

// take makes all what it is after a line. The caller holds mu.
func (w *switches) take(line switchLine) {
	if line.Set != nil {
		w.all = append(w.all, *line.Set)
		if line.Key != "" {
			w.keys[line.Key] = line.Set.ID
		}
		return
	}
	if i := w.find(line.Lift.ID); i >= 0 && w.all[i].Lifted.IsZero() {
		w.all[i].Lifted, w.all[i].LiftedBy, w.all[i].LiftedBecause = line.Lift.Time, line.Lift.Actor, line.Lift.Reason
	}
}

// holding reports whether sw pauses anything, or has it on trial.
func holding(sw *filter.Switch, now time.Time) bool {
	return sw.Lifted.IsZero() && (!sw.Ended(now) || sw.Trial(now) && now.Sub(sw.Until) < endedKept)
}

// enforce shows readers which switches are in force. The caller holds mu.
func (w *switches) enforce(now time.Time) {
	var force filter.Switches
	for _, sw := range w.all {
		if sw.Lifted.IsZero() && (sw.Until.IsZero() || now.Sub(sw.Until) < endedKept) {
			force = append(force, sw)
		}
	}
	if len(force) > maxSwitches {
		force = slices.DeleteFunc(force, func(sw filter.Switch) bool { return !holding(&sw, now) })
	}
	if force == nil {
		w.force.Store(nil)
	} else {
		w.force.Store(&force)
	}
}

// openSwitches reads the switches of the folder.
func (s *Store) openSwitches() error {
	w := &s.switches
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys = map[string]string{}
	if s.cfg.Memory {
		return nil
	}
	if err := w.file.open(s.cfg.Dir, w.take); err != nil {
		return err
	}
	w.enforce(s.now())
	return nil
}

// close lets go of the file. What is in force stays so for readers.
func (w *switches) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.file.close()
}

func cloneSwitch(sw filter.Switch) filter.Switch {
	for _, text := range []*string{&sw.Reason, &sw.Actor, &sw.On.Brand, &sw.On.Route, &sw.On.Campaign, &sw.On.Topic, &sw.On.Sender, &sw.On.Template} {
		*text = strings.Clone(*text)
	}
	sw.Categories = slices.Clone(sw.Categories)
	return sw
}
