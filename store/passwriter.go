package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

const passVersion = 1

// passEntry is what a pass takes on disk besides its key and value, about, in bytes.
const passEntry = 32

// A passWrite is how one pass is to be.
type passWrite struct {
	passes     *passes
	held       *heldPass
	pass       *Pass // nil: it is forgotten
	era        int   // of held, when it began
	key, value []byte
	err        error // once it was answered
	done       chan struct{}
}

func (w *passWrite) size() int64 { return int64(len(w.key) + len(w.value) + passEntry) }

// answer makes memory say what the disk says, in the writer wherever that wrote anything: an erasure, which it
// does too, finds both alike.
func (w *passWrite) answer(err error) {
	w.err = err
	w.passes.settle(w)
	close(w.done)
}

// A keptPass is the value of a pass on disk.
type keptPass struct {
	Pass
	Print []byte `json:"print"`
}

func passKey(id string) []byte { return append([]byte{kindPass}, id...) }

func encodePass(p *Pass) ([]byte, error) {
	text, err := json.Marshal(keptPass{*p, p.Print[:]})
	if err != nil {
		return nil, err
	}
	return wire.AppendSum(append([]byte{passVersion}, text...), 0, []byte(p.ID)...), nil
}

func decodePass(id string, value []byte) (*Pass, error) {
	d := wire.NewDecoder(value, passVersion, []byte(id)...)
	var kept keptPass
	if d.Bad || json.Unmarshal([]byte(d.Rest), &kept) != nil || kept.ID != id || len(kept.Print) != len(decisions.Print{}) || kept.Granted.IsZero() {
		return nil, wire.ErrDamaged
	}
	kept.Pass.Print = decisions.Print(kept.Print)
	return &kept.Pass, nil
}

// begin makes h busy with becoming p; a nil p has it forgotten. The caller holds mu.
func (a *passes) begin(h *heldPass, p *Pass) *passWrite {
	h.busy = true
	return &passWrite{passes: a, held: h, pass: p, era: h.era, key: passKey(h.ID), done: make(chan struct{})}
}

// writePasses has the writer keep writes, and waits until they are on disk, or are not. It returns the first
// error, but of those for somebody who was erased, who are left out.
func (s *Store) writePasses(writes []*passWrite) (err error) {
	a := &s.passes
	ready := writes[:0:0]
	for _, w := range writes {
		if w.pass != nil {
			var err error
			if w.value, err = encodePass(w.pass); err != nil {
				w.answer(err)
				continue
			}
		}
		ready = append(ready, w)
	}
	a.queue.write(s, s.commitPasses, ready...)
	for _, w := range writes {
		<-w.done
		if w.err != nil && w.err != errErasedSince && err == nil {
			err = fmt.Errorf("keeping a pass: %w", w.err)
		}
	}
	if slices.ContainsFunc(writes, func(w *passWrite) bool { return w.pass == nil }) {
		a.mu.Lock()
		a.all = slices.DeleteFunc(a.all, func(h *heldPass) bool { return a.byID[h.ID] != h })
		a.mu.Unlock()
	}
	return err
}

// commitPasses is one transaction. It answers each of batch.
func (s *Store) commitPasses(db *badger.DB, batch []*passWrite) (err error) {
	txn := db.NewTransaction(true)
	defer txn.Discard()
	kept := make([]*passWrite, 0, len(batch))
	for _, w := range batch {
		if err := s.stale(w); err != nil {
			w.answer(err)
			continue
		}
		kept = append(kept, w)
		switch {
		case err != nil:
		case w.pass == nil:
			err = txn.Delete(w.key)
		default:
			err = txn.Set(w.key, w.value)
		}
	}
	if err == nil && len(kept) > 0 {
		err = s.commitOrBreak(txn)
	}
	for _, w := range kept {
		w.answer(err)
	}
	return err
}

// stale says why w must not be kept: an erasure changed what it began from, or came after all that a new pass answers.
func (s *Store) stale(w *passWrite) error {
	a := &s.passes
	a.mu.Lock()
	outlived, anew := w.held.era != w.era, w.pass != nil && a.byID[w.held.ID] == nil
	a.mu.Unlock()
	switch {
	case outlived:
		return errPassBusy
	case !anew:
		return nil
	}
	rec, err := s.Read(w.pass.To, filter.NeedOptOut)
	if err != nil {
		return err
	}
	for _, id := range w.pass.Decisions {
		hi, _, ok := ulid.Parse(id)
		if at := time.UnixMilli(int64(hi >> 16)); rec.Erased.IsZero() || ok && at.After(rec.Erased) {
			return nil
		}
	}
	return errErasedSince
}

