package proxy

import (
	"bufio"
	"crypto/tls"
	"net"
	"time"
)

// A conn is one connection to an upstream. One exchange at a time owns it.
type conn struct {
	socket *socket
	stream *ending // of the socket, or of TLS over it
	secure bool
	br     *bufio.Reader
	head   int // bytes of an answer's head
	pulse  pulse
	idle   time.Time // since when it lies in the pool
	count  *connections
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
func newConn(s *socket, stream net.Conn, head int, count *connections) *conn {
	end := &ending{Conn: stream}
	c := &conn{socket: s, stream: end, br: bufio.NewReaderSize(end, min(head, readAhead)), head: head, count: count}
	_, c.secure = stream.(*tls.Conn)
	c.pulse.watch(s)
	count.dials.Add(1)
	count.open.Add(1)
	count.live.add(c)
	return c
}

// send writes a whole request, once, or has it leave with the first read. limit is how long it may
// take to leave. It returns an error when it did not, or not whole, unless that shows only when it
// is read.
func (c *conn) send(request []byte, limit time.Duration) error {
	s := c.socket
	c.before = s.sentBytes()
	s.begin(limit)
	s.Hold = len(request) <= holdMost
	if s.Used && !(s.Hold && s.direct()) && !c.pulse.beats() {
		s.Hold = false
		return errUnasked
	}
	_, err := c.stream.Write(request)
	s.Hold = false
	return err
}

// left reports whether any byte of the request may have left the gate.
func (c *conn) left() bool { return c.socket.sentBytes() != c.before }

// lost is what became of the request of an exchange that came to nothing.
func (c *conn) lost() outcome {
	if c.left() {
		return unknown
	}
	return notSent
}

// clean reports whether nothing is left of the last exchange, so that another may follow. The TLS
// layer may hold a record it has not shown yet: a read that the socket has nothing for takes what is
// there.
func (c *conn) clean() bool {
	if c.br.Buffered() > 0 || c.stream.reached || c.socket.failure() != nil || c.socket.holds() {
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
	c.count.open.Add(-1)
	c.count.live.remove(c)
	c.count.files.give()
}
