package audit

import "sync"

// A Mark says when an act was asked for. The zero one says: when the audit is first told of it.
type Mark uint64 // one more than how many erasures the audit had seen

// lateActs has an erasure reach the acts that were asked for before it and of which the audit is told after it.
type lateActs struct {
	erasures uint64       // how many there were
	asked    map[Mark]int // how many acts were asked for at a mark, and are not told to their end
	erased   []*eraser    // the erasures that came after the oldest of those, oldest first
}

// Asked says that an act is asked for now, and returns what [Act.Asked] of it is to be. Whoever is erased until over
// is called is erased in that act, too: what was learnt of them before is not written down after it. over must be
// called once the audit was told of the act's beginning or outcome, or is to be told nothing.
func (t *Trail) Asked() (mark Mark, over func()) {
	mark = t.ask(0)
	return mark, sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.late.told(mark)
	})
}

// ask notes one more act that was asked for at a mark; zero: now.
func (t *Trail) ask(at Mark) Mark {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at == 0 {
		at = Mark(t.late.erasures + 1)
	}
	t.late.asked[at]++
	return at
}

// told notes that an act is told to its end, and forgets whom no other needs to know. The caller holds the mutex of the
// audit.
func (a *lateActs) told(at Mark) {
	if a.asked[at]--; a.asked[at] <= 0 {
		delete(a.asked, at)
	}
	oldest := Mark(a.erasures + 1)
	for mark := range a.asked {
		oldest = min(oldest, mark)
	}
	first := a.erasures - uint64(len(a.erased)) + 1 // number of the first of erased
	for ; len(a.erased) > 0 && Mark(first) < oldest; first++ {
		a.erased = a.erased[1:]
	}
}

// add notes an erasure. The caller holds the mutex of the audit, and writes.
func (a *lateActs) add(e *eraser) {
	if a.erasures++; len(a.asked) > 0 {
		a.erased = append(a.erased, e)
	}
}

// since are the erasures that came after a mark. The caller holds the mutex of the audit.
func (a *lateActs) since(mark Mark) []*eraser {
	first := a.erasures - uint64(len(a.erased)) + 1
	if uint64(mark) <= first {
		return a.erased
	}
	return a.erased[min(uint64(mark)-first, uint64(len(a.erased))):]
}
