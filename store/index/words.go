package index

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// What most rows of the index say alike is written once, in a list, and each row has its number: a
// head of the row, and the terms of its consents. What is left is times. A row is
//
//	tag (8 bytes), number of the head, [length of what follows (2 bytes), terms,] times
//
// with the part in brackets where there is more than one consent. A time has four bytes where all
// times of the row are whole seconds, else eight of nanoseconds.

// A head is what a row says besides times, and its terms where there are several.
type head struct {
	place           fingerprint.Place
	elsewhere       bool // the record is not here but in the database alone
	nanos           bool
	inbound, erased bool   // these times are there
	stated          string // where the recipient is; not empty: the time since when is there
	many            bool
	one             term // the only one; without a mask there is none
}

// A term is a scope and which times of its consent are there: a bit each, in the order of
// [wire.Moments].
type term struct {
	scope filter.Scope
	mask  uint8
}

// size is how many bytes the times of a row with this head have, unless it has many terms.
func (h *head) size() int {
	if h.elsewhere {
		return 0
	}
	n := 0
	for _, there := range [...]bool{h.inbound, h.erased, h.stated != ""} {
		if there {
			n++
		}
	}
	for mask := h.one.mask; mask != 0; mask &= mask - 1 {
		n++
	}
	if h.nanos {
		return 8 * n
	}
	return 4 * n
}

// A list numbers different values in the order in which they came. Reading takes no lock.
type list[T comparable] struct {
	mu      sync.RWMutex
	numbers map[T]uint32
	values  atomic.Pointer[[]T]
}

func (l *list[T]) at(n uint32) *T { return &(*l.values.Load())[n] }

// find is the number of v; false where it has none.
func (l *list[T]) find(v T) (uint32, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n, ok := l.numbers[v]
	return n, ok
}

// add gives v a number, unless it has one.
func (l *list[T]) add(v T) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, ok := l.numbers[v]; ok {
		return n
	}
	if l.numbers == nil {
		l.numbers = make(map[T]uint32)
	}
	values := append(l.all(), v) // readers see no further than their own slice
	n := uint32(len(values) - 1)
	l.numbers[v] = n
	l.values.Store(&values)
	return n
}

// all is every value, by its number.
func (l *list[T]) all() []T {
	if values := l.values.Load(); values != nil {
		return *values
	}
	return nil
}

// leave gives a number to no value, which none is ever found under.
func (l *list[T]) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	values := append(l.all(), *new(T))
	l.values.Store(&values)
}

func (l *list[T]) len() int { return len(l.all()) }

// maxWords bounds each of the lists. A record that would take more is read from the database.
const maxWords = 1 << 16

// words are the lists of an index.
type words struct {
	heads list[sizedHead]
	terms list[term]
}

type sizedHead struct {
	head
	times int // head.size
}

// mark adds the heads of rows, by their numbers, to those that are in use.
func (w *words) mark(rows []byte, used []bool) []bool {
	for len(rows) > 0 {
		number, _ := binary.Uvarint(rows[8:])
		if more := int(number) + 1 - len(used); more > 0 {
			used = append(used, make([]bool, more)...)
		}
		used[number] = true
		rows = rows[w.next(rows).size:]
	}
	return used
}

// A rowView is a row where it lies.
type rowView struct {
	tag  uint64
	size int    // of all of it
	head *head  // what its number stands for
	body []byte // terms and times
}

// next is the first of some rows.
func (w *words) next(rows []byte) rowView {
	n, at := uint32(rows[8]), 9
	if n >= 0x80 {
		long, width := binary.Uvarint(rows[8:])
		n, at = uint32(long), 8+width
	}
	h := w.heads.at(n)
	size := h.times
	if h.many {
		size = int(binary.LittleEndian.Uint16(rows[at:]))
		at += 2
	}
	return rowView{binary.BigEndian.Uint64(rows), at + size, &h.head, rows[at : at+size]}
}

// skip passes over the rows that do not have a tag.
func (w *words) skip(rows []byte, tag uint64) []byte {
	if len(rows) == 0 {
		return nil
	}
	tag = bits.ReverseBytes64(tag)
	heads := *w.heads.values.Load()
	for len(rows) > 0 && binary.LittleEndian.Uint64(rows) != tag {
		if n := rows[8]; n < 0x80 && !heads[n].many {
			rows = rows[9+heads[n].times:]
		} else {
			rows = rows[w.next(rows).size:]
		}
	}
	return rows
}

// decode reads a row into r.
func (w *words) decode(row *rowView, r *filter.Record) {
	h, body := row.head, row.body
	if h.elsewhere {
		return
	}
	if h.inbound {
		r.LastInbound, body = h.time(body)
	}
	if h.erased {
		r.Erased, body = h.time(body)
	}
	if h.stated != "" {
		r.Place = h.stated
		r.Placed, body = h.time(body)
	}
	if !h.many {
		if h.one.mask != 0 {
			h.consent(r, &h.one, body)
		}
		return
	}
	for len(body) > 0 {
		n, width := binary.Uvarint(body)
		body = h.consent(r, w.terms.at(uint32(n)), body[width:])
	}
}

// consent reads the times of a term.
func (h *head) consent(r *filter.Record, t *term, body []byte) []byte {
	r.Consents = append(r.Consents, filter.Consent{Scope: t.scope})
	for i, at := range wire.Moments(&r.Consents[len(r.Consents)-1]) {
		if t.mask>>i&1 != 0 {
			*at, body = h.time(body)
		}
	}
	return body
}

func (h *head) time(b []byte) (time.Time, []byte) {
	if h.nanos {
		return time.Unix(0, int64(binary.LittleEndian.Uint64(b))).UTC(), b[8:]
	}
	return time.Unix(int64(binary.LittleEndian.Uint32(b)), 0).UTC(), b[4:]
}

// optedOut reports whether a row may be that of a recipient who ever opted out, as
// [filter.Record.EverOptedOut] would.
func (w *words) optedOut(row *rowView) bool {
	h := row.head
	switch {
	case h.elsewhere, h.erased:
		return true
	case !h.many:
		return h.one.mask&noTimes != 0
	}
	var r filter.Record
	w.decode(row, &r)
	return r.EverOptedOut()
}

// noTimes are the bits of [wire.Moments] that say no: opted out, and refused.
const noTimes = 1<<0 | 1<<2
