package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A client is one connection.
type client struct {
	fd, n    int // n: bytes of the answer that are here
	name     int32
	out      bool          // whether a request is out
	due      time.Duration // of the request that is out
	optedOut bool          // whom it is for
	buf      [4096]byte
}

// send sends the next request on a free connection. It was due at due.
func (l *loader) send(due time.Duration) {
	i := l.idle[len(l.idle)-1]
	l.idle = l.idle[:len(l.idle)-1]
	c := &l.conns[i]
	l.count++
	pick := mix(l.count)
	c.due, c.n = due, 0
	c.optedOut = float64(pick>>40)/(1<<24) < l.job.Share
	var number uint64
	switch pick = mix(pick); {
	case c.optedOut:
		number = l.book.optedOut(pick % l.book.listed)
	case l.job.Agreed:
		number = l.book.agreed(pick % l.book.consented)
	default:
		number = l.book.stranger(pick%l.book.listed, pick>>32)
	}
	if l.pacer != nil && l.state == measuring {
		_ = l.lag.RecordValue(max(1, int64(time.Since(l.began)-due))) // later than a minute is out of range, and shows in the latency
	}
	request := l.template.to(number)
	c.out = true
	l.out++
	if n, err := unix.Write(c.fd, request); err != nil || n < len(request) {
		l.tally.Failed[fmt.Sprintf("writing a request: %d of %d bytes, %v", n, len(request), err)]++
	}
}

// read takes what connection i has for us.
func (l *loader) read(i int32) error {
	c := &l.conns[i]
	n, err := unix.Read(c.fd, c.buf[c.n:])
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	if n <= 0 {
		return l.lost(c, fmt.Sprintf("the connection ended, %v", err))
	}
	c.n += n
	f, err := readFrame(c.buf[:c.n])
	if err != nil {
		return l.lost(c, err.Error())
	}
	if f.size == 0 {
		if c.n == len(c.buf) {
			return l.lost(c, "an answer too long")
		}
		return nil
	}
	now := time.Since(l.began)
	l.answered(c, f.status, now)
	if f.closes {
		if err := l.again(c); err != nil {
			return err
		}
	}
	l.begin(now)
	return nil
}

// answered counts an answer, and judges it.
func (l *loader) answered(c *client, status int, now time.Duration) {
	if wrong := l.job.wrong(c.optedOut, status); wrong != "" {
		l.tally.Wrong[wrong]++
	}
	if l.state == measuring {
		l.statuses[min(uint(status), uint(len(l.statuses)-1))]++
		l.took(now - c.due)
	}
	l.free(c)
}

// lost counts a send whose answer will not come, and opens its connection anew.
func (l *loader) lost(c *client, why string) error {
	l.tally.Failed[why]++
	l.free(c)
	return l.again(c)
}

// free takes note that nothing is out on c.
func (l *loader) free(c *client) {
	if c.out {
		c.out = false
		l.out--
		l.idle = append(l.idle, c.name)
	}
}

// again connects c once more.
func (l *loader) again(c *client) error {
	_ = unix.Close(c.fd)
	return l.open(c)
}

// open connects c. On the loopback that takes no time.
func (l *loader) open(c *client) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("making a socket: %w", err)
	}
	if err := unix.Connect(fd, l.to); err != nil {
		return fmt.Errorf("connecting to %s: %w", l.job.Address, err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("connecting to %s: %w", l.job.Address, err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("connecting to %s: %w", l.job.Address, err)
	}
	c.fd, c.n = fd, 0
	return l.poll.add(fd, c.name)
}
