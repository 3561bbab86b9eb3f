package decisions

// found is a heap of entries with the newest on top, or the oldest.
type found struct {
	entries []*Entry
	oldest  bool
}

// before reports whether an entry of h comes before all that are in b.
func (h *found) before(b *block) bool {
	switch {
	case len(h.entries) == 0:
		return false
	case h.oldest:
		return h.entries[0].ID < b.minID
	}
	return b.maxID < h.entries[0].ID
}

func (h *found) Len() int      { return len(h.entries) }
func (h *found) Swap(i, j int) { h.entries[i], h.entries[j] = h.entries[j], h.entries[i] }
func (h *found) Push(e any)    { h.entries = append(h.entries, e.(*Entry)) }
func (h *found) Less(i, j int) bool {
	if h.oldest {
		return h.entries[i].ID < h.entries[j].ID
	}
	return h.entries[i].ID > h.entries[j].ID
}
func (h *found) Pop() any {
	last := len(h.entries) - 1
	e := h.entries[last]
	h.entries[last] = nil
	h.entries = h.entries[:last]
	return e
}
