package store

import (
	"context"
	"errors"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// An errandEraser takes a person out of the journal of errands. Errands about them end, and so do those of others
// that say their number: nobody can take it out of what a provider signed. What a provider was to deliver to them
// later is to be cancelled instead. The files in which anything told of them, also of what was done long ago, are
// written anew, without it.
type errandEraser struct {
	journal *errands
	who     *spelling.Person
	found   map[errandID]bool
	through uint64 // up to the file with this number all are written anew
}

// Erase takes out whoever is erased, and returns how many errands it ended for that. What is added meanwhile is learnt
// after the erasure.
func (j *errands) Erase(who *spelling.Person) (n int, err error) {
	x := errandEraser{journal: j, who: who, found: make(map[errandID]bool)}
	first, err := j.roll()
	if err != nil {
		return 0, err
	}
	if err := x.search(0, first, true); err != nil {
		return 0, err
	}
	for id := range x.found {
		ended, err := x.end(id)
		if err != nil {
			return n, err
		}
		if ended {
			n++
		}
	}
	second, err := j.roll()
	if err == nil {
		err = x.search(first, second, false) // what changed before it ended
	}
	for number := j.oldest(); err == nil && number <= x.through; number = j.oldest() {
		err = j.cleanFirst(number)
	}
	return n, err
}

// search looks for what tells of the person in the files whose numbers lie in [from, to): of any errand, or of those
// found already.
func (x *errandEraser) search(from, to uint64, any bool) error {
	j := x.journal
	j.mu.Lock()
	segments := slices.Clone(j.segments)
	j.mu.Unlock()
	for _, g := range segments {
		if g.number < from || g.number >= to {
			continue
		}
		j.files.RLock() // a file that was cleaned meanwhile is not there
		data, err := g.all()
		j.files.RUnlock()
		if err != nil && j.oldest() > g.number {
			continue
		}
		if err != nil {
			return err
		}
		walkFrames(data, false, func(_ int, f frameView) {
			if x.tells(&f) && (any || x.found[f.id]) {
				x.found[f.id] = true
				x.through = max(x.through, g.number)
			}
		}, func(int, int) { x.through = max(x.through, g.number) })
	}
	return nil
}

// tells reports whether a frame tells of the person, or cannot be read.
func (x *errandEraser) tells(f *frameView) bool {
	if f.kind == frameEnd {
		return false
	}
	head, body, ok := f.split()
	one, err := decodeErrand(head)
	one.Body = body
	return !ok || err != nil || x.concerns(&one)
}

// concerns reports whether an errand is about the person, or says their number.
func (x *errandEraser) concerns(one *Errand) bool {
	if slices.ContainsFunc(one.People, x.who.Is) {
		return true
	}
	brand := func(to filter.Recipient) bool { return to.Brand == "" || to.Brand == x.who.To.Brand }
	if x.who.To.Brand != "" && len(one.People) > 0 && !slices.ContainsFunc(one.People, brand) {
		return false
	}
	texts := append([]string{one.ID, one.Route, one.Error}, one.Lanes...)
	for _, to := range one.People {
		texts = append(texts, to.Address)
	}
	return slices.ContainsFunc(texts, x.who.In) || x.who.InBody(string(one.Body), 3)
}

// end ends an errand if it still is what was found.
func (x *errandEraser) end(id errandID) (ended bool, err error) {
	j := x.journal
	unlock := j.lock(id)
	_, one, err := j.find(id)
	unlock()
	var cancel []Errand
	switch {
	case errors.Is(err, ErrNoErrand), err == nil && !x.concerns(&one):
		return false, nil
	case err != nil && !errors.Is(err, wire.ErrDamaged):
		return false, err
	case err == nil && !slices.ContainsFunc(one.People, x.who.Is):
		j.host.Logger.Warn("ending an errand about somebody else that says an erased number", zap.Stringer("kind", one.Kind))
	case one.Kind == ErrandScheduled && one.State != ErrandDead && !x.who.InBody(string(one.Body), 3):
		cancel = []Errand{one.Cancellation()}
	}
	_, unkept := j.Add(context.Background(), cancel...)
	if err = j.end(context.Background(), id); err != nil {
		if errors.Is(err, ErrNoErrand) {
			err = nil
		}
		return false, err
	}
	if errors.Is(unkept, ErrErrandsFull) { // by as much there is room now
		_, unkept = j.Add(context.Background(), cancel...)
	}
	if unkept != nil {
		j.host.Logger.Error("a message to somebody who was erased is not cancelled", zap.Error(unkept))
	}
	return true, nil
}

// oldest is the number of the oldest file.
func (j *errands) oldest() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.segments) == 0 {
		return 0
	}
	return j.segments[0].number
}
