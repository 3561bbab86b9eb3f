package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// connections are counted for as long as anybody wants to know: also when there is another upstream in the place of the
// one that they were made to.
type connections struct {
	dials atomic.Uint64
	stale atomic.Uint64 // pooled ones found dead before use
	open  atomic.Int64
	files *descriptors // of which each takes one
	live  *exchanges   // where each is listed; nil: nowhere
}

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
