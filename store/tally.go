package store

import (
	"cmp"
	"errors"
	"fmt"
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
	clock   steadyClock  // by which it forgets
	pairs   pairs
	books   portfolios
}

// TallyKeep is for how long messages are kept at least, whatever the configuration looks back: who takes
// the caps out of it, and puts them back, finds them as they were.
const TallyKeep = 24 * time.Hour

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
	topics  topicMarks
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
	whole := false
	defer func() {
		if !whole { // it panics: others have their turn all the same
			t.shard.mu.Unlock()
		}
	}()
	t.read(r)
	whole = true
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
	key, topics := s.keys.tally(&m.To), marksOf(m)
	return Turn{
		s: s, shard: &s.tally.shards[key%tallyShards], topics: topics, address: m.To.Address, now: now.UnixMilli(),
		row: newTallyRow(key, m.Due(now).UnixMilli(), m.Category, topics.marks[0], s.keys.content(m)),
	}
}

// read fills r.Tally, the oldest first.
func (t *Turn) read(r *filter.Record) {
	r.Tally = r.Tally[:0]
	shard, horizon, first := t.shard, t.now-t.s.tally.keep.Load(), t.shard.first(t.row.key)
	further := false
	for i := first; i != 0; i = shard.next[i-1] {
		switch row := &shard.rows[i-1]; {
		case row.due() < horizon:
		case row.when&furtherBit != 0:
			further = true
		default:
			sent := filter.Sent{At: time.UnixMilli(row.due()).UTC(), Category: row.category(), SameContent: row.sameContent(&t.row)}
			t.topics.see(&sent, row)
			r.Tally = append(r.Tally, sent)
		}
	}
	for i := first; further && i != 0; i = shard.next[i-1] {
		if row := &shard.rows[i-1]; row.due() >= horizon && row.when&furtherBit != 0 {
			t.join(r.Tally, row, first, horizon)
		}
	}
	slices.Reverse(r.Tally) // the chain begins with the last, which mostly is the latest
	slices.SortFunc(r.Tally, func(a, b filter.Sent) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
}

// join notes a further topic with the message that it is of. tally is in the order of the rows.
func (t *Turn) join(tally filter.Tally, topic *tallyRow, first uint32, horizon int64) {
	n := 0
	for i := first; i != 0; i = t.shard.next[i-1] {
		row := &t.shard.rows[i-1]
		if row.due() < horizon || row.when&furtherBit != 0 {
			continue
		}
		if topic.of(row) {
			t.topics.see(&tally[n], topic)
		}
		n++
	}
}

// Move has [Turn.Take] count the message at another time than it asks for.
func (t *Turn) Move(at time.Time) { t.row.move(at.UnixMilli()) }

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
		slot.row, slot.topics = t.row, t.topics
	}
	place, err := tl.journal.write(&slot, t.now)
	if err != nil {
		tl.release(&slot)
		return Slot{}, fmt.Errorf("counting a message before it is sent: %w", err)
	}
	slot.place = place
	if c.Tally {
		horizon := tl.horizon(t.now)
		added := t.shard.add(slot.row, horizon)
		for _, topic := range slot.topics.further() {
			added += t.shard.add(slot.row.further(topic), horizon)
		}
		tl.count.Add(int64(added))
	}
	return slot, nil
}

// roomy makes sure that the rows of one more message may be held.
func (t *Turn) roomy() error {
	tl, most := &t.s.tally, t.s.cfg.Tally-int64(t.topics.n)
	if tl.count.Load() <= most {
		return nil
	}
	tl.count.Add(-int64(t.shard.sweep(tl.horizon(t.now))))
	if tl.count.Load() <= most {
		return nil
	}
	return ErrTallyFull
}

// sweepTally drops what counts for nothing any more, from memory and from disk.
func (s *Store) sweepTally() {
	if s.cfg.Still {
		return
	}
	tl := &s.tally
	now := s.now().UnixMilli()
	tl.clock.tick(now, tl.keep.Load())
	horizon := tl.horizon(now)
	for i := range tl.shards {
		shard := &tl.shards[i]
		shard.mu.Lock()
		tl.count.Add(-int64(shard.sweep(horizon)))
		shard.mu.Unlock()
	}
	tl.pairs.sweep(now)
	tl.books.sweep(now)
	if err := tl.journal.drop(tl.clock.atMost(now), horizon); err != nil {
		s.logger.Warn("removing what caps no longer look back at", zap.Error(err))
	}
}

// horizon is since when messages are kept, at a moment on the clock.
func (tl *tally) horizon(now int64) int64 { return tl.clock.atMost(now) - tl.keep.Load() }

// openTally reads what was sent lately.
func (s *Store) openTally() error {
	tl := &s.tally
	tl.keep.Store(TallyKeep.Milliseconds())
	tl.journal.room, tl.journal.logger = s.room, s.logger
	if tl.clock.passed == nil {
		began := s.cfg.Now()
		tl.clock.passed = func() time.Duration { return s.cfg.Now().Sub(began) }
	}
	tl.clock.believe(s.now().UnixMilli())
	if s.cfg.Memory {
		return nil
	}
	tl.journal.dir = s.path(tallyDir)
	err := tl.journal.load(func(kind byte, key, when, mark uint64) {
		switch kind {
		case entrySent:
			row := tallyRow{key, when, mark}
			tl.count.Add(int64(tl.shards[key%tallyShards].add(row, 0)))
		case entryTopic:
			row := tallyRow{key, when | furtherBit, mark}
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
