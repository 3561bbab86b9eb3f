package console

import (
	"net/http"
	"runtime"
)

// turns bound how many processors answers to questions take at a time: half of them, and at least one, so that sends
// always find one that the console leaves alone, however many people look at it and however far back. A turn is held
// while something is computed, never while somebody is waited for, so that a slow reader holds up nobody.
type turns chan struct{}

func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

func (t turns) take() { t <- struct{}{} }
func (t turns) pass() { <-t }

// InTurn does what takes a processor for a while, such as making a page, when the console may take one. f must not
// wait for anybody, nor ask s.
func (s *Server) InTurn(f func()) {
	s.turns.take()
	defer s.turns.pass()
	f()
}

// takesTurns reports whether e is answered in turn: what only asks, and has an end. Who tells the gate something waits
// for the disk, together with others.
func (e *endpoint) takesTurns() bool {
	return e.method == http.MethodGet && e.role != 0 && e.path != "/api/v1/decisions/tail"
}

// inTurn has e answer c in turn.
func (s *Server) inTurn(e *endpoint, c *call) error {
	w := c.w
	defer func() { c.w = w }()
	c.w = &turnWriter{w, s.turns}
	s.turns.take()
	defer s.turns.pass()
	return e.serve(s, c)
}

// A turnWriter lets others have the turn while it waits for who reads the answer.
type turnWriter struct {
	http.ResponseWriter
	turns turns
}

func (w *turnWriter) Write(b []byte) (int, error) {
	w.turns.pass()
	defer w.turns.take()
	return w.ResponseWriter.Write(b)
}

// FlushError is for http.ResponseController, which finds everything else by Unwrap.
func (w *turnWriter) FlushError() error {
	w.turns.pass()
	defer w.turns.take()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *turnWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
