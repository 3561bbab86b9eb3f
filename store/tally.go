package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
)

// ErrTallyFull is why a message cannot be counted while the tally holds as many as [Config.Tally] says.
var ErrTallyFull = errors.New("the tally is full (store.tally)")

// tally is what was sent to whom lately. It holds no address and no text: a recipient is a keyed
// fingerprint of 64 bits, a content one of 50. Among ten million recipients the odds that any two share
// one are one in four hundred thousand; then each counts against the other's caps, and nobody gets more
// than theirs.
//
// Erasing a recipient leaves it alone. What stands there is told to nobody, is of no use without the
// store's key, and is gone when the longest time that caps look back has passed.
type tally struct {
	shards  [tallyShards]tallyShard
	journal tallyJournal
	count   atomic.Int64 // rows of all shards, of which some may be of no more use
	keep    atomic.Int64 // milliseconds after which a message counts for nothing
	pairs   pairs
	books   portfolios
}

// minKeep is for how long messages are kept at least, whatever the configuration looks back: who takes
// the caps out of it, and puts them back, finds them as they were.
const minKeep = 24 * time.Hour

// Remember makes the tally hold on to messages for as long as lookback, or longer. What was forgotten
// before comes not back: a longer time is whole only once it has passed. It never makes the time
// shorter; opening the store anew does.
func (s *Store) Remember(lookback time.Duration) {
	for ms := lookback.Milliseconds(); ; {
		was := s.tally.keep.Load()
		if ms <= was || s.tally.keep.CompareAndSwap(was, ms) {
			return
		}
	}
}

// A Turn is the right to decide about one message: while it lasts, no other to the same recipient is
// decided by the tally. It ends with [Turn.End], soon. It belongs to one goroutine.
type Turn struct {
	s       *Store
	shard   *tallyShard
	row     tallyRow
	address string
	now     int64
}

// Turn waits for the turn of m, and reads into r.Tally what its recipient got lately, as of now. Judge m
// then, and [Turn.Take] its place if it is to be sent.
func (s *Store) Turn(m *filter.Message, r *filter.Record, now time.Time) (Turn, error) {
	if s.closed.Load() {
		return Turn{}, ErrClosed
	}
	t := s.turn(m, now)
	t.shard.mu.Lock()
	t.read(r)
	return t, nil
}

// ReadTally is what Turn reads, for whoever only wants to know.
func (s *Store) ReadTally(m *filter.Message, r *filter.Record, now time.Time) error {
	t, err := s.Turn(m, r, now)
	if err == nil {
		t.End()
	}
	return err
}

// End lets the next message have its turn.
func (t *Turn) End() { t.shard.mu.Unlock() }

func (s *Store) turn(m *filter.Message, now time.Time) Turn {
	key := s.keys.tally(&m.To)
	return Turn{
		s: s, shard: &s.tally.shards[key%tallyShards], address: m.To.Address, now: now.UnixMilli(),
		row: newTallyRow(key, m.Due(now).UnixMilli(), m.Category, topicMark(m.Topic), s.keys.content(m)),
	}
}

