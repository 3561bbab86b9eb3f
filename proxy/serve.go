package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

func (g *Gate) newServer() *fasthttp.Server {
	l := g.limits
	return &fasthttp.Server{
		Handler:                      g.Handler,
		ErrorHandler:                 g.broken,
		Concurrency:                  l.Connections + turning, // the doorman's bound comes first
		ReadBufferSize:               l.Header,
		MaxRequestBodySize:           l.Body,
		ReadTimeout:                  l.Read,
		WriteTimeout:                 l.Read,
		IdleTimeout:                  l.Idle,
		ReduceMemoryUsage:            true, // a connection that waits, or is on the lane, holds no buffers
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		NoDefaultDate:                true, // the upstream's passes; answers of the gate's own get one
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		SecureErrorLogMessage:        true,
		Logger:                       silence{},
	}
}

// silence takes fasthttp's own log: it quotes what clients wrote, and every refusal is counted.
type silence struct{}

func (silence) Printf(string, ...any) {}

// Serve takes connections from ln until [Gate.Shutdown], and then closes it and returns nil. A gate may
// serve several listeners.
func (g *Gate) Serve(ln net.Listener) error { return g.serve(ln, newClient) }

// ServeTLS is Serve where clients come by the hosts of providers; see [TLSConfig].
func (g *Gate) ServeTLS(ln net.Listener) error { return g.serve(ln, newSecureClient) }

func (g *Gate) serve(ln net.Listener, greet func(net.Conn, *Gate) *client) error {
	d := newDoorman(ln, g, greet)
	if !g.ports.add(d) {
		return d.Close() // nobody was let in
	}
	if err := g.server.Serve(d); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("taking connections on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Start begins to do what the gate still has to do after it acknowledged something; see [errands.Errand]. It does
// nothing the second time.
func (g *Gate) Start() {
	g.errands.Start()
	g.withdrawals.begin.Do(func() { g.errands.Go(g.withdrawals.run) })
}

// Shutdown stops taking connections, lets the accepted requests and webhooks and the errands under way finish,
// and closes the connections to the upstreams. When ctx ends first it returns ctx's error, and some of them may still
// be running; see [Gate.Abandon].
func (g *Gate) Shutdown(ctx context.Context) error {
	g.stopping.Store(true)
	g.ports.close() // fasthttp knows a listener only once its Serve has begun
	for _, c := range g.known.list() {
		c.retire()
	}
	g.tunnels.Close()
	g.calls.ports.close()
	err := cmp.Or(g.calls.server.ShutdownWithContext(ctx), g.server.ShutdownWithContext(ctx))
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	err = cmp.Or(err, g.errands.Shutdown(ctx))
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, u := range g.table.Load().upstreams() {
		u.Close()
	}
	if err != nil {
		return fmt.Errorf("finishing what was under way: %w", err)
	}
	return nil
}

// ports are the listeners that a gate serves.
type ports struct {
	mu     sync.Mutex
	all    []net.Listener
	closed bool
}

// add reports whether ln may still be served.
func (p *ports) add(ln net.Listener) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.all = append(p.all, ln)
	}
	return !p.closed
}

func (p *ports) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ln := range p.all {
		_ = ln.Close() // who serves it is told
	}
	p.all, p.closed = nil, true
}
