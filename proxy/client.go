package proxy

import (
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/socket"
	"github.com/valyala/fasthttp"
)

// A client is a client's connection, as fasthttp knows it. Requests of the common form are answered
// within its first Read, see lane.go, and the first of any other form ends that: its bytes go to
// fasthttp, and so does the connection, for good.
type client struct {
	*socket.Conn
	g      *Gate
	taken  bool        // a descriptor, of those that connections may take
	linger atomic.Bool // the last answer came before the request was read
	once   sync.Once
	phase  atomic.Int32
	lane   lane
	in     inbox
	by     time.Time // when the request that fasthttp was given must be there

	tls     *tls.Conn // nil: it comes by base URL
	footing *footing  // of tls
	host    string    // by whose name it comes, once hands were shaken
	outer   *client   // the tunnel that it is inside of, which took its places; nil: there is none

	at       netip.Addr // see address
	shown    access.Shown
	passport access.Passport // of its CONNECT
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
	in := &client{Conn: socket.New(c, min(g.limits.Read, g.limits.Idle)), g: g}
	in.Begin(g.limits.Read)
	if g.slow {
		in.phase.Store(handed)
	}
	return in
}

// Read is called by fasthttp: for the first byte of a request, and then for what follows.
func (c *client) Read(p []byte) (int, error) {
	if c.tls != nil && c.host == "" {
		if c.shake() != nil {
			return 0, io.EOF
		}
	}
	if c.phase.Load() == fresh {
		c.answerAll()
		for from := c.phase.Load(); from != gone && !c.phase.CompareAndSwap(from, handed); {
			from = c.phase.Load()
		}
	}
	if c.in.have == 0 && c.in.end == nil && len(p) == 1 { // more will be asked for at once
		n, err := c.Conn.Read(c.in.room(c.g))
		c.in.have, c.in.end = n, err
	}
	if c.in.have == 0 && c.in.end == nil {
		return c.Conn.Read(p)
	}
	return c.in.give(p, c.g)
}

// SetReadDeadline is called by fasthttp, which knows nothing of the time that a request took before.
func (c *client) SetReadDeadline(t time.Time) error {
	if !c.by.IsZero() && c.by.Before(t) {
		t = c.by
	}
	c.by = time.Time{}
	c.Begin(c.g.limits.Read)
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline is called by fasthttp before it writes an answer.
func (c *client) SetWriteDeadline(t time.Time) error {
	c.Begin(c.g.limits.Read)
	return c.Conn.SetWriteDeadline(t)
}

// retire ends the connection, now if it waits for a request, or after the answer. With fasthttp, it is
// fasthttp's to end.
func (c *client) retire() {
	if c.leave() == gone {
		_ = c.Conn.Close() // which wakes its reader, who sees to the rest
	}
}

// leave has a connection that waits take no further request, and one with a request no other after it. It
// returns the phase that this comes to.
func (c *client) leave() (phase int32) {
	if !c.phase.CompareAndSwap(waiting, gone) && !c.phase.CompareAndSwap(fresh, gone) {
		c.phase.CompareAndSwap(busy, leaving)
	}
	return c.phase.Load()
}

// lingering and most bound how long, and how many bytes, a client may go on talking after its
// answer. Closing at once would make its kernel throw away the answer.
const (
	lingering = time.Second
	most      = 64 << 20
)

// Close ends the connection. Only the first call does anything.
//
// A stop has fasthttp close what it takes for idle, and that is also whatever was within its first Read for some
// seconds, where requests are answered. What has one under way ends after the answer.
func (c *client) Close() (err error) {
	if c.leave() == leaving {
		return nil
	}
	c.once.Do(func() {
		if c.linger.Load() {
			drain(c.Conn.Conn)
		}
		err = c.Conn.Close()
		if c.outer == nil {
			c.g.open.Add(-1)
		}
		if c.taken {
			c.g.files.Give()
		}
		c.g.known.remove(c)
	})
	return err
}

// drain ends what is said on c, and hears what the peer has still to say.
func drain(c net.Conn) {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(lingering)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c, most)
}

// hearOut has the connection of ctx close after its answer, and only when its client has stopped
// talking: what follows on it could be part of the same request.
func hearOut(ctx *fasthttp.RequestCtx) {
	ctx.SetConnectionClose()
	switch c := ctx.Conn().(type) {
	case *client:
		c.linger.Store(true)
	case *sharingConn:
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
