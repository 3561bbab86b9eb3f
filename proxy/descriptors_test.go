package proxy

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/socket"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Connections leave alone the descriptors that are not for them: clients beyond what there is room for
// are turned away in words, and requests wait for a connection to the upstream that others have.
func TestDescriptors(t *testing.T) {
	arrived, answer := make(chan bool, 3), make(chan bool)
	var connections atomic.Int64
	each := echo(okAnswer, func(wire) { arrived <- true; <-answer })
	base := play(t, loopback(t), func(c net.Conn) {
		connections.Add(1)
		each(c)
	})
	core, logs := observer.New(zap.WarnLevel)
	cfg := oneRoute(base, func(r *RouteConfig) { r.Timeouts.Connect = time.Minute })
	cfg.Logger = zap.New(core)
	cfg.Descriptors = func() int { return 4 }
	g, addr := start(t, cfg, memory(t))
	if n := logs.FilterMessageSnippet("fewer connections than limits.connections").Len(); n != 1 {
		t.Errorf("it was told %d times that there are few", n)
	}
	var speakers []*speaker
	for range 3 {
		speakers = append(speakers, speak(t, addr))
	}
	eventually(t, "three clients are let in", func() bool { return g.files.InUse() == 3 })
	for _, s := range speakers {
		s.write(sms("+14155550100", "one"))
	}
	<-arrived
	if a := ask(t, addr, sms("+14155550100", "too many")); a.StatusCode != 503 || !strings.Contains(a.body, "files open") {
		t.Errorf("the fourth client was answered %d %s", a.StatusCode, a.body)
	}
	close(answer)
	for _, s := range speakers {
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Errorf("a request that had to wait was answered %d %s", a.StatusCode, a.body)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("there were %d connections to the upstream, and descriptors for one", n)
	}
	for _, s := range speakers {
		s.conn.Close()
	}
	eventually(t, "all descriptors but that of the upstream's connection are given back", func() bool { return g.files.InUse() == 1 })
}

// A connection to an upstream that fails gives its descriptor back.
func TestDescriptorsOfFailedDials(t *testing.T) {
	ln := loopback(t)
	base := "http://" + ln.Addr().String()
	ln.Close()
	cfg := oneRoute(base, nil)
	cfg.Descriptors = func() int { return 8 }
	g, addr := start(t, cfg, memory(t))
	for range 20 {
		if a := ask(t, addr, sms("+14155550100", "one")); a.Header.Get("Sendgate-Outcome") != "not-sent" || strings.Contains(a.body, "descriptor") {
			t.Fatalf("answered %d %s", a.StatusCode, a.body)
		}
	}
	eventually(t, "all descriptors are given back", func() bool { return g.files.InUse() == 0 })
}

// Providers that call take descriptors, too, and give them back.
func TestDescriptorsOfWebhooks(t *testing.T) {
	files := socket.NewDescriptors(func() int { return 2 })
	ln := &sharing{loopback(t), files}
	defer ln.Close()
	var served []net.Conn
	for range 2 {
		speak(t, ln.Addr().String())
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		served = append(served, c)
	}
	third := speak(t, ln.Addr().String())
	accepted := make(chan net.Conn, 1)
	go func() {
		if c, err := ln.Accept(); err == nil {
			accepted <- c
		}
	}()
	if _, err := third.br.ReadByte(); err == nil {
		t.Error("a connection without a descriptor was heard")
	}
	for _, c := range served {
		c.Close()
		c.Close() // as a server may
	}
	speak(t, ln.Addr().String())
	(<-accepted).Close()
	eventually(t, "all descriptors are given back", func() bool { return files.InUse() == 0 })
}
