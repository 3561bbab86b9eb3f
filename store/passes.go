package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

// Errors about passes that a caller asks for.
var (
	ErrNoPass     = errors.New("there is no such pass")
	ErrOwnPass    = errors.New("whoever granted a pass cannot approve it, too")
	ErrPassesFull = fmt.Errorf("%d passes wait to be used: revoke some first, or let them expire", MaxPasses)
)

// A PassError says what is wrong with a pass that somebody grants or changes.
type PassError struct {
	Field   string // named as in JSON; empty: the state it is in
	Problem string
}

func (e *PassError) Error() string { return strings.TrimPrefix(e.Field+": "+e.Problem, ": ") }

// passes are all that is known of passes, in memory, as it is on disk.
type passes struct {
	queue convoy[*passWrite]
	open  atomic.Int64 // how many are in byPrint: none is looked for where it is 0

	mu         sync.Mutex
	all        []*heldPass // oldest first
	byID       map[string]*heldPass
	byPrint    map[decisions.Print]*heldPass // those that were neither used nor revoked, and those to come
	byDecision map[string][]*heldPass
	damaged    []string // ids of those that do not read
	// revokers are who revoked whole grants in this process: what was in use then is not given back to be used again.
	revokers map[string]string
}

// A heldPass is one pass. While it is busy, how it is to be is on its way to disk, and nobody else changes it.
type heldPass struct {
	Pass
	busy bool
	era  int // goes up when an erasure changes it
}

// AnyPass reports whether any pass may be waiting for its message. It is one atomic load.
func (s *Store) AnyPass() bool { return s.passes.open.Load() > 0 }

// PassFor is the pass that is granted for a message with this print at a moment.
func (s *Store) PassFor(print decisions.Print, now time.Time) (Pass, bool) {
	p, ok := s.PassOn(print, now)
	return p, ok && p.State(now) == PassGranted
}

// PassOn is the pass that is waiting or granted for a message with this print at a moment.
func (s *Store) PassOn(print decisions.Print, now time.Time) (Pass, bool) {
	a := &s.passes
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.byPrint[print]
	if h == nil || a.byID[h.ID] == nil || !h.ended(now).IsZero() { // the second: it is not on disk yet
		return Pass{}, false
	}
	return h.clone(), true
}

// Grant keeps passes, and returns those that it made, on disk: with their ids, of which Grant is shared. Left
// out is each whose message has one that is waiting or granted already, or whose recipient was erased since it was blocked. An error may come with some that
// were granted before it.
func (s *Store) Grant(asked []Pass) (granted []Pass, err error) {
	for i := range asked {
		if field, problem := asked[i].problem(); problem != "" {
			return nil, &PassError{field, problem}
		}
	}
	a, now := &s.passes, s.now()
	a.mu.Lock()
	writes := a.sweep(now, s.cfg.Retention, len(asked))
	if len(a.all)-len(writes)+len(asked) > MaxPasses {
		a.release(writes)
		a.mu.Unlock()
		return nil, ErrPassesFull
	}
	grant := ulid.New(now)
	var made []*passWrite
	for i := range asked {
		p := asked[i].clone()
		if h := a.byPrint[p.Print]; h != nil && (h.busy || h.ended(now).IsZero()) {
			continue
		}
		p.ID, p.Grant, p.Granted, p.Expires = ulid.New(now), grant, now, p.Expires.Round(0).UTC()
		p.Approved, p.ApprovedBy, p.Used, p.UsedBy = time.Time{}, "", time.Time{}, ""
		p.Revoked, p.RevokedBy, p.RevokedBecause = time.Time{}, "", ""
		h := &heldPass{Pass: Pass{ID: p.ID, Print: p.Print, Expires: p.Expires}}
		made = append(made, a.begin(h, &p))
		a.byPrint[p.Print] = h // so that nobody grants another meanwhile
	}
	a.mu.Unlock()
	err = s.writePasses(append(writes, made...))
	for _, w := range made {
		if w.err == nil {
			granted = append(granted, w.pass.clone())
			s.logger.Info("a message may pass", passFields(w.pass, zap.String("actor", w.pass.Actor), zap.Time("expires", w.pass.Expires))...)
		}
	}
	return granted, err
}

// problem says what is wrong with p as somebody grants it.
func (p *Pass) problem() (field, problem string) {
	if problem := filter.TextProblem(p.Reason); problem != "" {
		return "reason", problem
	}
	switch {
	case p.Reason == "":
		return "reason", "missing: want a sentence for those who ask why the message went out"
	case p.Actor == "":
		return "actor", "missing: want who grants it"
	case p.Print == decisions.Print{} || p.To.Address == "":
		return "decisions", "it is not known any more what the message was"
	case len(p.Decisions) == 0 || len(p.Decisions) > MaxPassDecisions:
		return "decisions", fmt.Sprintf("%d decisions: want 1 to %d", len(p.Decisions), MaxPassDecisions)
	}
	return "", ""
}

