package index

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// A Writer puts records into an index. It belongs to one goroutine.
type Writer struct {
	index *Index
	row   []byte

	last struct { // most rows have the head of the one before
		head   head
		number uint32
		ok     bool
	}
}

// Writer begins to write.
func (ix *Index) Writer() Writer { return Writer{index: ix} }

// Set puts the record of a recipient into the index, in the place of the one before. A nil r, and one that does not
// fit into a row, is said to be elsewhere.
func (w *Writer) Set(fp *fingerprint.Recipient, r *filter.Record) { w.index.set(fp, w.write(fp, r)) }

// Add puts in the record of a recipient of whom there is none.
func (w *Writer) Add(fp *fingerprint.Recipient, r *filter.Record) { w.index.add(fp, w.write(fp, r)) }

// write is the row of the recipient with a fingerprint, until the next call of write.
func (w *Writer) write(fp *fingerprint.Recipient, r *filter.Record) []byte {
	p := fp.Person()
	w.row = binary.BigEndian.AppendUint64(w.row[:0], tagOf(&p))
	start := len(w.row)
	if r == nil || !w.record(fp.Place(), r) || len(w.row)-start > math.MaxUint16 {
		w.row = binary.AppendUvarint(w.row[:start], uint64(w.index.words.heads.add(sizedHead{head: head{place: fp.Place(), elsewhere: true}})))
	}
	return w.row
}

// record writes head, terms and times; false where they do not fit.
func (w *Writer) record(n fingerprint.Place, r *filter.Record) bool {
	h := head{place: n, inbound: !r.LastInbound.IsZero(), erased: !r.Erased.IsZero(), stated: r.Place, many: len(r.Consents) > 1}
	if !h.width(r) {
		return false
	}
	var one [1]term
	terms := one[:0]
	for i := range r.Consents {
		t := term{scope: r.Consents[i].Scope}
		for bit, at := range wire.Moments(&r.Consents[i]) {
			if !at.IsZero() {
				t.mask |= 1 << bit
			}
		}
		terms = append(terms, t)
	}
	if len(terms) == 1 {
		h.one = terms[0]
		h.many = h.one.mask == 0 // has no times, but is there all the same
	}
	number, ok := w.head(h)
	if !ok {
		return false
	}
	w.row = binary.AppendUvarint(w.row, uint64(number))
	length := len(w.row)
	if h.many {
		w.row = append(w.row, 0, 0)
	}
	w.time(&h, r.LastInbound)
	w.time(&h, r.Erased)
	w.time(&h, r.Placed)
	for i, t := range terms {
		if h.many {
			number, ok := w.term(t)
			if !ok {
				return false
			}
			w.row = binary.AppendUvarint(w.row, uint64(number))
		}
		for _, at := range wire.Moments(&r.Consents[i]) {
			w.time(&h, *at)
		}
	}
	if h.many {
		binary.LittleEndian.PutUint16(w.row[length:], uint16(len(w.row)-length-2))
	}
	return true
}

// width chooses how long the times of the row are; false where a time does not fit at all.
func (h *head) width(r *filter.Record) bool {
	ok := h.holds(r.LastInbound) && h.holds(r.Erased) && h.holds(r.Placed)
	for i := range r.Consents {
		for _, at := range wire.Moments(&r.Consents[i]) {
			ok = ok && h.holds(*at)
		}
	}
	return ok
}

// holds makes the times of the row long enough for at, and reports whether that is possible.
func (h *head) holds(at time.Time) bool {
	if at.IsZero() {
		return true
	}
	sec := at.Unix()
	h.nanos = h.nanos || at.Nanosecond() != 0 || sec > math.MaxUint32
	return sec >= 0 && sec < math.MaxInt64/int64(time.Second)
}

// time writes a time, unless it is zero.
func (w *Writer) time(h *head, at time.Time) {
	switch {
	case at.IsZero():
	case h.nanos:
		w.row = binary.LittleEndian.AppendUint64(w.row, uint64(at.UnixNano()))
	default:
		w.row = binary.LittleEndian.AppendUint32(w.row, uint32(at.Unix()))
	}
}

// head is the number of a head; false where there are too many.
func (w *Writer) head(h head) (uint32, bool) {
	if w.last.ok && w.last.head == h {
		return w.last.number, true
	}
	sized := sizedHead{h, h.size()}
	n, ok := w.index.words.heads.find(sized)
	if !ok {
		if w.index.words.heads.len() >= maxWords {
			return 0, false
		}
		sized.one.scope, sized.stated = h.one.scope.Clone(), strings.Clone(h.stated) // they may point into a request
		n = w.index.words.heads.add(sized)
	}
	w.last.head, w.last.number, w.last.ok = sized.head, n, true
	return n, true
}

// term is the number of a term; false where there are too many.
func (w *Writer) term(t term) (uint32, bool) {
	n, ok := w.index.words.terms.find(t)
	if !ok {
		if w.index.words.terms.len() >= maxWords {
			return 0, false
		}
		t.scope = t.scope.Clone()
		n = w.index.words.terms.add(t)
	}
	return n, true
}
