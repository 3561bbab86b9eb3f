package proxy

import (
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// A client is a client's connection, as fasthttp knows it. Requests of the common form are answered
// within its first Read, see lane.go, and the first of any other form ends that: its bytes go to
// fasthttp, and so does the connection, for good.
type client struct {
	*socket
	g      *Gate
	linger atomic.Bool // the last answer came before the request was read
	once   sync.Once
	phase  atomic.Int32
	lane   lane
}

// The phases of a connection.
const (
	fresh   int32 = iota // nothing came in yet
	waiting              // for the next request
	busy                 // with a request
	leaving              // busy, and to end after the answer
	handed               // fasthttp's
	gone
)

func newClient(c net.Conn, g *Gate) *client {
	in := &client{socket: newSocket(c, min(g.limits.Read, g.limits.Idle)), g: g}
	in.patience = g.limits.Read
	if g.slow {
		in.phase.Store(handed)
	}
	return in
}

// Read is called by fasthttp, the first time with the whole of its buffer.
func (c *client) Read(p []byte) (int, error) {
	if c.phase.Load() != fresh {
		return c.socket.Read(p)
	}
	n, err := c.answerAll(p)
	for !c.phase.CompareAndSwap(busy, handed) && !c.phase.CompareAndSwap(leaving, handed) {
		if p := c.phase.Load(); p == gone || c.phase.CompareAndSwap(p, handed) {
			break
		}
	}
	return n, err
}

// retire ends the connection, now if it waits for a request, or after the answer. Before the first
// request, and with fasthttp, it is fasthttp's to end.
func (c *client) retire() {
	if c.phase.CompareAndSwap(waiting, gone) {
		_ = c.socket.Close() // which wakes its reader, who sees to the rest
		return
	}
	c.phase.CompareAndSwap(busy, leaving)
}

// lingering and most bound how long, and how many bytes, a client may go on talking after its
// answer. Closing at once would make its kernel throw away the answer.
const (
	lingering = time.Second
	most      = 64 << 20
)

// Close ends the connection. Only the first call does anything.
func (c *client) Close() (err error) {
	c.once.Do(func() {
		if c.linger.Load() {
			c.hearOut()
		}
		err = c.socket.Close()
		c.g.open.Add(-1)
		c.g.known.remove(c)
	})
	return err
}

func (c *client) hearOut() {
	half, ok := c.socket.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.socket.Conn.SetReadDeadline(time.Now().Add(lingering)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.socket.Conn, most)
}

// hearOut has the connection of ctx close after its answer, and only when its client has stopped
// talking: what follows on it could be part of the same request.
func hearOut(ctx *fasthttp.RequestCtx) {
	ctx.SetConnectionClose()
	if c, ok := ctx.Conn().(*client); ok {
		c.linger.Store(true)
	}
}

// clients are the connections there are.
type clients struct {
	mu  sync.Mutex
	all map[*client]struct{}
}

func (s *clients) add(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[*client]struct{})
	}
	s.all[c] = struct{}{}
}

func (s *clients) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
}

func (s *clients) list() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.all))
}
