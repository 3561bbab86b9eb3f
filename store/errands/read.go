package errands

import (
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// row is the row of an errand.
func (j *Journal) row(id hash) (*row, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.shut {
		return nil, j.host.Closed
	}
	r := j.rows[id]
	if r == nil || r.flight != nil {
		return nil, ErrNone
	}
	return r, nil
}

// find is an errand with its row.
func (j *Journal) find(id hash) (*row, Errand, error) {
	r, err := j.row(id)
	if err != nil {
		return nil, Errand{}, err
	}
	one, err := j.read(r)
	return r, one, err
}

func (j *Journal) get(id hash) (Errand, error) {
	_, one, err := j.find(id)
	return one, err
}

// read is the errand of a row. The error is [ErrNone] where it ended meanwhile.
func (j *Journal) read(r *row) (Errand, error) {
	j.files.RLock()
	defer j.files.RUnlock()
	j.mu.Lock()
	head, body, doubt, gone, shut := r.head, r.body, r.doubt, r.gone, j.shut
	j.mu.Unlock()
	switch {
	case shut:
		return Errand{}, j.host.Closed
	case gone:
		return Errand{}, ErrNone
	}
	return readErrand(head, body, doubt)
}

// lostEnd is the error of an errand that was done, or not, in a part of the journal that was damaged.
const lostEnd = "the file that says what became of it was damaged: it may have been done"

// readErrand is the errand whose head and body are at two places.
func readErrand(head, body framePlace, doubt bool) (one Errand, err error) {
	f, err := head.read()
	if err != nil {
		return Errand{}, err
	}
	text, inside, ok := f.split()
	if !ok {
		return Errand{}, wire.ErrDamaged
	}
	if one, err = decodeHead(text); err != nil {
		return Errand{}, err
	}
	one.Number = f.seq
	if one.Body = inside; head != body {
		if f, err = body.read(); err != nil {
			return Errand{}, err
		}
		_, one.Body, _ = f.split()
	}
	if doubt {
		one.State, one.Error = Dead, lostEnd
	}
	return one, nil
}

// park takes out of the way what cannot be read any more: the errand is dead.
func (j *Journal) park(r *row, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.host.Logger.Error("an errand cannot be read, and is not done", zap.Stringer("kind", r.kind), zap.Error(err))
	if !r.gone && r.state != Dead {
		j.out(r)
		r.state = Dead
		j.in(r)
		sign(j.added) // it may be another's turn
	}
}
