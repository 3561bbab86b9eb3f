package tunnel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A Set is the tunnels that are open. It is safe for concurrent use.
type Set struct {
	// Lookup and Dial are how hosts are found and reached: as those of package net do it, where nobody says otherwise
	// before the first tunnel.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)

	ctx context.Context // ends with Close
	end context.CancelFunc

	mu     sync.Mutex
	closed bool
	open   sync.WaitGroup
}

// New is a Set without tunnels.
func New() *Set {
	ctx, end := context.WithCancel(context.Background())
	return &Set{Lookup: net.DefaultResolver.LookupNetIP, Dial: new(net.Dialer).DialContext, ctx: ctx, end: end}
}

// Begin reports whether one more may be opened; Done is to be called after it.
func (s *Set) Begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.open.Add(1)
	}
	return !s.closed
}

// Done is for one that was begun and is over.
func (s *Set) Done() { s.open.Done() }

// Close ends all of them, and waits for that. No other begins.
func (s *Set) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.open.Wait()
}

// Carry passes on what either side says, until one ends, nothing is said for idle, or may says no.
func (s *Set) Carry(here, there net.Conn, idle time.Duration, may func() bool) {
	stop := context.AfterFunc(s.ctx, func() {
		_ = here.Close()
		_ = there.Close()
	})
	defer stop()
	var last atomic.Int64
	last.Store(time.Now().UnixNano())
	var back sync.WaitGroup
	back.Go(func() {
		relay(here, there, &last, idle, may)
		_ = here.Close() // what the host has ended, nobody goes on with
	})
	relay(there, here, &last, idle, may)
	if half, ok := there.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		_ = there.Close()
	}
	back.Wait()
}

// relay passes on what from says, while it may. last is when either side last said anything.
func relay(to, from net.Conn, last *atomic.Int64, idle time.Duration, may func() bool) {
	buf := make([]byte, 16<<10)
	for {
		until := time.Unix(0, last.Load()).Add(idle)
		if from.SetReadDeadline(until) != nil {
			return
		}
		n, err := from.Read(buf)
		if n > 0 && !may() {
			_, _ = to.Close(), from.Close()
			return
		}
		if n > 0 {
			last.Store(time.Now().UnixNano())
			if to.SetWriteDeadline(time.Now().Add(idle)) != nil {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		var late net.Error
		if err != nil && !(errors.As(err, &late) && late.Timeout() && time.Since(time.Unix(0, last.Load())) < idle) {
			return
		}
	}
}
