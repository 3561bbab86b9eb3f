package tally

import (
	"math/bits"
	"sync"

	"github.com/sendgate/sendgate/filter"
)

// rowShards is into how many parts the tally is cut. Each has a lock of its own, which is the lock of
// all recipients in it.
const rowShards = 1024

// A sentRow is one message of the tally, in 24 bytes, or a further topic of one: a row that is like the
// message's own but for the topic.
type sentRow struct {
	key  uint64 // of the recipient: see [Hashes.recipient]
	when uint64 // furtherBit, milliseconds since 1970, two bits of category, and 18 of the content; 0: none any more
	mark uint64 // 32 bits of the topic, and 32 of the content
}

const (
	furtherBit  = 1 << 63 // of when: the row is about a further topic
	whenShift   = 20
	contentBits = 18 // of when
)

func newSentRow(key uint64, due int64, c filter.Category, topic uint32, content uint64) sentRow {
	return sentRow{
		key:  key,
		when: uint64(due)<<whenShift | uint64(c&3)<<contentBits | content>>(64-contentBits),
		mark: uint64(topic)<<32 | content&(1<<32-1),
	}
}

// further is the row of a further topic of the message of r.
func (r sentRow) further(topic uint32) sentRow {
	return sentRow{r.key, r.when | furtherBit, uint64(topic)<<32 | r.mark&(1<<32-1)}
}

// of reports whether r, which is about a further topic, is of the message of o. So are those of two
// messages with the same content at the same millisecond, and each then counts under the topics of both.
func (r *sentRow) of(o *sentRow) bool {
	return r.when == o.when|furtherBit && uint32(r.mark) == uint32(o.mark)
}

func (r *sentRow) due() int64 { return int64(r.when &^ furtherBit >> whenShift) }

// move makes r due at another moment, in milliseconds since 1970.
func (r *sentRow) move(due int64) { r.when = uint64(due)<<whenShift | r.when&(1<<whenShift-1) }

func (r *sentRow) category() filter.Category { return filter.Category(r.when >> contentBits & 3) }
func (r *sentRow) topic() uint32             { return uint32(r.mark >> 32) }
func (r *sentRow) sameContent(o *sentRow) bool {
	const content = 1<<contentBits - 1
	return uint32(r.mark) == uint32(o.mark) && r.when&content == o.when&content
}

// A rowShard holds rows in no order, those of one recipient chained to each other. heads is where the
// chains begin: a table with open addressing that holds the place of a row and one, and 0 for nothing. Rows
// are all over the memory, so tags has a byte of each key, and most rows of others need no look.
type rowShard struct {
	mu    sync.Mutex
	rows  []sentRow
	next  []uint32 // place of the recipient's next row and one, for each row
	heads []uint32
	tags  []uint8 // one for each of heads
	used  int     // heads that are taken
}

// chain is the place in heads of the chain of key, or where it would begin.
func (s *rowShard) chain(key uint64) int {
	n := uint64(len(s.heads))
	at, _ := bits.Mul64(key*0x9e3779b97f4a7c15, n)
	for tag := tagOf(key); s.heads[at] != 0 && (s.tags[at] != tag || s.rows[s.heads[at]-1].key != key); {
		if at++; at == n {
			at = 0
		}
	}
	return int(at)
}

// tagOf is a byte of key, other than those that choose its shard.
func tagOf(key uint64) uint8 { return uint8(key / rowShards) }

// first is the place of the first row of key and one, and 0 where it has none.
func (s *rowShard) first(key uint64) uint32 {
	if len(s.heads) == 0 {
		return 0
	}
	return s.heads[s.chain(key)]
}

// each calls f with the rows of key until it returns false.
func (s *rowShard) each(key uint64, f func(*sentRow) bool) {
	for i := s.first(key); i != 0; i = s.next[i-1] {
		if !f(&s.rows[i-1]) {
			return
		}
	}
}

// add takes a row in. Rows due before horizon may be dropped. added is by how many rows the shard grew.
func (s *rowShard) add(row sentRow, horizon int64) (added int) {
	placed := false
	s.each(row.key, func(r *sentRow) bool {
		if placed = r.due() < horizon; placed {
			*r = row
		}
		return !placed
	})
	if placed {
		return 0
	}
	before := len(s.rows)
	if len(s.rows) == cap(s.rows) {
		s.sweep(horizon)
		if len(s.rows) > cap(s.rows)*7/8 {
			s.grow()
		}
	}
	if 4*(s.used+1) > 3*len(s.heads) {
		s.index(max(8, len(s.heads)+len(s.heads)/3))
	}
	s.rows, s.next = append(s.rows, row), append(s.next, 0)
	s.link(len(s.rows) - 1)
	return len(s.rows) - before
}

// link puts row i at the beginning of its chain.
func (s *rowShard) link(i int) {
	key := s.rows[i].key
	at := s.chain(key)
	if s.heads[at] == 0 {
		s.used++
	}
	s.next[i], s.heads[at], s.tags[at] = s.heads[at], uint32(i+1), tagOf(key)
}

// grow makes room for an eighth more rows.
func (s *rowShard) grow() {
	n := max(4, cap(s.rows)+cap(s.rows)/8)
	s.rows = append(make([]sentRow, 0, n), s.rows...)
	s.next = append(make([]uint32, 0, n), s.next...)
}

// index makes heads anew, of size n.
func (s *rowShard) index(n int) {
	s.heads, s.tags, s.used = make([]uint32, n), make([]uint8, n), 0
	for i := range s.rows {
		s.link(i)
	}
}

// sweep drops the rows due before horizon, and returns how many.
func (s *rowShard) sweep(horizon int64) (dropped int) {
	kept := s.rows[:0]
	for i := range s.rows {
		if s.rows[i].due() >= horizon {
			kept = append(kept, s.rows[i])
		}
	}
	dropped = len(s.rows) - len(kept)
	if dropped == 0 {
		return 0
	}
	s.rows, s.next = kept, s.next[:len(kept)]
	if len(kept) < cap(kept)/2 { // give memory back
		s.rows = append(make([]sentRow, 0, len(kept)), kept...)
		s.next = make([]uint32, len(kept))
	}
	heads := len(s.heads)
	if s.used > 2*len(kept) {
		heads = 8 + len(kept)*3/2
	}
	s.index(heads)
	return dropped
}

// remove takes out one row like row, and reports whether there was one.
func (s *rowShard) remove(row sentRow) (found bool) {
	s.each(row.key, func(r *sentRow) bool {
		if *r == row {
			r.when, found = 0, true // its place is taken by the recipient's next row, or swept
		}
		return !found
	})
	return found
}
