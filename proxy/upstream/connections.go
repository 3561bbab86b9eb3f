package upstream

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/socket"
)

// Connections is what is counted of those of one endpoint, and of those that take its place.
type Connections struct {
	Dials atomic.Uint64
	Stale atomic.Uint64 // pooled ones found dead before use
	Open  atomic.Int64
	Files *socket.Descriptors // of which each takes one
	Live  *Exchanges          // where each is listed; nil: nowhere
}

// Exchanges are the connections to upstreams that there are, so that those in use can be interrupted. A nil one
// knows of none.
type Exchanges struct {
	mu  sync.Mutex
	all map[*conn]struct{}
}

func (e *Exchanges) add(c *conn) {
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

func (e *Exchanges) remove(c *conn) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.all, c)
}

// Interrupt has every exchange end as if its time were over.
func (e *Exchanges) Interrupt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.all {
		_ = c.socket.Conn.SetDeadline(time.Unix(1, 0)) // one that is closed has ended
	}
}
