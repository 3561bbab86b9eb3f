package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/socket"
)

// A lane is the short way through the gate for requests of the common form. A client's connection
// begins on it: as long as each thing that comes in is exactly one such request, see frame.go, it is
// answered here, within the Read by which fasthttp waits for its first byte. What else comes in goes
// to fasthttp as it came, with all that follows on that connection: two readers of one connection
// must never have to agree on where a request begins.
type lane struct {
	work   *work     // for the request that is coming in, once there is any of it
	served bool      // a request was answered
	by     time.Time // when the request that is coming in must be there, once that takes more than one read
	quiet  time.Time // until when the client may say nothing, while it is to be looked at before
}

// joinMost is the largest body, in bytes, that is copied to leave in one piece with its head.
const joinMost = 32 << 10

// answerAll answers the requests of a new connection. What is left in c is for fasthttp: bytes, or
// the end. A connection that served ends without a word.
func (c *client) answerAll() {
	l := &c.lane
	err := c.ReadAll(c)
	for c.looksAgain(err) {
		err = c.ReadAll(c)
	}
	if c.in.end == nil {
		c.in.end = err
	}
	if l.work != nil {
		c.g.release(l.work)
	}
	if c.in.have == 0 && c.in.end == nil || l.served && c.in.have == 0 {
		c.in.end = io.EOF
	}
	c.by, c.lane = l.by, lane{}
}

// Room is where what comes in next belongs.
func (c *client) Room() []byte { return c.in.room(c.g) }

// Wait lets go of that, where nothing has come in.
func (c *client) Wait() {
	if c.in.have == 0 {
		c.in.empty(c.g)
	}
}

// Take takes in n bytes that were read to the inbox, or the error that ended reading.
func (c *client) Take(n int, err error) socket.Turn {
	if err != nil {
		c.in.end = err
		return socket.Stop
	}
	if c.in.have == 0 && !c.phase.CompareAndSwap(fresh, busy) && !c.phase.CompareAndSwap(waiting, busy) {
		c.in.end = net.ErrClosed
		return socket.Stop
	}
	c.in.have += n
	switch c.frame() {
	case partial:
		if c.in.have >= c.g.limits.Header || c.hurry() != nil {
			return socket.Stop
		}
		return socket.Look
	case uncommon:
		return socket.Stop
	}
	return c.answer()
}

// rest sets how long the client may say nothing after an answer that was there at done.
//
// A wait ends when something comes, and so not where the end of the connection came with the last
// request: it lay there before the wait began. Looking for it after each answer would cost every request
// a system call; looking once when it has been quiet for a while costs next to nothing.
func (c *client) rest(done time.Time) error {
	idle := c.g.limits.Idle
	if !c.Direct() {
		return c.Conn.SetReadDeadline(done.Add(idle))
	}
	c.lane.quiet = done.Add(idle)
	return c.Conn.SetReadDeadline(done.Add(min(idle/8, 5*time.Second)))
}

// looksAgain reports whether reading, which ended with err, goes on because it was quiet for no longer
// than may be.
func (c *client) looksAgain(err error) bool {
	quiet := c.lane.quiet
	c.lane.quiet = time.Time{}
	return errors.Is(err, os.ErrDeadlineExceeded) && c.in.have == 0 && time.Now().Before(quiet) &&
		c.Conn.SetReadDeadline(quiet) == nil
}

// hurry has limits.read run for the request that is coming in.
func (c *client) hurry() error {
	if !c.lane.by.IsZero() {
		return nil
	}
	c.lane.by = time.Now().Add(c.g.limits.Read)
	return c.Conn.SetReadDeadline(c.lane.by)
}

// frame looks for one request in what came in.
func (c *client) frame() form {
	l := &c.lane
	if l.work == nil {
		l.work = c.g.works.Get().(*work)
	}
	return l.work.frame(c.in.bytes(), c.g.limits.Body)
}

// answer answers the request that came in.
func (c *client) answer() socket.Turn {
	l, g, w := &c.lane, c.g, c.lane.work
	g.fast.Add(1)
	w.framed, w.req, w.resp, w.client = true, &w.ownReq, &w.ownResp, c
	sound := g.take(w)
	last := w.ends || g.stopping.Load() || c.phase.Load() == leaving
	err := c.write(w, last)
	done := w.done
	if c.Waited() { // for the client
		done = time.Now()
	}
	if sound {
		g.release(w)
	}
	first := !l.served
	l.work, l.by, l.served = nil, time.Time{}, true
	c.in.empty(g)
	if err == nil && !last {
		err = c.rest(done)
	}
	switch {
	case err != nil || last || !c.phase.CompareAndSwap(busy, waiting):
		c.in.end = io.EOF
		return socket.Stop
	case first: // it may have come with the end of all that this client has to say
		return socket.Look
	}
	return socket.Await
}

// write sends the answer, the upstream's as it was written. last says that no other follows.
func (c *client) write(w *work, last bool) error {
	c.Begin(c.g.limits.Read)
	resp, body := w.resp, w.resp.Body()
	w.out = w.marks.append(w.appendHead(w.out[:0]))
	if last {
		w.out = head.AppendHeader(w.out, "Connection", "close")
	}
	w.out = append(w.out, "\r\n"...)
	if resp.SkipBody || w.req.Header.IsHead() {
		body = nil
	}
	if len(body) <= joinMost {
		w.out, body = append(w.out, body...), nil
	}
	if _, err := c.Write(w.out); err != nil || len(body) == 0 {
		return err
	}
	_, err := c.Write(body)
	return err
}
