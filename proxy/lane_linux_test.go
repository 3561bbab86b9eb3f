package proxy

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// TestEndWithALaterRequest: a client that ends its side with its last request, in one packet, is not
// waited for until limits.idle.
func TestEndWithALaterRequest(t *testing.T) {
	t.Parallel()
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	cfg := oneRoute(base, nil)
	cfg.Limits.Idle = 8 * time.Second
	_, addr := start(t, cfg, memory(t))
	s := speak(t, addr)
	for range 3 {
		s.write(sms(person.Address, "Sale"))
		s.hear("POST")
	}
	raw, err := s.conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK, 1) })
	}
	if err != nil {
		t.Fatal(err)
	}
	s.write(sms(person.Address, "Sale"))
	if err := s.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if a := s.hear("POST"); a.StatusCode != 200 {
		t.Fatalf("answered %s", a.Status)
	}
	if n, err := s.br.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		t.Errorf("after the answer came %d bytes, %v", n, err)
	}
	if took := time.Since(began); took > cfg.Limits.Idle/2 {
		t.Errorf("the connection ended after %s", took)
	}
}

// TestQuietClient: a client that says nothing for a while keeps its connection until limits.idle, and is
// answered after it was looked at.
func TestQuietClient(t *testing.T) {
	t.Parallel()
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	cfg := oneRoute(base, nil)
	cfg.Limits.Idle = 2 * time.Second
	g, addr := start(t, cfg, memory(t))
	s := speak(t, addr)
	var began time.Time
	for range 3 {
		s.write(sms(person.Address, "Sale"))
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Errorf("answered %s", a.Status)
		}
		began = time.Now()
		time.Sleep(cfg.Limits.Idle * 3 / 8) // beyond the look
	}
	if g.fast.Load() != 3 {
		t.Errorf("%d requests went the short way", g.fast.Load())
	}
	if _, err := s.br.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took < cfg.Limits.Idle {
		t.Errorf("the connection ended after %s", took)
	}
}
