package proxy

import (
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBoundOnRequestsInFlight(t *testing.T) {
	var now, most atomic.Int64
	release := make(chan struct{})
	arrived := make(chan struct{}, 100)
	base := play(t, loopback(t), echo(okAnswer, func(wire) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		arrived <- struct{}{}
		<-release
		now.Add(-1)
	}))
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.InFlight, rc.Timeouts.Connect = 3, 50*time.Millisecond }), memory(t))
	codes := make(chan int, 10)
	for range 3 {
		go func() { codes <- ask(t, addr, sms(person.Address, "Sale")).StatusCode }()
		<-arrived
	}
	for range 5 {
		a := ask(t, addr, sms(person.Address, "Sale"))
		if a.StatusCode != 503 || a.Header.Get("Sendgate-Outcome") != "not-sent" {
			t.Errorf("beyond the bound: answered %d %s", a.StatusCode, a.body)
		}
	}
	close(release)
	for range 3 {
		if code := <-codes; code != 200 {
			t.Errorf("within the bound: answered %d", code)
		}
	}
	if n := most.Load(); n != 3 {
		t.Errorf("%d requests at a time reached the upstream", n)
	}
}

func TestBoundOnHandshakes(t *testing.T) {
	cert, ca := certificateFor(t, "localhost")
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	var now, most atomic.Int64
	two := make(chan struct{})
	var once sync.Once
	url := play(t, loopback(t), func(c net.Conn) {
		n := now.Add(1)
		if n > most.Load() {
			most.Store(n)
		}
		if n == 2 {
			once.Do(func() { close(two) })
		}
		<-two
		secure := tls.Server(c, config)
		now.Add(-1) // before the gate can see the end of the handshake
		if secure.Handshake() == nil {
			echo(okAnswer, func(wire) {})(secure)
		}
	})
	_, addr := start(t, oneRoute(strings.Replace(url, "http://127.0.0.1", "https://localhost", 1),
		func(rc *RouteConfig) { rc.CAFile, rc.Handshakes = ca, 2 }), memory(t))
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			if a := ask(t, addr, sms(person.Address, "Sale")); a.StatusCode != 200 {
				t.Errorf("answered %d %s", a.StatusCode, a.body)
			}
		})
	}
	group.Wait()
	if n := most.Load(); n != 2 {
		t.Errorf("%d handshakes at a time", n)
	}
}
