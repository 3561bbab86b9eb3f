package errands

import (
	"context"
	"errors"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// An eraser takes a person out of a journal.
type eraser struct {
	journal *Journal
	who     *spelling.Person
	found   map[hash]bool
	through uint64 // up to the file with this number all are written anew
}

// Erase takes a person out, and returns how many errands it ended for that. Those about them end, and so do those of
// others that say their number: nobody can take it out of what a provider signed. What a provider was to deliver to
// them later is to be cancelled instead. The files in which anything told of them, also of what was done long ago, are
// written anew, without it. What is added meanwhile is learnt after the erasure.
func (j *Journal) Erase(who *spelling.Person) (n int, err error) {
	x := eraser{journal: j, who: who, found: make(map[hash]bool)}
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
func (x *eraser) search(from, to uint64, any bool) error {
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
func (x *eraser) tells(f *frameView) bool {
	if f.kind == frameEnd {
		return false
	}
	head, body, ok := f.split()
	one, err := decodeHead(head)
	one.Body = body
	return !ok || err != nil || x.concerns(&one)
}

// concerns reports whether an errand is about the person, or says their number.
func (x *eraser) concerns(one *Errand) bool {
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
func (x *eraser) end(id hash) (ended bool, err error) {
	j := x.journal
	unlock := j.lock(id)
	_, one, err := j.find(id)
	unlock()
	var cancel []Errand
	switch {
	case errors.Is(err, ErrNone), err == nil && !x.concerns(&one):
		return false, nil
	case err != nil && !errors.Is(err, wire.ErrDamaged):
		return false, err
	case err == nil && !slices.ContainsFunc(one.People, x.who.Is):
		j.host.Logger.Warn("ending an errand about somebody else that says an erased number", zap.Stringer("kind", one.Kind))
	case one.Kind == Scheduled && one.State != Dead && !x.who.InBody(string(one.Body), 3):
		cancel = []Errand{one.Cancellation()}
	}
	_, unkept := j.Add(context.Background(), cancel...)
	if err = j.end(context.Background(), id); err != nil {
		if errors.Is(err, ErrNone) {
			err = nil
		}
		return false, err
	}
	if unkept != nil {
		j.host.Logger.Error("a message to somebody who was erased is not cancelled", zap.Error(unkept))
	}
	return true, nil
}

// oldest is the number of the oldest file.
func (j *Journal) oldest() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.segments) == 0 {
		return 0
	}
	return j.segments[0].number
}
