package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

// A conn is one connection to an upstream. One exchange at a time owns it.
type conn struct {
	socket *socket
	stream *ending // of the socket, or of TLS over it
	secure bool
	br     *bufio.Reader
	head   []byte // the head of the answer being read
	wire   []byte // the head as it is passed on
	pulse  pulse
	idle   time.Time // since when it lies in the pool
	count  *counters

	src   bytes.Reader
	again *bufio.Reader // reads src
}

// A socket counts what was handed to the kernel, and notices when reading has come to an end.
type socket struct {
	net.Conn
	sent atomic.Int64
}

func (s *socket) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	s.sent.Add(int64(n))
	return n, err
}

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
func newConn(s *socket, stream net.Conn, head int, count *counters) *conn {
	end := &ending{Conn: stream}
	c := &conn{socket: s, stream: end, br: bufio.NewReaderSize(end, head), count: count}
	_, c.secure = stream.(*tls.Conn)
	c.pulse.watch(s.Conn)
	count.dials.Add(1)
	count.open.Add(1)
	return c
}

// send writes a whole request, once. left reports whether any byte may have left the gate.
func (c *conn) send(request []byte, limit time.Duration) (left bool, err error) {
	before := c.socket.sent.Load()
	if err := c.stream.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return false, err
	}
	_, err = c.stream.Write(request)
	return c.socket.sent.Load() != before, err
}

// clean reports whether nothing is left of the last exchange, so that another may follow. The TLS
// layer may hold a record it has not shown yet: a read whose time is over takes what is there and
// asks the socket for nothing.
func (c *conn) clean() bool {
	if c.br.Buffered() > 0 || c.stream.reached {
		return false
	}
	if !c.secure {
		return true
	}
	if err := c.stream.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return false
	}
	var one [1]byte
	n, err := c.stream.Conn.Read(one[:])
	t, ok := err.(net.Error)
	return n == 0 && ok && t.Timeout()
}

// close ends the connection, without a farewell that could wait.
func (c *conn) close() {
	_ = c.socket.Close()
	c.count.open.Add(-1)
}
