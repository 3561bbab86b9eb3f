package runner

import "github.com/sendgate/sendgate/store/errands"

// A place is what errands share their places by.
type place struct {
	kind  errands.Kind
	route string
}

// Crowded reports whether errands of a kind and route are due and wait for a place.
func (w *Worker) Crowded(kind errands.Kind, route string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.crowds[place{kind, route}]
}

func placeOf(e *errands.Errand) place { return place{e.Kind, e.Route} }

// enter takes a place for e, if there is one.
func (w *Worker) enter(e *errands.Errand) bool {
	p, places := placeOf(e), w.cfg.Places(e.Kind, e.Route)
	w.most = max(w.most, places)
	if w.taken[p] >= places {
		return false
	}
	w.running[e.ID] = true
	w.taken[p]++
	return true
}

// leave is called by a run of e that is over.
func (w *Worker) leave(e *errands.Errand) {
	w.mu.Lock()
	w.finished = append(w.finished, e)
	w.mu.Unlock()
	select {
	case w.ended <- struct{}{}:
	default:
	}
}

// clear gives back the places of the runs that are over.
func (w *Worker) clear() {
	w.mu.Lock()
	over := w.finished
	w.finished = nil
	w.mu.Unlock()
	for _, e := range over {
		delete(w.running, e.ID)
		p := placeOf(e)
		if w.taken[p]--; w.taken[p] == 0 {
			delete(w.taken, p)
		}
	}
}
