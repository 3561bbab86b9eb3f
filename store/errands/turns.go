package errands

import (
	"container/heap"
	"hash/maphash"
	"slices"
	"unique"
)

// A stand is the place of an errand in one lane.
type stand struct {
	row        *row
	lane       uint64 // hash of its name
	prev, next *stand
}

// A lane holds the errands of a lane that are not dead, in the order of their numbers.
type lane struct {
	first, last *stand
	count       int
}

// A queue is a kind and a route.
type queue struct {
	kind  Kind
	route unique.Handle[string]
}

// byDue holds the errands of a kind and route whose turn it is in all of their lanes, the one that is due
// first on top.
type byDue []*row

func (h byDue) Len() int           { return len(h) }
func (h byDue) Less(i, j int) bool { return h[i].before(h[j]) }
func (h byDue) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i+1, j+1
}

func (h *byDue) Push(x any) {
	r := x.(*row)
	*h = append(*h, r)
	r.at = len(*h)
}

func (h *byDue) Pop() any {
	n := len(*h) - 1
	r := (*h)[n]
	(*h)[n], *h, r.at = nil, (*h)[:n], 0
	return r
}

// turns says whose turn it is. It has an errand that is not dead for each lane, and all without a lane. Whoever has
// the lowest number is before all others in each of its lanes, so that there is always one whose turn it is.
type turns struct {
	lanes map[uint64]*lane
	heaps map[queue]*byDue
}

func newTurns() turns {
	return turns{lanes: make(map[uint64]*lane), heaps: make(map[queue]*byDue)}
}

// heap is where r is when it is its turn.
func (t *turns) heap(r *row) *byDue {
	q := queue{r.kind, r.route}
	h := t.heaps[q]
	if h == nil {
		h = new(byDue)
		t.heaps[q] = h
	}
	return h
}

// enter has r wait for its turn.
func (t *turns) enter(r *row) {
	r.behind = 0
	for i := range r.stands {
		r.stands[i].row = r
		t.line(&r.stands[i])
	}
	if r.behind == 0 {
		heap.Push(t.heap(r), r)
	}
}

// line puts s into its lane.
func (t *turns) line(s *stand) {
	l := t.lanes[s.lane]
	if l == nil {
		l = new(lane)
		t.lanes[s.lane] = l
	}
	l.count++
	s.prev = l.last
	for s.prev != nil && s.prev.row.seq > s.row.seq { // it was dead meanwhile
		s.prev = s.prev.prev
	}
	if s.prev == nil {
		s.next, l.first = l.first, s
	} else {
		s.next, s.prev.next = s.prev.next, s
		s.row.behind++
	}
	switch {
	case s.next == nil:
		l.last = s
		return
	case s.prev == nil:
		next := s.next.row
		if next.behind++; next.at > 0 {
			heap.Remove(t.heap(next), next.at-1)
		}
	}
	s.next.prev = s
}

// leave takes r out, and has the next of its lanes take their turns.
func (t *turns) leave(r *row) {
	if r.at > 0 {
		heap.Remove(t.heap(r), r.at-1)
	}
	for i := range r.stands {
		t.unline(&r.stands[i])
	}
}

// unline takes s out of its lane.
func (t *turns) unline(s *stand) {
	l := t.lanes[s.lane]
	if s.next == nil {
		l.last = s.prev
	} else {
		s.next.prev = s.prev
	}
	if s.prev == nil {
		l.first = s.next
		if s.next != nil {
			next := s.next.row
			if next.behind--; next.behind == 0 {
				heap.Push(t.heap(next), next)
			}
		}
	} else {
		s.prev.next = s.next
	}
	s.prev, s.next = nil, nil
	if l.count--; l.count == 0 {
		delete(t.lanes, s.lane)
	}
}

// first is up to most of each kind, of those in kinds, and route that are due at a moment, in the order in which
// they are, and the next behind them, or nil.
func (t *turns) first(now int64, kinds []Kind, most int) (due []*row, next *row) {
	for q, h := range t.heaps {
		if !slices.Contains(kinds, q.kind) {
			continue
		}
		begin := len(due)
		for len(*h) > 0 && (*h)[0].due <= now && len(due)-begin < most {
			due = append(due, heap.Pop(h).(*row))
		}
		if len(*h) > 0 && (next == nil || (*h)[0].before(next)) {
			next = (*h)[0]
		}
		for _, r := range due[begin:] {
			heap.Push(h, r)
		}
	}
	slices.SortFunc(due, func(a, b *row) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return due, next
}

// laneSeed is of the hashes of lanes, which are in memory alone.
var laneSeed = maphash.MakeSeed()

// laneOf is the hash of the name of a lane.
func laneOf(name string) uint64 { return maphash.String(laneSeed, name) }

// standsIn is a place in each of some lanes.
func standsIn(lanes []string) []stand {
	var all []stand
	for _, name := range lanes {
		lane := laneOf(name)
		if !slices.ContainsFunc(all, func(s stand) bool { return s.lane == lane }) {
			all = append(all, stand{lane: lane})
		}
	}
	return all
}
