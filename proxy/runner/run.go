package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// run begins errands as they come due.
func (w *Worker) run() {
	kinds := slices.Sorted(maps.Keys(w.cfg.Runs))
	for w.quit.Err() == nil {
		wait, err := w.round(kinds)
		if err != nil {
			w.cfg.Log.Error("the store did not tell which errands are due", zap.Error(err))
			wait = first
		}
		alarm := time.NewTimer(wait)
		select {
		case <-w.quit.Done():
		case <-alarm.C:
		case <-w.ended:
		case <-w.cfg.Store.Added():
		}
		alarm.Stop()
	}
}

// round begins all errands that are due and have a place, and says when to look again if nothing happens.
func (w *Worker) round(kinds []errands.Kind) (wait time.Duration, err error) {
	for w.quit.Err() == nil {
		w.clear() // before the store is asked: what ended since may be among the answers
		now := w.cfg.Now()
		due, next, err := w.cfg.Store.Due(now, kinds, 2*w.most) // those that run are among them
		if err != nil {
			return 0, err
		}
		begun, crowds := 0, make(map[place]bool)
		for i := range due {
			e := &due[i]
			switch {
			case w.running[e.ID]:
			case w.enter(e):
				begun++
				w.work.Go(func() {
					defer w.leave(e)
					w.Do(e)
				})
			default:
				crowds[placeOf(e)] = true
			}
		}
		w.mu.Lock()
		w.crowds = crowds
		w.mu.Unlock()
		switch {
		case begun > 0: // and others may have been hidden behind them
		case next.IsZero():
			return Longest, nil
		case next.After(now):
			return next.Sub(now), nil
		default: // it waits for a place
			return first, nil
		}
	}
	return 0, nil
}

// Do runs e once, now, and keeps what became of it.
func (w *Worker) Do(e *errands.Errand) {
	end := w.try(e)
	if end.Kept != nil {
		defer end.Kept()
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), keepWithin)
		err := w.settle(ctx, e, end)
		cancel()
		if err == nil || errors.Is(err, errands.ErrNone) { // somebody was erased meanwhile
			return
		}
		w.cfg.Log.Error("what became of an errand could not be kept: until it is, its lane waits", zap.String("kind", e.Kind.String()),
			zap.String("route", e.Route), zap.String("errand", w.cfg.Key(e.ID)), zap.Error(err))
		pause := time.NewTimer(first)
		select {
		case <-w.quit.Done(): // after the next start it runs again
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// try runs e, unless its time is over.
func (w *Worker) try(e *errands.Errand) (end End) {
	if !e.Until.IsZero() && w.cfg.Now().After(e.Until) {
		return End{Err: errors.New("its time was over before it could be done"), Dead: true}
	}
	defer func() {
		if p := recover(); p != nil {
			w.cfg.Panics.Add(1)
			w.cfg.Log.Error("an errand panicked", zap.String("kind", e.Kind.String()), zap.String("errand", w.cfg.Key(e.ID)), zap.String("panic", fmt.Sprintf("%T", p)), zap.Stack("stack"))
			end = End{Err: errors.New("the gate failed at this errand by a fault of its own")}
		}
	}()
	return w.cfg.Runs[e.Kind](w.abort, e)
}

// settle keeps what became of a run of e.
func (w *Worker) settle(ctx context.Context, e *errands.Errand, end End) error {
	if end.Err == nil && !end.Moved {
		return w.cfg.Store.End(ctx, e.ID)
	}
	if end.Err == nil || errors.Is(end.Err, ErrStopped) { // after the next start it is as due as now
		return nil
	}
	wait := end.After
	if wait == 0 {
		wait = w.pause(e.Tries + 1)
	}
	due := w.cfg.Now().Add(wait)
	dead := end.Dead || !e.Until.IsZero() && due.After(e.Until)
	level := zap.DebugLevel // while an owner is away, there are many
	if dead {
		level = zap.WarnLevel
	}
	w.cfg.Log.Log(level, "an errand was not done", zap.String("kind", e.Kind.String()), zap.String("route", e.Route), zap.String("errand", w.cfg.Key(e.ID)),
		zap.Int("tries", e.Tries+1), zap.Bool("dead", dead), zap.Duration("wait", wait), zap.Error(end.Err))
	return w.cfg.Store.Change(ctx, e.ID, func(e *errands.Errand) error {
		e.Tries++
		e.Error, e.Due = end.Err.Error(), due
		if dead {
			e.State = errands.Dead
		}
		return nil
	})
}

// pause is how long to wait after so many failures.
func (w *Worker) pause(failures int) time.Duration {
	d := min(first<<min(failures-1, 20), Longest)
	return d/2 + time.Duration(w.cfg.Random()*float64(d-d/2))
}
