package errands

import (
	"encoding/binary"
	"errors"
)

// An operation is one frame on its way to disk, and what it makes of the row of its errand.
type operation struct {
	kind  frameKind
	frame []byte
	row   *row
	after row   // of a put and a head: what the row says then
	until int64 // of an end
	place framePlace
}

// putOp keeps all of an errand.
func (j *Journal) putOp(one *Errand) operation {
	op := j.headOp(one)
	head := encodeHead(one)
	op.kind = framePut
	op.frame = op.after.id.frame(framePut, binary.MaxVarintLen64+len(head)+len(one.Body))
	op.frame = appendPayload(op.frame, head, one.Body)
	return op
}

// headOp keeps all of an errand but its body, which is kept already.
func (j *Journal) headOp(one *Errand) operation {
	id := j.id(one.ID)
	head := encodeHead(one)
	frame := appendPayload(id.frame(frameHead, binary.MaxVarintLen64+len(head)), head, nil)
	return operation{kind: frameHead, frame: frame, after: rowOf(id, one)}
}

// write puts the frames of ops on disk, and says in them where they are. writing is held.
func (j *Journal) write(ops []operation) error {
	if err := j.mend(); err != nil {
		return err
	}
	size := int64(0)
	for i := range ops {
		size += int64(len(ops[i].frame))
	}
	g, err := j.last(size)
	if err != nil {
		return err
	}
	from := g.size
	b := j.buf[:0]
	for i := range ops {
		op := &ops[i]
		if op.kind == frameEnd {
			op.frame = binary.LittleEndian.AppendUint64(op.frame[:frameFront], uint64(op.until))
		}
		op.place = framePlace{g, uint32(from) + uint32(len(b)), uint32(len(op.frame))}
		sealFrame(op.frame, op.row.seq, from)
		b = append(b, op.frame...)
	}
	if j.buf = b; cap(b) > 1<<20 {
		j.buf = nil
	}
	if g.file == nil {
		j.files.Lock() // who reads has the memory that the file would be
		defer j.files.Unlock()
	}
	if err = g.write(b); err == nil {
		err = j.syncFile(g.file)
	}
	if err != nil {
		j.torn, j.spent = true, true // what a failed sync leaves behind nobody knows
		return errors.Join(err, j.mend())
	}
	return nil
}

// mend cuts off what was not acknowledged. Until that is done nothing is written.
func (j *Journal) mend() error {
	if !j.torn {
		return nil
	}
	if err := j.segments[len(j.segments)-1].cut(); err != nil {
		return err
	}
	j.torn = false
	return nil
}

// last is the file that takes size bytes more. It begins another where that is full. writing is held.
func (j *Journal) last(size int64) (*segment, error) {
	j.mu.Lock()
	n := len(j.segments)
	number := uint64(1)
	if n > 0 {
		g := j.segments[n-1]
		if g.size == 0 || !j.spent && g.size+size <= fileSize { // in an empty one a failed sync leaves nothing behind
			j.mu.Unlock()
			j.spent = false
			return g, nil
		}
		number = g.number + 1
	}
	j.mu.Unlock()
	g, err := makeSegment(j.host.Dir, number, j.host.Now().Unix())
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	j.segments = append(j.segments, g)
	j.mu.Unlock()
	j.spent = false
	return g, nil
}

// apply has the row of an errand say what a frame of it says. mu is held.
func (j *Journal) apply(op *operation) {
	r, g := op.row, op.place.segment
	g.size = max(g.size, int64(op.place.at)+int64(op.place.size))
	if r.flight != nil {
		j.bytes -= int64(len(op.frame)) // counted when it came
	} else {
		j.out(r)
	}
	if op.kind == frameEnd {
		r.gone = true
		delete(j.rows, r.id)
		g.ends += endFrame
		g.remembered = max(g.remembered, op.until)
		if op.until > j.host.Now().Unix() {
			j.remember(r.id, op.until)
		}
		return
	}
	was := *r
	*r = op.after
	r.seq, r.head, r.body = was.seq, op.place, was.body
	if op.kind == framePut {
		r.body = op.place
	}
	j.in(r)
}