// read fills r.Tally, the oldest first.
func (t *Turn) read(r *filter.Record) {
	r.Tally = r.Tally[:0]
	horizon := t.now - t.s.tally.keep.Load()
	if len(t.shard.heads) > 0 {
		for i := t.shard.heads[t.shard.chain(t.row.key)]; i != 0; i = t.shard.next[i-1] {
			if row := &t.shard.rows[i-1]; row.due() >= horizon {
				r.Tally = append(r.Tally, filter.Sent{At: time.UnixMilli(row.due()).UTC(), Category: row.category(),
					SameTopic: row.sameTopic(&t.row), SameContent: row.sameContent(&t.row)})
			}
		}
	}
	slices.SortFunc(r.Tally, func(a, b filter.Sent) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
}

// Move has [Turn.Take] count the message at another time than it asks for.
func (t *Turn) Move(at time.Time) { t.row.move(at.UnixMilli()) }

// A Slot is what a message took up, to be given back if it surely was not sent. The zero Slot is nothing.
type Slot struct {
	row   tallyRow // none where row.when is 0
	pairs pairSlots
	book  bookSlot
	place journalPlace
}

// Taken reports whether there is anything to give back.
func (l *Slot) Taken() bool { return l.place.n > 0 }

// Take takes a place in the tally for the message whose turn it is, and what c asks for, all or nothing. When it
// returns, the places survive the end of the process, however it ends: they are written to a file, and are
// on disk within a second, so that a loss of power can lose the last second's and no more. An error that is
// an [*OverBudget] says that another message took the last place meanwhile.
func (t *Turn) Take(c *Claims) (Slot, error) {
	slot, tl := Slot{}, &t.s.tally
	one := t.s.claim(c, t.address, t.row.due(), t.now)
	if err := one.take(&slot); err != nil {
		return Slot{}, err
	}
	if c.Tally {
		if err := t.roomy(); err != nil {
			tl.release(&slot)
			return Slot{}, err
		}
		slot.row = t.row
	}
	place, err := tl.journal.write(&slot, t.now)
	if err != nil {
		tl.release(&slot)
		return Slot{}, fmt.Errorf("counting a message before it is sent: %w", err)
	}
	slot.place = place
	if c.Tally {
		tl.count.Add(int64(t.shard.add(slot.row, t.now-tl.keep.Load())))
	}
	return slot, nil
}

// roomy makes sure that one more row may be held.
func (t *Turn) roomy() error {
	tl := &t.s.tally
	if tl.count.Load() < t.s.cfg.Tally {
		return nil
	}
	tl.count.Add(-int64(t.shard.sweep(t.now - tl.keep.Load())))
	if tl.count.Load() < t.s.cfg.Tally {
		return nil
	}
	return ErrTallyFull
}

// release gives back what is not in the tally yet.
func (tl *tally) release(slot *Slot) {
	tl.pairs.back(&slot.pairs)
	slot.book.back()
}

// GiveBack frees what a message took up that surely was not sent. Its turn is over.
func (s *Store) GiveBack(slot *Slot) {
	if !slot.Taken() {
		return
	}
	tl := &s.tally
	// First in the file: else another message may take the place, and after a crash both would count.
	if err := tl.journal.void(slot.place); err != nil { // then it counts again after a restart, which is safe
		s.logger.Warn("a place in the tally was given back, but not in its file", zap.Error(err))
	}
	if slot.row.when != 0 {
		shard := &tl.shards[slot.row.key%tallyShards]
		shard.mu.Lock()
		shard.remove(slot.row)
		shard.mu.Unlock()
	}
	tl.release(slot)
	*slot = Slot{}
}

// sweepTally drops what counts for nothing any more, from memory and from disk.
func (s *Store) sweepTally() {
	if s.cfg.Still {
		return
	}
	now := s.now().UnixMilli()
	horizon := now - s.tally.keep.Load()
	for i := range s.tally.shards {
		shard := &s.tally.shards[i]
		shard.mu.Lock()
		s.tally.count.Add(-int64(shard.sweep(horizon)))
		shard.mu.Unlock()
	}
	s.tally.pairs.sweep(now)
	s.tally.books.sweep(now)
	if err := s.tally.journal.drop(now, horizon); err != nil {
		s.logger.Warn("removing what caps no longer look back at", zap.Error(err))
	}
}

// openTally reads what was sent lately.
func (s *Store) openTally() error {
	tl := &s.tally
	tl.keep.Store(minKeep.Milliseconds())
	tl.journal.room, tl.journal.logger = s.room, s.logger
	if s.cfg.Memory {
		return nil
	}
	tl.journal.dir = s.path(tallyDir)
	err := tl.journal.load(func(kind byte, key, when, mark uint64) {
		switch kind {
		case entrySent:
			row := tallyRow{key, when, mark}
			tl.count.Add(int64(tl.shards[key%tallyShards].add(row, 0)))
		case entryPerson:
			tl.books.book(mark).count(key, int64(when>>whenShift))
		case entryPair:
			tl.pairs.put(key, pairState{int64(when >> whenShift), int64(mark), uint32(when & maxBurst)})
		}
	})
	if err != nil {
		return fmt.Errorf("reading what was sent lately in %s: %w", tl.journal.dir, err)
	}
	return nil
}

// keepTally syncs what was counted, and drops what counts for nothing any more, until the store closes.
func (s *Store) keepTally() {
	sync, sweep := time.NewTicker(tallySync), time.NewTicker(tallySweep)
	defer sync.Stop()
	defer sweep.Stop()
	for failing := false; ; {
		select {
		case <-sweep.C:
			s.sweepTally()
		case <-sync.C:
			err := s.tally.journal.sync()
			if err != nil && !failing {
				s.logger.Error("what was counted cannot be put on disk: a loss of power would lose it", zap.Error(err))
			}
			failing = err != nil
		case <-s.stop:
			return
		}
	}
}

// tally is the fingerprint of a recipient in the tally.
func (k *keys) tally(to *filter.Recipient) uint64 {
	p := k.person(to.Address)
	h := fnv1a(fnv1a(fnvBasis, to.Brand), "\x00")
	return binary.BigEndian.Uint64(p[:8]) ^ fnv1a(h, string(to.Channel))*0x9e3779b97f4a7c15
}

// content is the fingerprint of what a message says.
func (k *keys) content(m *filter.Message) uint64 {
	h := uint64(0)
	for _, part := range [...]string{m.Template, m.Text, m.Extra} {
		sum := k.of(ofContent, part)
		h = bits.RotateLeft64(h, 21) + binary.BigEndian.Uint64(sum[:8])
	}
	return h
}

// topicMark tells topics apart. A brand has few, and their names are no secret.
func topicMark(topic string) uint32 {
	h := fnv1a(fnvBasis, topic)
	return uint32(h ^ h>>32)
}

// fnvBasis is where FNV-1a begins.
var fnvBasis = fnv.New64a().Sum64()

// fnv1a goes on from h with text, without allocating: https://www.rfc-editor.org/rfc/rfc9923
func fnv1a(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}
