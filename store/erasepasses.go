package store

import (
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/spelling"
)

// A passErasure is what an erasure takes out of the passes: those for the person, and their address out of what was
// written with others.
type passErasure struct {
	keys [][]byte     // what has to go from the disk, in all versions
	gone []*heldPass  // for the person
	anew []*passWrite // for others
}

// passes looks for what tells of the person. Nobody else writes meanwhile.
func (e *eraser) passes() *passErasure {
	a, who, x := &e.s.passes, spelling.OfPerson(e.journal.To), &passErasure{}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range a.damaged { // nobody knows what they tell
		x.keys = append(x.keys, passKey(id))
	}
	for _, h := range a.all {
		if a.byID[h.ID] != h {
			continue
		}
		if who.Is(h.To) {
			x.keys, x.gone = append(x.keys, passKey(h.ID)), append(x.gone, h)
			continue
		}
		p, found := h.clone(), false
		for _, text := range append(p.texts(), &p.Campaign, &p.Topic) {
			if who.In(*text) {
				*text, found = spelling.Erased, true
			}
		}
		if found {
			x.keys = append(x.keys, passKey(h.ID))
			x.anew = append(x.anew, &passWrite{held: h, pass: &p, key: passKey(h.ID)})
		}
	}
	return x
}

// finish forgets, once the keys are gone from the disk, who was erased, and keeps the rest without the
// address. What ends in between is lost, and lets nothing through.
func (e *eraser) finish(db *badger.DB, x *passErasure) error {
	if len(x.keys) == 0 {
		return nil
	}
	a := &e.s.passes
	a.mu.Lock()
	for _, h := range x.gone {
		h.era++
		a.forget(h)
	}
	a.all = slices.DeleteFunc(a.all, func(h *heldPass) bool { return a.byID[h.ID] != h })
	for _, w := range x.anew {
		w.held.era++
		w.held.Pass = *w.pass
	}
	a.damaged = nil
	a.open.Store(int64(len(a.byPrint)))
	a.mu.Unlock()
	for some := range slices.Chunk(x.anew, erasePage) {
		txn := db.NewTransaction(true)
		var err error
		for _, w := range some {
			if w.value, err = encodePass(w.pass); err == nil {
				err = txn.Set(w.key, w.value)
			}
			if err != nil {
				break
			}
		}
		if err == nil {
			err = e.s.commitOrBreak(txn)
		}
		txn.Discard()
		if err != nil {
			return err
		}
	}
	return nil
}