// Approve has a pass count that waits for a second person, or all of one grant, and returns those that it
// approved, on disk. actor must be somebody else than who granted them, and a token counts as who is behind it; empty:
// actor is no token that somebody made.
func (s *Store) Approve(id, actor, behind string) ([]Pass, error) {
	now, person := s.now(), cmp.Or(behind, actor)
	check := func(p *Pass) error {
		switch state := p.State(now); {
		case state != PassWaiting:
			return &PassError{"", fmt.Sprintf("it is %s, and waits for no approval", state)}
		case strings.EqualFold(p.Actor, actor) || strings.EqualFold(cmp.Or(p.Behind, p.Actor), person):
			return ErrOwnPass
		}
		return nil
	}
	return s.changePasses(id, "a pass is approved", actor, check, func(p *Pass) { p.Approved, p.ApprovedBy = now, strings.Clone(actor) })
}

// Revoke ends a pass that was not used, or all of one grant, and returns those that it revoked, on disk. Those of the
// grant that are in use at that moment are revoked if they are given back.
func (s *Store) Revoke(id, actor, reason string) ([]Pass, error) {
	now := s.now()
	switch problem := filter.TextProblem(reason); {
	case problem != "":
		return nil, &PassError{"reason", problem}
	case reason == "":
		return nil, &PassError{"reason", "missing: want why it is revoked"}
	}
	check := func(p *Pass) error {
		if p.Grant == id {
			s.passes.revokers[id] = strings.Clone(actor)
		}
		if state := p.State(now); state != PassWaiting && state != PassGranted {
			return &PassError{"", fmt.Sprintf("it is %s", state)}
		}
		return nil
	}
	return s.changePasses(id, "a pass is revoked", actor, check, func(p *Pass) {
		p.Revoked, p.RevokedBy, p.RevokedBecause = now, strings.Clone(actor), strings.Clone(reason)
	})
}

var errPassBusy = &PassError{"", "somebody else changes it at this moment: look at it again"}

// changePasses edits the pass with this id, or those of the grant, that check has nothing against. Where it has
// something against all of them, its first error is returned.
func (s *Store) changePasses(id, what, actor string, check func(*Pass) error, edit func(*Pass)) (changed []Pass, err error) {
	a := &s.passes
	a.mu.Lock()
	var writes []*passWrite
	err = ErrNoPass
	for _, h := range a.of(id) {
		problem := check(&h.Pass)
		if problem == nil && h.busy {
			problem = errPassBusy
		}
		if problem != nil {
			if errors.Is(err, ErrNoPass) {
				err = problem
			}
			continue
		}
		p := h.clone()
		edit(&p)
		if p.Used.IsZero() && p.Revoked.IsZero() {
			if other := a.byPrint[p.Print]; other != nil && other != h {
				err = &PassError{"", "another pass took its place"}
				continue
			}
			a.byPrint[p.Print] = h // so that nobody grants another while this one is given back
		}
		writes = append(writes, a.begin(h, &p))
	}
	a.mu.Unlock()
	if len(writes) == 0 {
		return nil, err
	}
	err = s.writePasses(writes)
	for _, w := range writes {
		if w.err == nil {
			changed = append(changed, w.pass.clone())
			s.logger.Info(what, passFields(w.pass, zap.String("actor", actor))...)
		}
	}
	return changed, err
}

// passFields are what the log says of p: what people wrote as a reason is kept with it alone.
func passFields(p *Pass, more ...zap.Field) []zap.Field {
	return append([]zap.Field{zap.String("pass", p.ID), zap.String("grant", p.Grant), zap.String("to", filter.Mask(p.To.Address)),
		zap.Stringer("past", p.Past), zap.Strings("answers", p.Decisions), zap.String("used_by", p.UsedBy)}, more...)
}

// of is the pass with this id, or all of the grant. The caller holds mu.
func (a *passes) of(id string) []*heldPass {
	if h := a.byID[id]; h != nil {
		return []*heldPass{h}
	}
	var all []*heldPass
	for _, h := range a.all {
		if h.Grant == id {
			all = append(all, h)
		}
	}
	return all
}

// Passes lists passes, newest first, in pages: at most limit that choose accepts, of those before the one with the id
// before, where that is not empty.
func (s *Store) Passes(before string, limit int, choose func(*Pass) bool) (page []Pass, err error) {
	a := &s.passes
	a.mu.Lock()
	defer a.mu.Unlock()
	end := len(a.all)
	if before != "" {
		if end = slices.IndexFunc(a.all, func(h *heldPass) bool { return h.ID == before }); end < 0 {
			return nil, ErrNoPass
		}
	}
	for i := end - 1; i >= 0 && len(page) < limit; i-- {
		if choose(&a.all[i].Pass) {
			page = append(page, a.all[i].clone())
		}
	}
	return page, nil
}

// PassesOf lists the passes that answer a decision, or that forwarded it, oldest first.
func (s *Store) PassesOf(decision string) (all []Pass) {
	a := &s.passes
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, h := range a.byDecision[decision] {
		all = append(all, h.clone())
	}
	return all
}
