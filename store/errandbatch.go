package store

import (
	"context"
	"slices"
)

// An errandBatch is what is written and synced together.
type errandBatch struct {
	ops  []errandOp
	done chan struct{} // closed when it is on disk, or err says why it is not
	err  error
}

// add adds those of ops whose errands are not known. It returns once what is known of each is on disk.
func (e *errands) add(ctx context.Context, ops []errandOp) (added []bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	if e.shut {
		e.mu.Unlock()
		return nil, ErrClosed
	}
	added, fresh, others := e.sift(ops)
	size := int64(0)
	for i := range fresh {
		size += int64(len(fresh[i].frame))
	}
	if size > 0 && e.taken()+size > e.store.cfg.Errands.Bytes {
		e.mu.Unlock()
		return nil, ErrErrandsFull
	}
	b, first := e.queue(fresh)
	for i := range fresh {
		r := fresh[i].row
		e.seq++
		r.seq, r.flight = e.seq, b
		e.rows[r.id] = r
	}
	e.bytes += size
	e.mu.Unlock()
	if b != nil {
		if err := e.settle(b, first); err != nil {
			return nil, err
		}
	}
	for _, other := range others {
		if <-other.done; other.err != nil {
			return nil, other.err
		}
	}
	return added, nil
}

// sift says which of ops are of errands that are not known, and gives them rows. others are the batches on their way
// to disk that those which are known are in. mu is held.
func (e *errands) sift(ops []errandOp) (added []bool, fresh []errandOp, others []*errandBatch) {
	added = make([]bool, len(ops))
	now := e.store.now().Unix()
	for i, op := range ops {
		id := op.after.id
		if r := e.rows[id]; r != nil {
			if r.flight != nil {
				others = append(others, r.flight)
			}
			continue
		}
		twice := slices.ContainsFunc(fresh, func(other errandOp) bool { return other.after.id == id })
		if twice || e.ended[id] > now {
			continue
		}
		op.row = &errandRow{id: id}
		added[i], fresh = true, append(fresh, op)
	}
	return added, fresh, others
}

// queue has ops written with whatever else waits. Where first is true the caller has to write the batch. mu is
// held.
func (e *errands) queue(ops []errandOp) (b *errandBatch, first bool) {
	if len(ops) == 0 {
		return nil, false
	}
	if first = e.next == nil; first {
		e.next = &errandBatch{done: make(chan struct{})}
	}
	e.next.ops = append(e.next.ops, ops...)
	return e.next, first
}

// keep writes what becomes of one errand, which the caller has locked.
func (e *errands) keep(ctx context.Context, op errandOp) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	if e.shut {
		e.mu.Unlock()
		return ErrClosed
	}
	if op.row.gone {
		e.mu.Unlock()
		return ErrNoErrand
	}
	b, first := e.queue([]errandOp{op})
	e.mu.Unlock()
	return e.settle(b, first)
}

// settle waits until a batch is on disk, and writes it where the caller was the first to have something in it:
// those who come while another is being written share the next.
func (e *errands) settle(b *errandBatch, first bool) error {
	if !first {
		<-b.done
		return b.err
	}
	e.writing.Lock()
	e.mu.Lock()
	e.next = nil
	shut := e.shut
	e.mu.Unlock()
	if b.err = ErrClosed; !shut {
		b.err = e.write(b.ops)
	}
	e.publish(b)
	e.writing.Unlock()
	close(b.done)
	if b.err == nil {
		sign(e.added)
	}
	return b.err
}

// publish makes known what is on disk now, or takes back what is not. writing is held.
func (e *errands) publish(b *errandBatch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range b.ops {
		op := &b.ops[i]
		switch {
		case b.err == nil:
			e.apply(op)
		case op.row.flight != nil:
			delete(e.rows, op.row.id)
			op.row.gone = true
			e.bytes -= int64(len(op.frame))
		}
	}
	if size := e.onDisk(); size > 2*e.taken()+2*errandsFile {
		sign(e.work)
	}
}
