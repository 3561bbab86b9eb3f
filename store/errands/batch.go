package errands

import (
	"context"
	"slices"
)

// A batch is what is written and synced together.
type batch struct {
	ops  []operation
	done chan struct{} // closed when it is on disk, or err says why it is not
	err  error
}

// add adds those of ops whose errands are not known. It returns once what is known of each is on disk.
func (j *Journal) add(ctx context.Context, ops []operation) (added []bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	j.mu.Lock()
	if j.shut {
		j.mu.Unlock()
		return nil, j.host.Closed
	}
	added, fresh, others := j.sift(ops)
	size, bounded := int64(0), false
	for i := range fresh {
		size += int64(len(fresh[i].frame))
		bounded = bounded || !fresh[i].after.kind.always()
	}
	if bounded && j.taken()+size > j.cfg.Bytes {
		j.mu.Unlock()
		return nil, ErrFull
	}
	b, first := j.queue(fresh)
	for i := range fresh {
		r := fresh[i].row
		j.seq++
		r.seq, r.flight = j.seq, b
		j.rows[r.id] = r
	}
	j.bytes += size
	j.mu.Unlock()
	if b != nil {
		if err := j.settle(b, first); err != nil {
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
func (j *Journal) sift(ops []operation) (added []bool, fresh []operation, others []*batch) {
	added = make([]bool, len(ops))
	now := j.host.Now().Unix()
	for i, op := range ops {
		id := op.after.id
		if r := j.rows[id]; r != nil {
			if r.flight != nil {
				others = append(others, r.flight)
			}
			continue
		}
		twice := slices.ContainsFunc(fresh, func(other operation) bool { return other.after.id == id })
		if twice || j.ended[id] > now {
			continue
		}
		op.row = &row{id: id}
		added[i], fresh = true, append(fresh, op)
	}
	return added, fresh, others
}

// queue has ops written with whatever else waits. Where first is true the caller has to write the batch. mu is
// held.
func (j *Journal) queue(ops []operation) (b *batch, first bool) {
	if len(ops) == 0 {
		return nil, false
	}
	if first = j.next == nil; first {
		j.next = &batch{done: make(chan struct{})}
	}
	j.next.ops = append(j.next.ops, ops...)
	return j.next, first
}

// keep writes what becomes of one errand, which the caller has locked.
func (j *Journal) keep(ctx context.Context, op operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	if j.shut {
		j.mu.Unlock()
		return j.host.Closed
	}
	if op.row.gone {
		j.mu.Unlock()
		return ErrNone
	}
	b, first := j.queue([]operation{op})
	j.mu.Unlock()
	return j.settle(b, first)
}

// settle waits until a batch is on disk, and writes it where the caller was the first to have something in it:
// those who come while another is being written share the next.
func (j *Journal) settle(b *batch, first bool) error {
	if !first {
		<-b.done
		return b.err
	}
	j.writing.Lock()
	j.mu.Lock()
	j.next = nil
	shut := j.shut
	j.mu.Unlock()
	if b.err = j.host.Closed; !shut {
		b.err = j.write(b.ops)
	}
	j.publish(b)
	j.writing.Unlock()
	close(b.done)
	if b.err == nil {
		sign(j.added)
	}
	return b.err
}

// publish makes known what is on disk now, or takes back what is not. writing is held.
func (j *Journal) publish(b *batch) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range b.ops {
		op := &b.ops[i]
		switch {
		case b.err == nil:
			j.apply(op)
		case op.row.flight != nil:
			delete(j.rows, op.row.id)
			op.row.gone = true
			j.bytes -= int64(len(op.frame))
		}
	}
	if size := j.onDisk(); size > 2*j.taken()+2*fileSize {
		sign(j.work)
	}
}
