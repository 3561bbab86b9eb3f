package proxy

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// A doorman takes connections in while there are fewer than limits.connections, and turns the
// others away in words.
type doorman struct {
	net.Listener
	g     *Gate
	turns chan struct{} // one for each that is being turned away
}

// turning bounds how many connections are turned away at a time; beyond it they are just closed.
const turning = 64

func newDoorman(ln net.Listener, g *Gate) *doorman {
	return &doorman{ln, g, make(chan struct{}, turning)}
}

// Accept returns the next connection there is room for.
func (d *doorman) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		in := &client{socket: newSocket(c, min(d.g.limits.Read, d.g.limits.Idle)), g: d.g}
		if d.g.clients.Add(1) <= int64(d.g.limits.Connections) {
			return in, nil
		}
		d.g.malformed.Add(1)
		select {
		case d.turns <- struct{}{}:
			go d.turnAway(in)
		default:
			_ = in.Close()
		}
	}
}

func (d *doorman) turnAway(c *client) {
	var resp fasthttp.Response
	say(&resp, fasthttp.StatusServiceUnavailable, fmt.Sprintf(
		"this gate holds as many connections as limits.connections allows (%d): nothing was sent", d.g.limits.Connections))
	resp.Header.Set("Sendgate-Outcome", notSent.String())
	resp.SetConnectionClose()
	_ = c.SetWriteDeadline(time.Now().Add(lingering))
	_, _ = resp.WriteTo(c)
	c.linger.Store(true)
	_ = c.Close()
	<-d.turns
}

// A client is a client's connection.
type client struct {
	*socket
	g      *Gate
	linger atomic.Bool // the last answer came before the request was read
	once   sync.Once
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
		c.g.clients.Add(-1)
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
