package proxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// How errands are tried: again errandFirst after a failure, twice as long after each further one, up to
// errandMost, less up to a half at random. A store that fails is asked again after errandFirst.
const (
	errandFirst = time.Second
	errandMost  = 5 * time.Minute
	// errandPlaces is how many errands of one kind and route run at a time, where nothing else is said.
	errandPlaces = 8
	// errandLast is how long, after a stop, runs go on that may be made again as if they had never been.
	errandLast = 5 * time.Second
	// errandKeep is how long the store may take to keep what became of an errand.
	errandKeep = 10 * time.Second
)

// An errandStore keeps errands: an [errands.Journal], or in a test what can be asked under a clock of the test.
type errandStore interface {
	Due(now time.Time, kinds []errands.Kind, most int) (due []errands.Errand, next time.Time, err error)
	Change(ctx context.Context, id string, change func(*errands.Errand) error) error
	End(ctx context.Context, id string) error
	Added() <-chan struct{}
}

// An errandRunner does one errand. It may run again for an errand that it did, after a kill: what must
// not happen twice is noted in the store before it begins, see [errands.Begun]. It returns soon after ctx ends, with
// errStopped where it was not done for that.
type errandRunner func(ctx context.Context, e *errands.Errand) errandEnd

// An errandEnd is what became of one run of an errand. The zero value: it is done.
type errandEnd struct {
	err   error         // why it is not done, without addresses and secrets: people are shown it
	after time.Duration // when to run it again; 0: as the failures in a row say
	dead  bool          // keep it, and leave it to people to run it again
	moved bool          // it noted itself what is left of it, and when that is due
	kept  func()        // called once this is in the store, if not nil
}

// errStopped is for an errand that was broken off by a stop: it stays as it was.
var errStopped = errors.New("the gate was stopped")

// An errandConfig is what a worker is made of.
type errandConfig struct {
	Store  errandStore
	Runs   map[errands.Kind]errandRunner             // the kinds that are done, and how
	Places func(kind errands.Kind, route string) int // how many of a kind and route may run at a time
	Key    func(id string) string                    // what stands for an ID where people see it
	Beside func(context.Context)                     // runs beside the errands until the worker is stopped, if not nil

	Log    *zap.Logger
	Now    func() time.Time
	Random func() float64 // from 0 up to 1
	Panics *atomic.Uint64 // counts the runs that panicked
}

// An errandWorker does what the gate still has to do after it acknowledged something: it runs the errands
// that are due, several at a time. Of those that share a lane the store offers one alone. One that fails is
// tried again until its time is over; then it is dead: it is kept for people to see, and holds up nobody.
type errandWorker struct {
	cfg errandConfig

	// quit ends when nothing is begun any more, soon a little later for what may be broken off, and abort when all is.
	quit, soon, abort context.Context
	stop, hurry, kill context.CancelFunc
	begin             sync.Once
	work              sync.WaitGroup
	ended             chan struct{} // a sign that a place is free

	running map[string]bool // by id; run alone touches it
	taken   map[errandPlace]int
	most    int // the most places that one kind and route has

	mu       sync.Mutex
	finished []*errands.Errand // which run has not seen yet
	crowds   map[errandPlace]bool
}

func newErrandWorker(cfg errandConfig) *errandWorker {
	w := &errandWorker{
		cfg:     cfg,
		ended:   make(chan struct{}, 1),
		running: make(map[string]bool),
		taken:   make(map[errandPlace]int),
		most:    errandPlaces,
	}
	w.quit, w.stop = context.WithCancel(context.Background())
	w.abort, w.kill = context.WithCancel(context.Background())
	w.soon, w.hurry = context.WithCancel(w.abort)
	return w
}

// start begins to do errands. It does nothing the second time, and after shutdown.
func (w *errandWorker) start() {
	w.begin.Do(func() {
		if len(w.cfg.Runs) > 0 {
			w.work.Go(w.run)
		}
		if w.cfg.Beside != nil {
			w.goOn(w.cfg.Beside)
		}
	})
}

// goOn runs f beside the errands, until its context ends with a stop.
func (w *errandWorker) goOn(f func(context.Context)) { w.work.Go(func() { f(w.quit) }) }

// wait returns when nothing runs any more, also of what a shutdown broke off.
func (w *errandWorker) wait() { w.work.Wait() }

// brokenOff ends some seconds after a stop: it is for runs that may be made again as if they had never been.
func (w *errandWorker) brokenOff() context.Context { return w.soon }

