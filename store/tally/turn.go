package tally

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A Turn is the right to decide about one message: while it lasts, no other to the same recipient is
// decided by the tally. It ends with [Turn.End], soon. It belongs to one goroutine.
type Turn struct {
	book    *Book
	shard   *rowShard
	row     sentRow
	topics  topicMarks
	address string
	now     int64
}

// Turn waits for the turn of m, and reads into r.Tally what its recipient got lately, as of now. Judge m
// then, and [Turn.Take] its place if it is to be sent.
func (b *Book) Turn(m *filter.Message, r *filter.Record, now time.Time) (Turn, error) {
	if b.closed.Load() {
		return Turn{}, b.cfg.Closed
	}
	t := b.turn(m, now)
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

// Read is what Turn reads, for whoever only wants to know.
func (b *Book) Read(m *filter.Message, r *filter.Record, now time.Time) error {
	t, err := b.Turn(m, r, now)
	if err == nil {
		t.End()
	}
	return err
}

// End lets the next message have its turn.
func (t *Turn) End() { t.shard.mu.Unlock() }

func (b *Book) turn(m *filter.Message, now time.Time) Turn {
	key, topics := b.cfg.Hashes.recipient(&m.To), marksOf(m)
	return Turn{
		book: b, shard: &b.shards[key%rowShards], topics: topics, address: m.To.Address, now: now.UnixMilli(),
		row: newSentRow(key, m.Due(now).UnixMilli(), m.Category, topics.marks[0], b.cfg.Hashes.content(m)),
	}
}

// read fills r.Tally, the oldest first.
func (t *Turn) read(r *filter.Record) {
	r.Tally = r.Tally[:0]
	shard, horizon, first := t.shard, t.now-t.book.keep.Load(), t.shard.first(t.row.key)
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
func (t *Turn) join(tally filter.Tally, topic *sentRow, first uint32, horizon int64) {
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
	slot, b := Slot{}, t.book
	one := b.claim(c, t.address, t.row.due(), t.now)
	if err := one.take(&slot); err != nil {
		return Slot{}, err
	}
	if c.Place {
		if err := t.roomy(); err != nil {
			b.release(&slot)
			return Slot{}, err
		}
		slot.row, slot.topics = t.row, t.topics
	}
	place, err := b.journal.write(&slot, t.now)
	if err != nil {
		b.release(&slot)
		return Slot{}, fmt.Errorf("counting a message before it is sent: %w", err)
	}
	slot.place = place
	if c.Place {
		horizon := b.horizon(t.now)
		added := t.shard.add(slot.row, horizon)
		for _, topic := range slot.topics.further() {
			added += t.shard.add(slot.row.further(topic), horizon)
		}
		b.count.Add(int64(added))
	}
	return slot, nil
}

// roomy makes sure that the rows of one more message may be held.
func (t *Turn) roomy() error {
	b, most := t.book, t.book.cfg.Most-int64(t.topics.n)
	if b.count.Load() <= most {
		return nil
	}
	b.count.Add(-int64(t.shard.sweep(b.horizon(t.now))))
	if b.count.Load() <= most {
		return nil
	}
	return ErrFull
}
