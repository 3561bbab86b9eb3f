package errands

import (
	"errors"
	"io/fs"
	"os"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// cleanFirst moves what is needed of the oldest file behind all others, and removes it, if it still is the one with
// this number. It is the oldest, so nothing that is left out was said to undo anything in a file before it.
func (j *Journal) cleanFirst(number uint64) error {
	j.cleaning.Lock()
	defer j.cleaning.Unlock()
	j.mu.Lock()
	g, shut, last := j.segments[0], j.shut, len(j.segments) == 1
	j.mu.Unlock()
	switch {
	case shut:
		return j.host.Closed
	case g.number != number || last: // somebody else did it meanwhile
		return nil
	}
	data, err := g.all()
	if err != nil {
		return err
	}
	var frames []frameView
	var places []framePlace
	size := int64(0)
	flush := func() {
		if err == nil && len(frames) > 0 {
			err = j.move(frames, places)
		}
		frames, places, size = frames[:0], places[:0], 0
	}
	walkFrames(data[:min(g.size, int64(len(data)))], false, func(at int, f frameView) {
		frames, places = append(frames, f), append(places, framePlace{g, uint32(at), uint32(f.size)})
		if size += f.size; size > cleanBytes {
			flush()
		}
	}, func(int, int) {})
	if flush(); err != nil {
		return err
	}
	return j.removeFirst(g)
}

// move writes again what is needed of frames at places in the oldest file.
func (j *Journal) move(frames []frameView, places []framePlace) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	var ops []operation
	for i := range frames {
		op, needed, err := j.again(&frames[i], places[i])
		if err != nil {
			return err
		}
		if needed {
			ops = append(ops, op)
		}
	}
	if len(ops) == 0 { // a full disk keeps nothing from being removed
		return nil
	}
	if err := j.host.Room(disk.MinFree); err != nil {
		return err
	}
	if err := j.write(ops); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range ops {
		op := &ops[i]
		g := op.place.segment
		g.size = max(g.size, int64(op.place.at)+int64(op.place.size))
		if op.kind == frameEnd {
			g.ends += endFrame
			g.remembered = max(g.remembered, op.until)
			continue
		}
		j.weigh(op.row, -1)
		op.row.head, op.row.body, op.row.doubt = op.place, op.place, false
		j.weigh(op.row, 1)
	}
	return nil
}

// again is a frame that says what is needed of one in the oldest file. The body of an errand lies nowhere behind
// its head: so with the body the head moves, wherever that is. writing is held.
func (j *Journal) again(f *frameView, at framePlace) (op operation, needed bool, err error) {
	j.mu.Lock()
	r, until, shut := j.rows[f.id], j.ended[f.id], j.shut
	j.mu.Unlock()
	switch {
	case shut:
		return op, false, j.host.Closed
	case f.kind == frameEnd:
		op = operation{kind: frameEnd, frame: f.id.frame(frameEnd, 8), row: new(row), until: until}
		return op, r == nil && until == f.until() && until > j.host.Now().Unix(), nil
	case r == nil || r.flight != nil || r.body != at:
		return op, false, nil
	case r.head == at && !r.doubt:
		frame := append(f.id.frame(framePut, len(f.payload)), f.payload...)
		return operation{kind: framePut, frame: frame, row: r}, true, nil
	}
	one, err := readErrand(r.head, r.body, r.doubt)
	if errors.Is(err, wire.ErrDamaged) {
		return op, false, nil // removeFirst tells
	}
	op = j.putOp(&one)
	op.row = r
	return op, true, err
}

// removeFirst removes the oldest file. What is still in there cannot be read, and is lost.
func (j *Journal) removeFirst(g *segment) error {
	j.files.Lock() // nobody reads from it
	defer j.files.Unlock()
	if g.file != nil {
		if err := os.Remove(g.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := disk.SyncDir(j.host.Dir); err != nil { // then it is to be removed again
			return err
		}
		_ = g.file.Close() // nothing in it is needed
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.segments = j.segments[1:]
	if g.live == 0 {
		return nil
	}
	for id, r := range j.rows {
		if r.flight == nil && (r.head.segment == g || r.body.segment == g) {
			j.host.Logger.Error("an errand is lost: what it is about is damaged", zap.String("file", g.path), zap.Stringer("kind", r.kind))
			j.out(r)
			r.gone = true
			delete(j.rows, id)
			sign(j.added) // it may be another's turn
		}
	}
	return nil
}
