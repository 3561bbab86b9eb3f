package socket

import (
	"errors"
	"net"
	"os"
	"time"
)

// A Conn is a connection on either side of the gate. It costs as little as it can: where the
// system allows, what need not wait goes straight to it (raw_linux.go); a deadline strikes a
// little later than asked, so that it is moved about once a second and not with every request; and
// what is held leaves with the read that waits for the answer to it.
//
// One goroutine at a time reads, writes and sets deadlines. Close may come from any.
type Conn struct {
	net.Conn
	Used bool // it had an exchange before, so that nothing may come in before the next
	Hold bool // keep what is written for the next read
	Dry  bool // reads find nothing

	raw      rawIO
	slack    time.Duration // how much later than asked a deadline may strike
	patience time.Duration // how long a message may take to be taken; 0: as SetWriteDeadline says
	waits    bool          // some of the message under way had to wait, and so patience runs

	sent            int64 // bytes that the system took
	readBy, writeBy time.Time

	held   []byte // for the next read
	failed error  // why not all of what was held could leave
}

// ErrUnasked is for a peer that spoke, or ended the connection, before it was asked. Nothing of the
// request has left.
var ErrUnasked = errors.New("the connection was ended, or something came in on it, before the request was sent")

// New takes over c. shortest is the shortest limit, of those that deadlines are made from.
func New(c net.Conn, shortest time.Duration) *Conn {
	s := &Conn{Conn: c, slack: slackOf(shortest)}
	s.raw.watch(c)
	return s
}

// Begin begins a message, which may take as long as patience to be taken.
func (s *Conn) Begin(patience time.Duration) {
	s.patience, s.waits, s.failed = patience, false, nil
}

// Direct reports whether reads and writes that need not wait go straight to the system.
func (s *Conn) Direct() bool { return s.raw.able() }

// Sent is how many bytes the system took.
func (s *Conn) Sent() int64 { return s.sent }

// Held reports whether anything is held that has not left.
func (s *Conn) Held() bool { return len(s.held) > 0 }

// Failed is why not all of what was held could leave, nil where it could.
func (s *Conn) Failed() error { return s.failed }

// Waited reports whether some of the message under way had to wait.
func (s *Conn) Waited() bool { return s.waits }

// Ended reports whether nothing more can come from the peer, who may be gone.
func (s *Conn) Ended() bool { return s.raw.ended() }

func slackOf(shortest time.Duration) time.Duration { return min(shortest/8, time.Second) }

// ReadAhead is what is read at a time, in bytes: a request or an answer, mostly.
const ReadAhead = 4 << 10

// LastWords is how long a peer that stopped reading may take to say why.
const LastWords = time.Second

// Read reads what is there, or waits for it. What is held leaves first: when none of it could, that
// is the error. When a part could, Failed says why not all, and what the peer had to say is read.
func (s *Conn) Read(p []byte) (n int, err error) {
	switch {
	case s.Dry:
		return 0, os.ErrDeadlineExceeded
	case len(p) == 0:
		return 0, nil
	case len(s.held) == 0 && s.raw.able():
		_, n, err = s.raw.exchange(nil, p, false)
		return n, err
	case len(s.held) == 0:
		return s.Conn.Read(p)
	}
	wrote := 0
	if s.raw.able() {
		wrote, n, err = s.raw.exchange(s.held, p, s.Used)
		s.sent += int64(wrote)
		if wrote == len(s.held) {
			s.held = s.held[:0]
			return n, err
		}
	}
	if err = s.release(wrote, err); err != nil {
		return 0, err
	}
	return s.Read(p)
}

// release writes what is held beyond its first wrote bytes, and waits for that to be taken, unless
// writing has failed already.
func (s *Conn) release(wrote int, err error) error {
	began := time.Now()
	if err == nil {
		var n int
		n, err = s.await(s.held[wrote:])
		wrote += n
	}
	s.held = s.held[:0]
	if err == nil && s.readBy.IsZero() {
		return nil
	}
	if err == nil {
		s.readBy = s.readBy.Add(time.Since(began)) // the peer could not answer before
		return s.Conn.SetReadDeadline(s.readBy)
	}
	s.failed = err
	if wrote == 0 {
		return err
	}
	s.readBy = time.Now().Add(LastWords)
	return s.Conn.SetReadDeadline(s.readBy)
}

// Write writes p, or holds it.
func (s *Conn) Write(p []byte) (n int, err error) {
	if s.Hold || len(s.held) > 0 {
		s.held = append(s.held, p...)
		return len(p), nil
	}
	if s.raw.able() {
		n, err = s.raw.write(p)
		s.sent += int64(n)
		if err != nil || n == len(p) {
			return n, err
		}
	}
	m, err := s.await(p[n:])
	return n + m, err
}

// await writes p as the system takes it.
func (s *Conn) await(p []byte) (int, error) {
	if s.patience > 0 && !s.waits {
		s.waits = true
		s.writeBy = time.Now().Add(s.patience)
		if err := s.Conn.SetWriteDeadline(s.writeBy); err != nil {
			return 0, err
		}
	}
	n, err := s.Conn.Write(p)
	s.sent += int64(n)
	return n, err
}

// SetReadDeadline has reads fail at t, or up to slack later.
func (s *Conn) SetReadDeadline(t time.Time) error {
	if s.near(s.readBy, &t) {
		return nil
	}
	s.readBy = t
	return s.Conn.SetReadDeadline(t)
}

// SetWriteDeadline has writes fail at t, or up to slack later.
func (s *Conn) SetWriteDeadline(t time.Time) error {
	if s.near(s.writeBy, &t) {
		return nil
	}
	s.writeBy = t
	return s.Conn.SetWriteDeadline(t)
}

// SetDeadline is both.
func (s *Conn) SetDeadline(t time.Time) error {
	if err := s.SetReadDeadline(t); err != nil {
		return err
	}
	return s.SetWriteDeadline(t)
}

// near reports whether armed will do for t, and where it will not, moves t to what to arm instead.
func (s *Conn) near(armed time.Time, t *time.Time) bool {
	if t.IsZero() {
		return false
	}
	if late := armed.Sub(*t); late >= 0 && late <= s.slack {
		return true
	}
	*t = t.Add(s.slack)
	return false
}
