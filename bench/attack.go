package bench

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultWorkers = 1000
	defaultTimeout = 10 * time.Second
)

// An Attack sends to recipients, one after the other, many at once.
type Attack struct {
	Recipients Recipients
	Sender     Sender
	Pacer      Pacer         // nil: a closed loop
	Workers    int           // most sends in flight; in a closed loop, just that many. 0: 1000
	Timeout    time.Duration // how long a send that is due may wait for a worker; 0: 10 seconds
	Count      int64         // ends after so many sends; 0: when the pacer or the recipients end
	For        time.Duration // likewise, after that time; what is in flight then is waited for. 0: no limit

	// Pause sleeps for less than two milliseconds, more exactly than a timer. Nil: as well as the
	// system can. A test under a clock of its own gives time.Sleep.
	Pause func(time.Duration)
}

// Results runs the attack and yields its results as they come, in no particular order. It ends by
// itself: when the pacer, the recipients, Count or For end, or ctx does, and then what is in flight
// has been answered or has timed out. An error is the last thing it yields. If the caller stops
// early, it stops as if ctx had ended. Results is called once.
func (a Attack) Results(ctx context.Context) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r := &run{Attack: a, start: time.Now(), jobs: make(chan job), results: make(chan Result, 256), stop: cancel}
		r.Workers, r.Timeout = cmp.Or(r.Workers, defaultWorkers), cmp.Or(r.Timeout, defaultTimeout)
		if r.Pause == nil {
			r.Pause = pause
		}
		go func() {
			r.produce(ctx)
			close(r.jobs)
			r.workers.Wait()
			close(r.results)
		}()
		for result := range r.results {
			if !yield(result, nil) {
				cancel()
				for range r.results { // so that workers can end
				}
				return
			}
		}
		if err := r.failure.Load(); err != nil {
			yield(Result{}, *err)
		}
	}
}

// A job is a send that is due.
type job struct {
	to  Recipient
	due time.Duration // from the start; negative: whenever it begins
}

// A run is an attack under way.
type run struct {
	Attack
	start   time.Time
	jobs    chan job
	results chan Result
	workers sync.WaitGroup
	started int                   // workers; only the producer touches it
	failure atomic.Pointer[error] // what ended the run, if something did
	stop    func()
}

// produce hands out jobs when they are due. A backlog costs no memory: it is the time by which this
// loop is behind its pacer.
func (r *run) produce(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	ended := time.Duration(math.MaxInt64) // when ctx was seen to have; the backlog does not grow after that
	for n := int64(0); r.Count == 0 || n < r.Count; n++ {
		now := time.Since(r.start)
		if ctx.Err() != nil {
			ended = min(ended, now)
		}
		j := job{due: -1}
		at := now // when it begins, or should
		if r.Pacer != nil {
			due, more := r.Pacer.Next()
			if !more {
				return
			}
			j.due, at = due, due
		}
		switch {
		case r.For > 0 && at >= r.For:
			return
		case ended <= now && (r.Pacer == nil || j.due > ended):
			return // of what is left, only what was due by then counts as unsent
		}
		var err error
		if j.to, err = r.Recipients.Next(); err != nil {
			if !errors.Is(err, io.EOF) {
				r.fail(err)
			}
			return
		}
		if !r.waitUntil(ctx, timer, j.due) {
			return
		}
		r.hand(ctx, timer, j)
	}
}

// slack is how much too late a timer may fire: the runtime waits for the network and for timers in
// one call to the system, which counts in milliseconds.
const slack = 1500 * time.Microsecond

// waitUntil waits until due; false if ctx ended first.
func (r *run) waitUntil(ctx context.Context, timer *time.Timer, due time.Duration) bool {
	for {
		wait := due - time.Since(r.start)
		switch {
		case wait <= 0:
			return true
		case ctx.Err() != nil:
			return false
		case wait <= slack:
			r.Pause(wait)
			continue
		}
		timer.Reset(wait - slack)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
}

// hand gives j to an idle worker, to a new one, or to the first that is idle again. A send that is
// due gives up waiting after the timeout, as whoever wanted it would.
func (r *run) hand(ctx context.Context, timer *time.Timer, j job) {
	if ctx.Err() != nil {
		r.unsent(j)
		return
	}
	select {
	case r.jobs <- j:
		return
	default:
	}
	if r.started < r.Workers {
		r.started++
		r.workers.Go(func() { r.work(j) })
		return
	}
	var late <-chan time.Time
	if j.due >= 0 {
		timer.Reset(j.due + r.Timeout - time.Since(r.start))
		late = timer.C
	}
	select {
	case r.jobs <- j:
	case <-ctx.Done():
		r.unsent(j)
	case <-late:
		r.unsent(j)
	}
}

func (r *run) unsent(j job) {
	if j.due >= 0 {
		r.results <- Result{Recipient: j.to, Due: j.due, Lag: time.Since(r.start) - j.due, Unsent: true}
	}
}

// work does j and then what comes.
func (r *run) work(j job) {
	for more := true; more; j, more = <-r.jobs {
		begin := time.Since(r.start)
		if j.due < 0 {
			j.due = begin
		}
		answer, err := r.Sender.Send(&j.to)
		if err != nil {
			r.fail(err)
			continue
		}
		took := time.Since(r.start) - begin
		r.results <- Result{Recipient: j.to, Answer: answer, Began: r.start.Add(begin), Due: j.due, Lag: begin - j.due, Took: took}
	}
}

// fail ends the run.
func (r *run) fail(err error) {
	r.failure.CompareAndSwap(nil, &err)
	r.stop()
}
