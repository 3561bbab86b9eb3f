package store

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
	"unique"
)

// An errandOp is one frame on its way to disk, and what it makes of the row of its errand.
type errandOp struct {
	kind  frameKind
	frame []byte
	row   *errandRow
	after errandRow // of a put and a head: what the row says then
	until int64     // of an end
	place framePlace
}

// putOp keeps all of an errand.
func (e *errands) putOp(one *Errand) errandOp {
	op := e.headOp(one)
	head := errandHead(one)
	op.kind = framePut
	op.frame = op.after.id.frame(framePut, binary.MaxVarintLen64+len(head)+len(one.Body))
	op.frame = appendErrand(op.frame, head, one.Body)
	return op
}

// headOp keeps all of an errand but its body, which is kept already.
func (e *errands) headOp(one *Errand) errandOp {
	id := e.id(one.ID)
	head := errandHead(one)
	frame := appendErrand(id.frame(frameHead, binary.MaxVarintLen64+len(head)), head, nil)
	return errandOp{kind: frameHead, frame: frame, after: rowOf(id, one)}
}

// rowOf is the row of an errand.
func rowOf(id errandID, one *Errand) errandRow {
	r := errandRow{
		id: id, kind: one.Kind, state: one.State, route: unique.Make(one.Route), stands: standsIn(one.Lanes),
		due: unixNano(one.Due), added: one.Added.Unix(), changed: one.Changed.Unix(),
		remember: int64((one.Remember + time.Second - 1) / time.Second),
	}
	if !one.Until.IsZero() {
		r.until = one.Until.Unix()
	}
	return r
}

// unixNano is t in nanoseconds since 1970, or the nearest moment that has any.
func unixNano(t time.Time) int64 {
	switch {
	case t.Unix() > math.MaxInt64/int64(time.Second)-1:
		return math.MaxInt64
	case t.Unix() < math.MinInt64/int64(time.Second)+1:
		return math.MinInt64
	}
	return t.UnixNano()
}

// write puts the frames of ops on disk, and says in them where they are. writing is held.
func (e *errands) write(ops []errandOp) error {
	if err := e.mend(); err != nil {
		return err
	}
	size := int64(0)
	for i := range ops {
		size += int64(len(ops[i].frame))
	}
	g, err := e.last(size)
	if err != nil {
		return err
	}
	from := g.size
	b := e.buf[:0]
	for i := range ops {
		op := &ops[i]
		if op.kind == frameEnd {
			op.frame = binary.LittleEndian.AppendUint64(op.frame[:frameFront], uint64(op.until))
		}
		op.place = framePlace{g, uint32(from) + uint32(len(b)), uint32(len(op.frame))}
		sealFrame(op.frame, op.row.seq, from)
		b = append(b, op.frame...)
	}
	if e.buf = b; cap(b) > 1<<20 {
		e.buf = nil
	}
	if g.file == nil {
		e.files.Lock() // who reads has the memory that the file would be
		defer e.files.Unlock()
	}
	if err = g.write(b); err == nil {
		err = e.syncFile(g.file)
	}
	if err != nil {
		e.torn, e.spent = true, true // what a failed sync leaves behind nobody knows
		return errors.Join(err, e.mend())
	}
	return nil
}

// mend cuts off what was not acknowledged. Until that is done nothing is written.
func (e *errands) mend() error {
	if !e.torn {
		return nil
	}
	if err := e.segments[len(e.segments)-1].cut(); err != nil {
		return err
	}
	e.torn = false
	return nil
}

// last is the file that takes size bytes more. It begins another where that is full. writing is held.
func (e *errands) last(size int64) (*errandSegment, error) {
	e.mu.Lock()
	n := len(e.segments)
	number := uint64(1)
	if n > 0 {
		g := e.segments[n-1]
		if g.size == 0 || !e.spent && g.size+size <= errandsFile { // in an empty one a failed sync leaves nothing behind
			e.mu.Unlock()
			e.spent = false
			return g, nil
		}
		number = g.number + 1
	}
	e.mu.Unlock()
	g, err := makeErrandSegment(e.dir, number, e.store.now().Unix())
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.segments = append(e.segments, g)
	e.mu.Unlock()
	e.spent = false
	return g, nil
}

// apply has the row of an errand say what a frame of it says. mu is held.
func (e *errands) apply(op *errandOp) {
	r, g := op.row, op.place.segment
	g.size = max(g.size, int64(op.place.at)+int64(op.place.size))
	if r.flight != nil {
		e.bytes -= int64(len(op.frame)) // counted when it came
	} else {
		e.out(r)
	}
	if op.kind == frameEnd {
		r.gone = true
		delete(e.rows, r.id)
		g.ends += endFrame
		g.remembered = max(g.remembered, op.until)
		if op.until > e.store.now().Unix() {
			e.remember(r.id, op.until)
		}
		return
	}
	was := *r
	*r = op.after
	r.seq, r.head, r.body = was.seq, op.place, was.body
	if op.kind == framePut {
		r.body = op.place
	}
	e.in(r)
}
