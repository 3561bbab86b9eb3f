package console

import (
	"net/http"
	"runtime"
	"time"
)

// turns bound how much of the processors answers to questions take: half of them, and at least one, at a time, so that
// sends always find one that the console leaves alone, however many people look at it and however far back. A turn is
// held while something is computed, never while somebody is waited for, so that a slow reader holds up nobody. While
// messages are sent, a turn is worked in by short shifts, and rests after each: as long as it worked, and longer once
// more is asked for than a few people who read ever do.
type turns struct {
	free  chan *turn
	sends func() uint64 // moves whenever a message comes in
}

const (
	// shift is how long a turn is worked in without a rest: about as long as a send may be held up without notice.
	shift = 500 * time.Microsecond
	// ease is how much a turn is worked in that then rests no longer than it works: some pages of a long log.
	ease = 100 * time.Millisecond
	// easeShare is the share of its time, one in so many, that a turn is worked in after that.
	easeShare = 4
	// longestShift is how much of a shift counts as work. What takes longer could not pause, or waited for a lock, and
	// is not worth making people wait that much longer: four times as long is the longest rest.
	longestShift = 10 * time.Millisecond
	// lately is how long messages count as being sent after one came in.
	lately = 50 * time.Millisecond
)

// A turn is the right to a processor.
type turn struct {
	since  time.Time     // when it was taken, or given back
	worked time.Duration // before it was taken, since its last rest
	rested time.Time     // when that was
	ease   time.Duration // what is left of it, and negative where more was worked; it comes back with time
	sends  uint64        // how far sends were then
	moved  time.Time     // when they were last seen to have moved
}

func newTurns(sends func() uint64) *turns {
	if sends == nil {
		sends = func() uint64 { return 0 }
	}
	n := max(1, runtime.GOMAXPROCS(0)/2)
	t := &turns{free: make(chan *turn, n), sends: sends}
	for range n {
		t.free <- &turn{ease: ease, sends: sends()}
	}
	return t
}

// rest lets what is sent go first.
func (t *turns) rest(turn *turn, now time.Time) {
	turn.ease = min(ease, turn.ease+now.Sub(turn.rested)/easeShare)
	if sends := t.sends(); sends != turn.sends {
		turn.sends, turn.moved = sends, now
	}
	if now.Sub(turn.moved) < lately {
		worked := min(turn.worked, longestShift)
		turn.ease -= worked
		time.Sleep(max(worked, -turn.ease*easeShare))
	}
	turn.worked, turn.rested = 0, now
}

// A worker takes a turn when one is free, and gives it back.
type worker struct {
	turns *turns
	turn  *turn
	steps uint
}

func (w *worker) take() {
	w.turn = <-w.turns.free
	now := time.Now()
	w.turn.worked = max(0, w.turn.worked-now.Sub(w.turn.since)) // nobody had it meanwhile
	if w.turn.worked >= shift {
		w.turns.rest(w.turn, now)
		now = time.Now()
	}
	w.turn.since = now
}

func (w *worker) pass() {
	now := time.Now()
	w.turn.worked += now.Sub(w.turn.since)
	w.turn.since = now
	w.turns.free <- w.turn
	w.turn = nil
}

// pause is called by what takes long, at every step of a few microseconds: it lets sends go first when that is due. The
// turn is kept meanwhile, since whoever is paused may hold what the next in turn would wait for. Out of turn it does
// nothing.
func (w *worker) pause() {
	if w.steps++; w.steps%16 != 0 || w.turn == nil {
		return
	}
	now := time.Now()
	if worked := w.turn.worked + now.Sub(w.turn.since); worked >= shift {
		w.turn.worked = worked
		w.turns.rest(w.turn, now)
		w.turn.since = time.Now()
	}
}

// InTurn does what takes a processor for a while, such as making a page, when the console may take one. f calls pause
// at every step of a few microseconds, as far as it can. It must not wait for anybody, nor ask s.
func (s *Server) InTurn(f func(pause func())) {
	w := worker{turns: s.turns}
	w.take()
	defer w.pass()
	f(w.pause)
}

// takesTurns reports whether e is answered in turn: what only asks, and has an end. Who tells the gate something waits
// for the disk, together with others, and a backup waits for other backups before it takes its turn.
func (e *endpoint) takesTurns() bool {
	return e.method == http.MethodGet && e.role != 0 && e.path != "/api/v1/decisions/tail" && e.path != backupPath
}

// inTurn has e answer c in turn.
func (s *Server) inTurn(e *endpoint, c *call) error {
	c.worker.turns = s.turns
	w := c.w
	defer func() { c.w = w }()
	c.w = &turnWriter{w, &c.worker}
	c.worker.take()
	defer c.worker.pass()
	return e.serve(s, c)
}

// A turnWriter lets others have the turn while it waits for who reads the answer.
type turnWriter struct {
	http.ResponseWriter
	worker *worker
}

func (w *turnWriter) WriteHeader(status int) {
	w.worker.pass()
	defer w.worker.take()
	w.ResponseWriter.WriteHeader(status)
}

func (w *turnWriter) Write(b []byte) (int, error) {
	w.worker.pass()
	defer w.worker.take()
	return w.ResponseWriter.Write(b)
}

// FlushError is for http.ResponseController, which finds everything else by Unwrap.
func (w *turnWriter) FlushError() error {
	w.worker.pass()
	defer w.worker.take()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *turnWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
