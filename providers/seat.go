package providers

// A seat is where recipients stand in a list of a request, and what goes when they are taken out: an
// element of an array, a member of an object, a part of a joined text, a parameter of a form. A seat
// stands before those inside it. Seat 0 is the request itself, which cannot be sent without.
type seat struct {
	list       int32 // of which it is a part
	start, end int32 // its bytes
	before     int32 // where what stands before it in the list ends; -1: it is the first
	after      int32 // where what stands behind it begins; -1: it is the last
	firm       bool  // something that is no seat stands before it, and stays
	gone       bool
	people     int32 // how many messages stand in it, and how many of those are sent
	live       int32
}

// A list is seats of which some may go. It is never emptied: where too few would stay, the seat that it
// stands in goes with it.
type list struct {
	place  place
	parent int32 // seat
	least  int32 // how many seats have to stay
	seats  int32 // how many it has
	left   int32 // how many stay
	array  int32 // the JSON array whose elements the seats are; -1: none
	object int32 // the JSON object whose members the seats are, in any order; -1: seats stand in their order
	kept   bool  // a seat before the one that is looked at stays
	first  int32 // where the first seat that stays begins
}

// A standing is where one message stands: its seat, its wording or -1, and how its recipient is written.
type standing struct {
	seat, wording int32
	written       string
	other         bool // it goes where one to the same recipient, by another channel, does not arrive
}

// spread is where the messages of a request stand, of which it may have several.
type spread struct {
	seats    []seat
	lists    []list
	wordings []wording
	at       []standing // one a message
	edits    []edit
	params   []paramAt
	written  encoding
	// more are the edits of what the provider writes itself, once it is decided who goes; nil: none.
	more func(b *Batch) ([]edit, error)
}

func (s *spread) reset() spread {
	if cap(s.seats) > keepMost/40 || cap(s.wordings) > keepMost/80 {
		return spread{}
	}
	clear(s.wordings)
	clear(s.edits)
	clear(s.at)
	return spread{seats: s.seats[:0], lists: s.lists[:0], wordings: s.wordings[:0], at: s.at[:0], edits: s.edits[:0], params: s.params[:0]}
}

// root makes seat 0.
func (s *spread) root() {
	s.lists = append(s.lists, list{least: 1, seats: 1, array: -1, object: -1})
	s.seats = append(s.seats, seat{before: -1, after: -1})
}

// open begins a list inside the seat parent.
func (s *spread) open(in place, parent, least int32) int32 {
	s.lists = append(s.lists, list{place: in, parent: parent, least: least, array: -1, object: -1})
	return int32(len(s.lists) - 1)
}

// listed is the list of an array inside the seat parent, where recipients elsewhere in its elements were read
// before.
func (s *spread) listed(parent, array int32) (l int32, ok bool) {
	for i := range s.lists {
		if l := &s.lists[i]; l.array == array && l.parent == parent && l.seats > 0 {
			return int32(i), true
		}
	}
	return 0, false
}

// elements tells in which element of the outermost array each message stands, and how many elements that had.
func (s *spread) elements() (of []int, n int) {
	outer := int32(-1)
	for i := range s.lists {
		if outer < 0 && s.lists[i].array >= 0 && s.lists[i].parent == 0 {
			outer = int32(i)
		}
	}
	ordinal := map[int32]int{}
	for i := range s.seats {
		if s.seats[i].list == outer {
			ordinal[int32(i)] = n
			n++
		}
	}
	for _, at := range s.at {
		seat := at.seat
		for seat > 0 && s.seats[seat].list != outer {
			seat = s.lists[s.seats[seat].list].parent
		}
		of = append(of, ordinal[seat])
	}
	return of, n
}

// seated is the first seat of list l from number i on.
func (s *spread) seated(l, i int32) int32 {
	for s.seats[i].list != l {
		i++
	}
	return i
}

// take adds st to a list.
func (s *spread) take(l int32, st seat) int32 {
	st.list = l
	s.lists[l].seats++
	s.seats = append(s.seats, st)
	return int32(len(s.seats) - 1)
}
