package proxy

import (
	"context"
	"errors"
	"net"
	"testing"
)

// A gate that is stopped while it begins to serve, before, in the middle or after, stops.
func TestShutdownInTheFirstInstant(t *testing.T) {
	for round := range 200 {
		g := newGate(t, oneRoute("http://127.0.0.1:9", nil), memory(t))
		ln, ended := loopback(t), make(chan error, 1)
		serve := func() { ended <- g.Serve(ln) }
		if round > 0 {
			go serve()
		}
		if err := g.Shutdown(context.Background()); err != nil {
			t.Fatalf("shutting down: %v", err)
		}
		if round == 0 {
			serve()
		}
		if err := <-ended; err != nil {
			t.Fatalf("serving: %v", err)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("the listener is still open: %v", err)
		}
	}
}
