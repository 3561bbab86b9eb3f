package upstream

import (
	"sync"
	"time"
)

// A pool keeps the quiet connections of one upstream, the last used on top, so that as few as
// possible stay in use and the others age and go.
type pool struct {
	keep time.Duration // how long a connection may lie here

	mu     sync.Mutex
	quiet  []*conn // oldest first
	closed bool
	timer  *time.Timer // set while quiet holds anything
}

// take gives out a connection that has not lain here for too long, or nil. Whether it is still open
// shows when something is sent.
func (p *pool) take(now time.Time) *conn {
	for {
		p.mu.Lock()
		n := len(p.quiet)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.quiet[n-1]
		p.quiet[n-1] = nil
		p.quiet = p.quiet[:n-1]
		p.mu.Unlock()
		if now.Sub(c.idle) < p.keep {
			return c
		}
		c.close()
	}
}

// put takes a connection back. It closes what cannot be used again, also when it panics.
func (p *pool) put(c *conn, now time.Time) {
	kept := false
	defer func() {
		if !kept {
			c.close()
		}
	}()
	if !c.clean() {
		return
	}
	c.idle, c.socket.Used = now, true
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.quiet, kept = append(p.quiet, c), true
	if p.timer == nil {
		p.timer = time.AfterFunc(p.keep, p.sweep)
	}
}

// sweep closes what has been lying here for too long.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	n := 0
	for n < len(p.quiet) && time.Since(p.quiet[n].idle) >= p.keep {
		p.quiet[n].close()
		n++
	}
	p.quiet = append(p.quiet[:0], p.quiet[n:]...)
	clear(p.quiet[len(p.quiet):cap(p.quiet)])
	if len(p.quiet) > 0 && !p.closed {
		p.timer = time.AfterFunc(p.keep-time.Since(p.quiet[0].idle), p.sweep)
	}
}

// close ends the quiet connections at once and those in use when they come back.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
	for _, c := range p.quiet {
		c.close()
	}
	p.quiet = nil
}

// idle counts the quiet connections.
func (p *pool) idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.quiet)
}
