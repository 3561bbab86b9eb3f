package proxy

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A crowded listener is one whose system has no room for the first connections.
type crowded struct {
	net.Listener
	refusals []syscall.Errno
}

func (l *crowded) Accept() (net.Conn, error) {
	if len(l.refusals) == 0 {
		return l.Listener.Accept()
	}
	why := l.refusals[0]
	l.refusals = l.refusals[1:]
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", why)}
}

// A process, or a machine, that has no file left to open for a moment is no reason to stop: whoever came meanwhile is
// heard once there is room.
func TestNoRoomForAConnection(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	ln := loopback(t)
	serve(t, oneRoute(base, nil), memory(t), &crowded{ln, noRoom})
	if a := ask(t, ln.Addr().String(), sms(person.Address, "Sale")); a.StatusCode != 200 {
		t.Errorf("a send was answered %s", a.Status)
	}
}

// Providers that call are heard again, too.
func TestNoRoomForACall(t *testing.T) {
	g := newGate(t, oneRoute("http://127.0.0.1:9", nil), memory(t))
	ln, ended := loopback(t), make(chan error, 1)
	go func() { ended <- g.ServeWebhooks(&crowded{ln, noRoom}) }()
	if a := ask(t, ln.Addr().String(), "GET /twilio HTTP/1.1\r\nHost: gate\r\n\r\n"); a.StatusCode != 404 {
		t.Errorf("a call to a route that takes none was answered %s", a.Status)
	}
	if err := g.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// While there is no room the log hears of it once a minute, and what is wrong with the listener itself ends it.
func TestPatientListenerTells(t *testing.T) {
	real := loopback(t)
	defer real.Close()
	synctest.Test(t, func(t *testing.T) {
		refusals := make([]syscall.Errno, 99)
		for i := range refusals {
			refusals[i] = syscall.EMFILE
		}
		core, logs := observer.New(zap.ErrorLevel)
		ln := &patient{Listener: &crowded{real, append(refusals, syscall.EBADF)}, log: zap.New(core)}
		began := time.Now()
		if _, err := ln.Accept(); !errors.Is(err, syscall.EBADF) {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(began); took < time.Minute || took > 2*time.Minute {
			t.Errorf("99 tries took %s", took)
		}
		if n := logs.Len(); n != 2 {
			t.Errorf("the log heard of it %d times", n)
		}
	})
}