// shutdown begins no further errand and waits for those that run. When ctx ends first they are to break off, and it
// returns ctx's error: some may still run.
func (w *errandWorker) shutdown(ctx context.Context) error {
	w.begin.Do(func() {})
	w.stop()
	defer w.kill()
	defer time.AfterFunc(errandLast, w.hurry).Stop()
	over := make(chan struct{})
	go func() {
		w.work.Wait()
		close(over)
	}()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run begins errands as they come due.
func (w *errandWorker) run() {
	kinds := slices.Sorted(maps.Keys(w.cfg.Runs))
	for w.quit.Err() == nil {
		wait, err := w.round(kinds)
		if err != nil {
			w.cfg.Log.Error("the store did not tell which errands are due", zap.Error(err))
			wait = errandFirst
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
func (w *errandWorker) round(kinds []errands.Kind) (wait time.Duration, err error) {
	for w.quit.Err() == nil {
		w.clear() // before the store is asked: what ended since may be among the answers
		now := w.cfg.Now()
		due, next, err := w.cfg.Store.Due(now, kinds, 2*w.most) // those that run are among them
		if err != nil {
			return 0, err
		}
		begun, crowds := 0, make(map[errandPlace]bool)
		for i := range due {
			e := &due[i]
			switch {
			case w.running[e.ID]:
			case w.enter(e):
				begun++
				w.work.Go(func() {
					defer w.leave(e)
					w.do(e)
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
			return errandMost, nil
		case next.After(now):
			return next.Sub(now), nil
		default: // it waits for a place
			return errandFirst, nil
		}
	}
	return 0, nil
}

// do runs e once and keeps what became of it.
func (w *errandWorker) do(e *errands.Errand) {
	end := w.try(e)
	if end.kept != nil {
		defer end.kept()
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), errandKeep)
		err := w.settle(ctx, e, end)
		cancel()
		if err == nil || errors.Is(err, errands.ErrNone) { // somebody was erased meanwhile
			return
		}
		w.cfg.Log.Error("what became of an errand could not be kept: until it is, its lane waits", zap.String("kind", e.Kind.String()),
			zap.String("route", e.Route), zap.String("errand", w.cfg.Key(e.ID)), zap.Error(err))
		pause := time.NewTimer(errandFirst)
		select {
		case <-w.quit.Done(): // after the next start it runs again
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// try runs e, unless its time is over.
func (w *errandWorker) try(e *errands.Errand) (end errandEnd) {
	if !e.Until.IsZero() && w.cfg.Now().After(e.Until) {
		return errandEnd{err: errors.New("its time was over before it could be done"), dead: true}
	}
	defer func() {
		if p := recover(); p != nil {
			w.cfg.Panics.Add(1)
			w.cfg.Log.Error("an errand panicked", zap.String("kind", e.Kind.String()), zap.String("errand", w.cfg.Key(e.ID)), zap.String("panic", fmt.Sprintf("%T", p)), zap.Stack("stack"))
			end = errandEnd{err: errors.New("the gate failed at this errand by a fault of its own")}
		}
	}()
	return w.cfg.Runs[e.Kind](w.abort, e)
}

// settle keeps what became of a run of e.
func (w *errandWorker) settle(ctx context.Context, e *errands.Errand, end errandEnd) error {
	if end.err == nil && !end.moved {
		return w.cfg.Store.End(ctx, e.ID)
	}
	if end.err == nil || errors.Is(end.err, errStopped) { // after the next start it is as due as now
		return nil
	}
	wait := end.after
	if wait == 0 {
		wait = w.pause(e.Tries + 1)
	}
	due := w.cfg.Now().Add(wait)
	dead := end.dead || !e.Until.IsZero() && due.After(e.Until)
	level := zap.DebugLevel // while an owner is away, there are many
	if dead {
		level = zap.WarnLevel
	}
	w.cfg.Log.Log(level, "an errand was not done", zap.String("kind", e.Kind.String()), zap.String("route", e.Route), zap.String("errand", w.cfg.Key(e.ID)),
		zap.Int("tries", e.Tries+1), zap.Bool("dead", dead), zap.Duration("wait", wait), zap.Error(end.err))
	return w.cfg.Store.Change(ctx, e.ID, func(e *errands.Errand) error {
		e.Tries++
		e.Error, e.Due = end.err.Error(), due
		if dead {
			e.State = errands.Dead
		}
		return nil
	})
}

// pause is how long to wait after so many failures.
func (w *errandWorker) pause(failures int) time.Duration {
	d := min(errandFirst<<min(failures-1, 20), errandMost)
	return d/2 + time.Duration(w.cfg.Random()*float64(d-d/2))
}
