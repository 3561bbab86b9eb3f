package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// tunnels are those to hosts that no route answers for.
type tunnels struct {
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	ctx    context.Context // ends with the gate
	end    context.CancelFunc

	mu     sync.Mutex
	closed bool
	open   sync.WaitGroup
}

func newTunnels() *tunnels {
	ctx, end := context.WithCancel(context.Background())
	return &tunnels{lookup: net.DefaultResolver.LookupNetIP, dial: new(net.Dialer).DialContext, ctx: ctx, end: end}
}

// begin reports whether one more may be opened; done is to be called after it.
func (t *tunnels) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.open.Add(1)
	}
	return !t.closed
}

// done is for one that was begun and is over.
func (t *tunnels) done() { t.open.Done() }

// close ends all of them, and waits for that.
func (t *tunnels) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.end()
	t.open.Wait()
}

// tunnelConnect is how long finding and reaching the end of a tunnel may take.
const tunnelConnect = 5 * time.Second

// errInside is for a name that leads to where only this machine or this network can go.
var errInside = errors.New("it has an address that is not public")

// reach connects to host at port 443, at an address that was looked at: a name that leads inside, also beside
// other addresses, is not followed.
func (t *tunnels) reach(host string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(t.ctx, tunnelConnect)
	defer cancel()
	found, err := t.lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for _, at := range found {
		if !public(at) {
			return nil, errInside
		}
	}
	err = errors.New("it has no address")
	for _, at := range found {
		var c net.Conn
		if c, err = t.dial(ctx, "tcp", netip.AddrPortFrom(at.Unmap(), 443).String()); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// private are the ranges that lead nowhere public, besides those that [netip.Addr] knows.
// https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
var private = func() (all []netip.Prefix) {
	for _, p := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
		"3fff::/20", "5f00::/16", "fec0::/10"} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}()

// public reports whether at is an address of the public internet.
func public(at netip.Addr) bool {
	at = at.Unmap()
	if !at.IsGlobalUnicast() || at.IsPrivate() || at.Zone() != "" {
		return false
	}
	for _, p := range private {
		if p.Contains(at) {
			return false
		}
	}
	return true
}

// carry passes on what either side says, until one ends, nothing is said for idle, or may says no.
func (t *tunnels) carry(here, there net.Conn, idle time.Duration, may func() bool) {
	stop := context.AfterFunc(t.ctx, func() {
		_ = here.Close()
		_ = there.Close()
	})
	defer stop()
	var last atomic.Int64
	last.Store(time.Now().UnixNano())
	var back sync.WaitGroup
	back.Go(func() {
		pass(here, there, &last, idle, may)
		_ = here.Close() // what the host has ended, nobody goes on with
	})
	pass(there, here, &last, idle, may)
	if half, ok := there.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		_ = there.Close()
	}
	back.Wait()
}

// pass passes on what from says, while it may. last is when either side last said anything.
func pass(to, from net.Conn, last *atomic.Int64, idle time.Duration, may func() bool) {
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