// errErasedSince is about a pass for what an erasure has removed since it was read.
var errErasedSince = errors.New("the recipient was erased meanwhile")

// settle takes in that w was answered.
func (a *passes) settle(w *passWrite) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.held.busy = false
	switch {
	case w.err != nil:
		if a.byID[w.held.ID] == nil {
			a.unprint(w.held)
		}
	case w.pass == nil:
		a.forget(w.held)
	default:
		a.keep(w.held, w.pass)
	}
	a.open.Store(int64(len(a.byPrint)))
}

// keep has h be p. The caller holds mu.
func (a *passes) keep(h *heldPass, p *Pass) {
	anew := a.byID[p.ID] == nil
	h.Pass = *p
	if anew {
		a.all = append(a.all, h)
		a.byID[h.ID] = h
		for _, id := range h.Decisions {
			a.byDecision[id] = append(a.byDecision[id], h)
		}
	}
	if id := h.UsedBy; id != "" && !slices.Contains(a.byDecision[id], h) {
		a.byDecision[id] = append(a.byDecision[id], h)
	}
	if h.Used.IsZero() && h.Revoked.IsZero() {
		a.byPrint[h.Print] = h
	} else {
		a.unprint(h)
	}
}

// unprint has no message find h. The caller holds mu.
func (a *passes) unprint(h *heldPass) {
	if a.byPrint[h.Print] == h {
		delete(a.byPrint, h.Print)
	}
}

// forget removes h, but from all, where who waits for the write removes it. The caller holds mu.
func (a *passes) forget(h *heldPass) {
	a.unprint(h)
	delete(a.byID, h.ID)
	for _, id := range append(slices.Clone(h.Decisions), h.UsedBy) {
		left := slices.DeleteFunc(slices.Clone(a.byDecision[id]), func(o *heldPass) bool { return o == h })
		if a.byDecision[id] = left; len(left) == 0 {
			delete(a.byDecision, id)
		}
	}
}

// sweep has passes forgotten that ended longer ago than the decision log reaches, and, where n more are
// to come and there is no room, those that were granted first of those that ended. The caller holds mu.
func (a *passes) sweep(now time.Time, retention time.Duration, n int) (writes []*passWrite) {
	for _, h := range a.all {
		ended := h.ended(now)
		if h.busy || ended.IsZero() {
			continue
		}
		a.unprint(h)
		if len(a.all)-len(writes)+n > MaxPasses || ended.Before(now.Add(-retention)) {
			writes = append(writes, a.begin(h, nil))
		}
	}
	a.open.Store(int64(len(a.byPrint)))
	return writes
}

// release lets go of what was begun and not written. The caller holds mu.
func (a *passes) release(writes []*passWrite) {
	for _, w := range writes {
		w.held.busy = false
	}
}

// loadPasses reads them. One that does not read lets nothing through, and [Store.Verify] tells of it.
func (s *Store) loadPasses(db *badger.DB) error {
	a := &s.passes
	a.byID, a.byPrint, a.byDecision, a.revokers = map[string]*heldPass{}, map[decisions.Print]*heldPass{}, map[string][]*heldPass{}, map[string]string{}
	err := db.View(func(txn *badger.Txn) error {
		return eachPass(txn, func(id string, p *Pass, err error) {
			if err != nil {
				s.logger.Warn("a pass does not read, and lets nothing through", zap.String("pass", id), zap.Error(err))
				a.damaged = append(a.damaged, id)
				return
			}
			a.keep(new(heldPass), p)
		})
	})
	if err != nil {
		return fmt.Errorf("reading the passes: %w", err)
	}
	a.open.Store(int64(len(a.byPrint)))
	return nil
}

// eachPass walks all passes on disk, oldest first.
func eachPass(txn *badger.Txn, f func(id string, p *Pass, err error)) error {
	opt := badger.DefaultIteratorOptions
	opt.Prefix = []byte{kindPass}
	it := txn.NewIterator(opt)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		id := string(it.Item().Key()[1:])
		err := it.Item().Value(func(value []byte) error {
			p, err := decodePass(id, value)
			f(id, p, err)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// passes verifies that all of them read.
func (v *verifier) passes() error {
	return v.s.view(func(txn *badger.Txn) error {
		return eachPass(txn, func(id string, _ *Pass, err error) {
			if errors.Is(err, wire.ErrDamaged) {
				v.report.fault(0, "pass %s was altered: it does not read", id)
			}
		})
	})
}
