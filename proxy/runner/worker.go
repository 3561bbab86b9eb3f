package runner

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// How errands are tried: again first after a failure, twice as long after each further one, up to Longest, less up to
// a half at random. A store that fails is asked again after first.
const (
	first   = time.Second
	Longest = 5 * time.Minute
	// Places is how many errands of one kind and route run at a time, where nothing else is said.
	Places = 8
	// grace is how long, after a stop, runs go on that may be made again as if they had never been.
	grace = 5 * time.Second
	// keepWithin is how long the store may take to keep what became of an errand.
	keepWithin = 10 * time.Second
)

// A Store keeps errands: an [errands.Journal], or in a test what can be asked under a clock of the test.
type Store interface {
	Due(now time.Time, kinds []errands.Kind, most int) (due []errands.Errand, next time.Time, err error)
	Change(ctx context.Context, id string, change func(*errands.Errand) error) error
	End(ctx context.Context, id string) error
	Added() <-chan struct{}
}

// A Func does one errand. It may run again for an errand that it did, after a kill: what must
// not happen twice is noted in the store before it begins, see [errands.Begun]. It returns soon after ctx ends, with
// ErrStopped where it was not done for that.
type Func func(ctx context.Context, e *errands.Errand) End

// An End is what became of one run of an errand. The zero value: it is done.
type End struct {
	Err   error         // why it is not done, without addresses and secrets: people are shown it
	After time.Duration // when to run it again; 0: as the failures in a row say
	Dead  bool          // keep it, and leave it to people to run it again
	Moved bool          // it noted itself what is left of it, and when that is due
	Kept  func()        // called once this is in the store, if not nil
}

// ErrStopped is for an errand that was broken off by a stop: it stays as it was.
var ErrStopped = errors.New("the gate was stopped")

// A Config is what a worker is made of.
type Config struct {
	Store  Store
	Runs   map[errands.Kind]Func                     // the kinds that are done, and how
	Places func(kind errands.Kind, route string) int // how many of a kind and route may run at a time
	Key    func(id string) string                    // what stands for an ID where people see it
	Beside func(context.Context)                     // runs beside the errands until the worker is stopped, if not nil

	Log    *zap.Logger
	Now    func() time.Time
	Random func() float64 // from 0 up to 1
	Panics *atomic.Uint64 // counts the runs that panicked
}

// A Worker does what the gate still has to do after it acknowledged something: it runs the errands
// that are due, several at a time. Of those that share a lane the store offers one alone. One that fails is
// tried again until its time is over; then it is dead: it is kept for people to see, and holds up nobody.
type Worker struct {
	cfg Config

	// quit ends when nothing is begun any more, soon a little later for what may be broken off, and abort when all is.
	quit, soon, abort context.Context
	stop, hurry, kill context.CancelFunc
	begin             sync.Once
	work              sync.WaitGroup
	ended             chan struct{} // a sign that a place is free

	running map[string]bool // by id; run alone touches it
	taken   map[place]int
	most    int // the most places that one kind and route has

	mu       sync.Mutex
	finished []*errands.Errand // which run has not seen yet
	crowds   map[place]bool
}

// New is a worker that has not begun.
func New(cfg Config) *Worker {
	w := &Worker{
		cfg:     cfg,
		ended:   make(chan struct{}, 1),
		running: make(map[string]bool),
		taken:   make(map[place]int),
		most:    Places,
	}
	w.quit, w.stop = context.WithCancel(context.Background())
	w.abort, w.kill = context.WithCancel(context.Background())
	w.soon, w.hurry = context.WithCancel(w.abort)
	return w
}

// Start begins to do errands. It does nothing the second time, and after Shutdown.
func (w *Worker) Start() {
	w.begin.Do(func() {
		if len(w.cfg.Runs) > 0 {
			w.work.Go(w.run)
		}
		if w.cfg.Beside != nil {
			w.Go(w.cfg.Beside)
		}
	})
}

// Go runs f beside the errands, until its context ends with a stop.
func (w *Worker) Go(f func(context.Context)) { w.work.Go(func() { f(w.quit) }) }

// Wait returns when nothing runs any more, also of what Shutdown broke off.
func (w *Worker) Wait() { w.work.Wait() }

// Hurry ends some seconds after a stop: runs that may be made again as if they had never been break off by it.
func (w *Worker) Hurry() context.Context { return w.soon }

// Shutdown begins no further errand and waits for those that run. When ctx ends first they are to break off, and it
// returns ctx's error: some may still run.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.begin.Do(func() {})
	w.stop()
	defer w.kill()
	defer time.AfterFunc(grace, w.hurry).Stop()
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
