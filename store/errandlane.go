package store

import (
	"container/heap"
)

// An errandRow is what is in memory of an errand. Its place says where the rest is.
type errandRow struct {
	id    errandID
	seq   uint64 // errands are numbered in the order in which they were added
	kind  ErrandKind
	state ErrandState
	doubt bool // what last became of it was lost, so it is dead
	gone  bool // it ended

	lane    uint64 // hash of its lane; 0: none
	due     int64  // nanoseconds since 1970
	added   int64  // seconds since 1970, likewise below
	until   int64  // 0: never
	changed int64
	// remember is for how many seconds its ID is known after its end.
	remember int64

	head, body framePlace
	flight     *errandBatch // which has not reached the disk yet; nil

	prev, next *errandRow // in its lane
	at         int        // in the heap of its kind, from 1; 0: it is not there
}

// size is how many bytes r takes on disk.
func (r *errandRow) size() int64 {
	if r.head == r.body {
		return int64(r.head.size)
	}
	return int64(r.head.size) + int64(r.body.size)
}

// An errandLane holds the errands of a lane that are not dead, in the order of their numbers.
type errandLane struct{ first, last *errandRow }

// An errandHeap holds the errands of a kind whose turn it is in their lane, the one that is due first on top.
type errandHeap []*errandRow

func (h errandHeap) Len() int           { return len(h) }
func (h errandHeap) Less(i, j int) bool { return h[i].before(h[j]) }
func (h errandHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i+1, j+1
}

func (h *errandHeap) Push(x any) {
	r := x.(*errandRow)
	*h = append(*h, r)
	r.at = len(*h)
}

func (h *errandHeap) Pop() any {
	n := len(*h) - 1
	r := (*h)[n]
	(*h)[n], *h, r.at = nil, (*h)[:n], 0
	return r
}

// before reports whether r is due before other.
func (r *errandRow) before(other *errandRow) bool {
	return r.due < other.due || r.due == other.due && r.seq < other.seq
}

// turns says whose turn it is. It has an errand that is not dead for each lane, and all without a lane.
type turns struct {
	lanes map[uint64]*errandLane
	heaps [ErrandKinds]errandHeap
}

// enter has r wait for its turn.
func (t *turns) enter(r *errandRow) {
	if r.lane == 0 {
		heap.Push(&t.heaps[r.kind], r)
		return
	}
	l := t.lanes[r.lane]
	if l == nil {
		l = new(errandLane)
		t.lanes[r.lane] = l
	}
	r.prev = l.last
	for r.prev != nil && r.prev.seq > r.seq { // it was dead meanwhile
		r.prev = r.prev.prev
	}
	if r.prev == nil {
		r.next = l.first
		if r.next != nil {
			heap.Remove(&t.heaps[r.next.kind], r.next.at-1)
		}
		l.first = r
		heap.Push(&t.heaps[r.kind], r)
	} else {
		r.next = r.prev.next
		r.prev.next = r
	}
	if r.next == nil {
		l.last = r
	} else {
		r.next.prev = r
	}
}

// leave takes r out, and has the next of its lane take its turn.
func (t *turns) leave(r *errandRow) {
	if r.at > 0 {
		heap.Remove(&t.heaps[r.kind], r.at-1)
	}
	if r.lane == 0 {
		return
	}
	l := t.lanes[r.lane]
	if r.prev == nil {
		l.first = r.next
		if r.next != nil {
			heap.Push(&t.heaps[r.next.kind], r.next)
		}
	} else {
		r.prev.next = r.next
	}
	if r.next == nil {
		l.last = r.prev
	} else {
		r.next.prev = r.prev
	}
	r.prev, r.next = nil, nil
	if l.first == nil {
		delete(t.lanes, r.lane)
	}
}

// first is up to most of some kinds that are due at a moment, and the next behind them, or nil.
func (t *turns) first(now int64, kinds []ErrandKind, most int) (due []*errandRow, next *errandRow) {
	for {
		next = nil
		for _, k := range kinds {
			if h := t.heaps[k]; len(h) > 0 && (next == nil || h[0].before(next)) {
				next = h[0]
			}
		}
		if next == nil || next.due > now || len(due) >= most {
			break
		}
		due = append(due, heap.Pop(&t.heaps[next.kind]).(*errandRow))
	}
	for _, r := range due {
		heap.Push(&t.heaps[r.kind], r)
	}
	return due, next
}
