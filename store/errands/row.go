package errands

import (
	"math"
	"time"
	"unique"
)

// A row is what is in memory of an errand. Its place says where the rest is.
type row struct {
	id    hash
	seq   uint64 // errands are numbered in the order in which they were added
	kind  Kind
	state State
	doubt bool // what last became of it was lost, so it is dead
	gone  bool // it ended

	route   unique.Handle[string]
	stands  []stand // one in each of its lanes
	due     int64   // nanoseconds since 1970
	added   int64   // seconds since 1970, likewise below
	until   int64   // 0: never
	changed int64
	// remember is for how many seconds its ID is known after its end.
	remember int64

	head, body framePlace
	flight     *batch // which has not reached the disk yet; nil

	behind int // in how many of its lanes another is before it
	at     int // in the heap of its kind and route, from 1; 0: it is not there
}

// rowOf is the row of an errand.
func rowOf(id hash, one *Errand) row {
	r := row{
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

// size is how many bytes r takes on disk.
func (r *row) size() int64 {
	if r.head == r.body {
		return int64(r.head.size)
	}
	return int64(r.head.size) + int64(r.body.size)
}

// before reports whether r is due before other.
func (r *row) before(other *row) bool {
	return r.due < other.due || r.due == other.due && r.seq < other.seq
}

func bySeq(a, b *row) int {
	if a.seq < b.seq {
		return -1
	}
	return 1
}

// in counts r, and has it wait for its turn. mu is held.
func (j *Journal) in(r *row) {
	j.counts[r.kind][r.state]++
	j.weigh(r, 1)
	if r.state == Dead {
		return
	}
	j.turns.enter(r)
	if first := j.first[r.kind]; first != nil && r.seq < first.seq {
		j.first[r.kind] = r
	}
}

// out is the opposite of in.
func (j *Journal) out(r *row) {
	j.counts[r.kind][r.state]--
	j.weigh(r, -1)
	if r.state != Dead {
		j.turns.leave(r)
	}
	if j.first[r.kind] == r {
		j.first[r.kind] = nil
	}
}

// weigh counts the bytes of r, once more or once less. mu is held.
func (j *Journal) weigh(r *row, n int64) {
	j.bytes += n * r.size()
	r.head.segment.live += n * int64(r.head.size)
	if r.body != r.head {
		r.body.segment.live += n * int64(r.body.size)
	}
}

// remember keeps the ID of an errand that ended until a moment. mu is held.
func (j *Journal) remember(id hash, until int64) {
	j.ended[id] = until
	hour := until / 3600
	j.hours[hour] = append(j.hours[hour], id)
}
