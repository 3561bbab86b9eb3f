package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

func (g *Gate) newServer() *fasthttp.Server {
	l := g.limits
	return &fasthttp.Server{
		Handler:                      g.Handler,
		ErrorHandler:                 g.broken,
		ConnState:                    g.countClient,
		Concurrency:                  l.Connections + overflow,
		ReadBufferSize:               l.Header,
		MaxRequestBodySize:           l.Body,
		ReadTimeout:                  l.Read,
		WriteTimeout:                 l.Read,
		IdleTimeout:                  l.Idle,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		NoDefaultDate:                true, // the upstream's passes; the gate's own answers get one
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		SecureErrorLogMessage:        true,
		Logger:                       silence{},
	}
}

// silence takes fasthttp's own log: it quotes what clients wrote, and every refusal is counted.
type silence struct{}

func (silence) Printf(string, ...any) {}

// Serve takes connections from ln until [Gate.Shutdown], and then returns nil. A gate may serve
// several listeners.
func (g *Gate) Serve(ln net.Listener) error {
	if err := g.server.Serve(&doorman{ln, g}); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("taking connections on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown stops taking connections, lets the accepted requests finish, and closes the connections
// to the upstreams. When ctx ends first it returns ctx's error, and requests may still be running.
func (g *Gate) Shutdown(ctx context.Context) error {
	err := g.server.ShutdownWithContext(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, rt := range g.table.Load().routes {
		rt.upstream.pool.close()
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("finishing the accepted requests: %w", err)
	}
	return nil
}

// overflow keeps fasthttp's own bound out of the way of the gate's, which answers in words.
const overflow = 64

func (g *Gate) countClient(_ net.Conn, s fasthttp.ConnState) {
	switch s {
	case fasthttp.StateNew:
		g.clients.Add(1)
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		g.clients.Add(-1)
	}
}

// A doorman turns connections away while there are as many as limits.connections allows.
type doorman struct {
	net.Listener
	g *Gate
}

func (d *doorman) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil || d.g.clients.Load() < int64(d.g.limits.Connections) {
			return c, err
		}
		d.g.malformed.Add(1)
		var resp fasthttp.Response
		say(&resp, fasthttp.StatusServiceUnavailable, fmt.Sprintf(
			"this gate holds as many connections as limits.connections allows (%d); nothing was sent", d.g.limits.Connections))
		resp.Header.Set("Sendgate-Outcome", notSent.String())
		resp.SetConnectionClose()
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = resp.WriteTo(c)
		_ = c.Close()
	}
}
