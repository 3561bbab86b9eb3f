package proxy

import (
	"context"
	"sync"
	"time"
)

// exchanges are the connections to upstreams that there are, so that those in use can be interrupted. A nil one
// knows of none.
type exchanges struct {
	mu  sync.Mutex
	all map[*conn]struct{}
}

func (e *exchanges) add(c *conn) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = make(map[*conn]struct{})
	}
	e.all[c] = struct{}{}
}

func (e *exchanges) remove(c *conn) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.all, c)
}

// interrupt has every exchange end as if its time were over.
func (e *exchanges) interrupt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.all {
		_ = c.socket.Conn.SetDeadline(time.Unix(1, 0)) // one that is closed has ended
	}
}

// Abandon gives up what is still under way after [Gate.Shutdown] returned an error, as sends that their provider does
// not answer: their clients are told, and the decision log has, that they may have been sent. What the gate itself was
// sending is a dead letter. It waits for that until ctx ends.
func (g *Gate) Abandon(ctx context.Context) {
	errands, over := context.WithCancel(ctx)
	go func() {
		g.errands.work.Wait()
		over()
	}()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for g.open.Load() > 0 || errands.Err() == nil {
		g.live.interrupt() // again: one may just have begun
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}
