package store

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

const (
	// errandsSweep is how often what nobody needs any more is dropped.
	errandsSweep = time.Minute
	// errandsAge is after how many seconds the last file takes no more where something in it is done, so that
	// it goes from disk.
	errandsAge = 3600
	// cleanBytes is about how much is moved while others wait to write.
	cleanBytes = 1 << 20
)

// keepErrands drops what nobody needs any more until the store is closed.
func (s *Store) keepErrands() {
	if s.cfg.Still {
		return
	}
	tick := time.NewTicker(errandsSweep)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.errands.expire()
		case <-s.errands.work:
		case <-s.stop:
			return
		}
		if err := s.errands.clean(); err != nil && !errors.Is(err, ErrClosed) {
			s.logger.Warn("removing errands that are done", zap.Error(err))
		}
	}
}

// expire forgets the IDs whose time is over, and ends what was dead for long enough, or left alone after its end.
func (e *errands) expire() {
	now := e.store.now().Unix()
	before := now - int64(e.store.cfg.Errands.KeepDead/time.Second)
	var over []errandID
	e.mu.Lock()
	for hour, ids := range e.hours {
		if (hour+1)*3600 > now {
			continue
		}
		for _, id := range ids {
			if e.ended[id] <= now {
				delete(e.ended, id)
			}
		}
		delete(e.hours, hour)
	}
	for id, r := range e.rows {
		if r.flight != nil {
			continue
		}
		left := r.until != 0 && r.until < before || r.until == 0 && r.kind == ErrandReview && r.added < before
		if left || r.state == ErrandDead && r.changed < before {
			over = append(over, id)
		}
	}
	e.mu.Unlock()
	for _, id := range over {
		if err := e.end(context.Background(), id); err != nil && !errors.Is(err, ErrNoErrand) {
			e.store.logger.Warn("ending an errand whose time is over", zap.Error(err))
			return
		}
	}
	if len(over) > 0 {
		e.store.logger.Info("ended errands that were given up, or left alone, for as long as store.errands.keep_dead says", zap.Int("errands", len(over)))
	}
}

// clean removes the oldest files as long as that is worth its while.
func (e *errands) clean() error {
	if err := e.rest(); err != nil {
		return err
	}
	for {
		e.mu.Lock()
		worth := len(e.segments) > 1 && (e.segments[0].idle(e.store.now().Unix()) || e.onDisk() > 2*e.taken()+2*errandsFile)
		first := uint64(0)
		if worth {
			first = e.segments[0].number
		}
		e.mu.Unlock()
		if !worth {
			return nil
		}
		if err := e.cleanFirst(first); err != nil {
			return err
		}
	}
}

// rest has the last file take no more where it has done so for long enough, and little of it is needed.
func (e *errands) rest() error {
	e.mu.Lock()
	idle := false
	if n := len(e.segments); n > 0 {
		g, now := e.segments[n-1], e.store.now().Unix()
		idle = g.size > 0 && g.begun < now-errandsAge && g.idle(now)
	}
	e.mu.Unlock()
	if !idle {
		return nil
	}
	_, err := e.roll()
	return err
}

// roll begins another file, where the last one holds anything, and returns its number.
func (e *errands) roll() (number uint64, err error) {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.mu.Lock()
	shut, n := e.shut, len(e.segments)
	e.mu.Unlock()
	if shut {
		return 0, ErrClosed
	}
	if err := e.mend(); err != nil {
		return 0, err
	}
	e.spent = e.spent || n > 0 && e.segments[n-1].size > 0
	g, err := e.last(0)
	if err != nil {
		return 0, err
	}
	return g.number, nil
}

// idle reports whether less than half of a file is needed.
func (g *errandSegment) idle(now int64) bool {
	needed := g.live
	if g.remembered > now {
		needed += g.ends
	}
	return needed*2 < g.size || g.size == 0
}
