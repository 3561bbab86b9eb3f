package upstream

import (
	"bufio"
	"crypto/tls"
	"net"
	"time"

	"github.com/sendgate/sendgate/proxy/socket"
)

// A conn is one connection to an upstream. One exchange at a time owns it.
type conn struct {
	socket *socket.Conn
	stream *ending // of the socket, or of TLS over it
	secure bool
	br     *bufio.Reader
	head   int // bytes of an answer's head
	pulse  socket.Pulse
	idle   time.Time // since when it lies in the pool
	count  *Connections
	before int64 // what had left before the exchange under way
	one    [1]byte
}

// holdMost is the largest request, in bytes, that leaves with the read that waits for its
// answer. A larger one may well meet an upstream that does not read on.
const holdMost = 16 << 10

// An ending remembers that a stream reported its end, also where bufio has not passed that on yet.
type ending struct {
	net.Conn
	reached bool
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	e.reached = e.reached || err != nil
	return n, err
}

// newConn takes over a connection that was just made. head bounds the head of an answer in bytes.
func newConn(s *socket.Conn, stream net.Conn, head int, count *Connections) *conn {
	end := &ending{Conn: stream}
	c := &conn{socket: s, stream: end, br: bufio.NewReaderSize(end, min(head, socket.ReadAhead)), head: head, count: count}
	_, c.secure = stream.(*tls.Conn)
	c.pulse.Watch(s)
	count.Dials.Add(1)
	count.Open.Add(1)
	count.Live.add(c)
	return c
}

// send writes a whole request, once, or has it leave with the first read. limit is how long it may
// take to leave. It returns an error when it did not, or not whole, unless that shows only when it
// is read.
func (c *conn) send(request []byte, limit time.Duration) error {
	s := c.socket
	c.before = s.Sent()
	s.Begin(limit)
	s.Hold = len(request) <= holdMost
	if s.Used && !(s.Hold && s.Direct()) && !c.pulse.Beats() {
		s.Hold = false
		return socket.ErrUnasked
	}
	_, err := c.stream.Write(request)
	s.Hold = false
	return err
}

// left reports whether any byte of the request may have left the gate.
func (c *conn) left() bool { return c.socket.Sent() != c.before }

// lost is what became of the request of an exchange that came to nothing.
func (c *conn) lost() Outcome {
	if c.left() {
		return Unknown
	}
	return NotSent
}

// clean reports whether nothing is left of the last exchange, so that another may follow. The TLS
// layer may hold a record it has not shown yet: a read that the socket has nothing for takes what is
// there.
func (c *conn) clean() bool {
	if c.br.Buffered() > 0 || c.stream.reached || c.socket.Failed() != nil || c.socket.Held() {
		return false
	}
	if !c.secure {
		return true
	}
	c.socket.Dry = true
	n, err := c.stream.Conn.Read(c.one[:])
	c.socket.Dry = false
	t, ok := err.(net.Error)
	return n == 0 && ok && t.Timeout()
}

// close ends the connection, without a farewell that could wait.
func (c *conn) close() {
	_ = c.socket.Close()
	c.count.Open.Add(-1)
	c.count.Live.remove(c)
	c.count.Files.Give()
}
