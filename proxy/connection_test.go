package proxy

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/upstream"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestTLSUpstream(t *testing.T) {
	cert, ca := certificateFor(t, "localhost")
	other, otherCA := certificateFor(t, "other.test")
	both := func(cert tls.Certificate) string {
		config := &tls.Config{Certificates: []tls.Certificate{cert}}
		url := play(t, loopback(t), func(c net.Conn) { echo(okAnswer, func(wire) {})(tls.Server(c, config)) })
		return strings.Replace(url, "http://127.0.0.1", "https://localhost", 1)
	}
	cases := []struct {
		name, upstream, ca string
		status             int
		log                string
	}{
		{"a certificate of the authority in ca_file", both(cert), ca, 200, ""},
		{"an authority nobody named", both(cert), "", 503, "certificate signed by unknown authority"},
		{"a certificate for another name", both(other), otherCA, 503, "certificate is valid for other.test, not localhost"},
		{"no TLS at all", strings.Replace(play(t, loopback(t), func(c net.Conn) { _, _ = io.WriteString(c, okAnswer); _, _ = io.Copy(io.Discard, c) }),
			"http://127.0.0.1", "https://localhost", 1), ca, 503, "TLS handshake with localhost:"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			core, logs := observer.New(zapcore.WarnLevel)
			cfg := oneRoute(c.upstream, func(rc *RouteConfig) { rc.CAFile, rc.Timeouts.Connect = c.ca, 2*time.Second })
			cfg.Logger = zap.New(core)
			g, addr := start(t, cfg, memory(t))
			for range 3 {
				a := ask(t, addr, sms(person.Address, "Sale"))
				if a.StatusCode != c.status || (a.Header.Get("Sendgate-Outcome") == "not-sent") != (c.status == 503) {
					t.Fatalf("answered %d %s", a.StatusCode, a.body)
				}
			}
			if n := g.counts["twilio"].connections.Dials.Load(); c.status == 200 && n != 1 {
				t.Errorf("%d connections for three sends", n)
			}
			if c.log != "" && !strings.Contains(fmt.Sprint(logs.All()[0].ContextMap()), c.log) {
				t.Errorf("logged %v, want %q", logs.All()[0].ContextMap(), c.log)
			}
		})
	}
}

// TestDeadConnection has the upstream close idle connections between sends. Every send succeeds,
// because a dead connection is found before it is written to.
func TestDeadConnection(t *testing.T) {
	closed := make(chan bool)
	n := 0
	base := play(t, loopback(t), func(c net.Conn) {
		br := bufio.NewReader(c)
		for {
			if _, err := readWire(br); err != nil {
				return
			}
			n++
			ends := n%3 == 0 || n%7 == 0
			_, _ = io.WriteString(c, okAnswer)
			if ends {
				_ = c.Close()
			}
			closed <- ends
			if ends {
				return
			}
		}
	})
	g, addr := start(t, oneRoute(base, nil), memory(t))
	s := speak(t, addr)
	ends := 0
	for i := range 200 {
		s.write(sms(person.Address, "Sale"))
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Fatalf("send %d was answered %d %s", i, a.StatusCode, a.body)
		}
		if <-closed {
			ends++
		}
	}
	count := g.counts["twilio"]
	if u := count.outcomes[upstream.Unknown].Load(); u != 0 {
		t.Errorf("%d outcomes are unknown", u)
	}
	// A connection that the upstream closed is found dead when it comes back, or when it is next taken.
	if d := count.connections.Dials.Load(); ends == 0 || d < uint64(ends) || d > uint64(ends)+1 {
		t.Errorf("%d connections were made, and %d closed", d, ends)
	}
}
