package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// direct makes an upstream whose connections come from connect.
func direct(t *testing.T, connect func() (net.Conn, error), change func(*RouteConfig)) *upstream {
	t.Helper()
	rc := RouteConfig{Upstream: "http://127.0.0.1:1/base", InFlight: 8, Handshakes: 2, Timeouts: Timeouts{}.withDefaults()}
	if change != nil {
		change(&rc)
	}
	u, err := newUpstream(rc, Limits{}.withDefaults(), new(counters))
	if err != nil {
		t.Fatal(err)
	}
	u.dialer.connect = func(context.Context, string, string) (net.Conn, error) { return connect() }
	t.Cleanup(u.pool.close)
	return u
}

func TestOutcome(t *testing.T) {
	const request = "POST /x HTTP/1.1\r\nHost: u\r\nContent-Length: 5\r\n\r\nhello"
	// read takes n bytes of the request, says something, and leaves.
	read := func(n int, answer string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.CopyN(io.Discard, c, int64(n))
			if answer != "" {
				_, _ = io.WriteString(c, answer)
			}
			_ = c.Close()
		}
	}
	all := len(request)
	cases := []struct {
		name string
		play func(net.Conn)
		want outcome
		says string
	}{
		{"it leaves before the first byte", read(0, ""), notSent, "sending the request"},
		{"it leaves after one byte", read(1, ""), unknown, "sending the request"},
		{"it leaves before the last byte", read(all-1, ""), unknown, "sending the request"},
		{"it answers early, before it has read all", read(all-5, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"), answered, ""},
		{"it leaves without an answer", read(all, ""), unknown, "no answer"},
		{"it leaves within the status line", read(all, "HTTP/1.1 20"), unknown, "reading the answer's head"},
		{"it leaves within the head", read(all, "HTTP/1.1 200 OK\r\nContent-Le"), unknown, "reading the answer's head"},
		{"it leaves within the body", read(all, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), unknown, "reading the answer's body"},
		{"it leaves within a chunk", read(all, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), unknown, "reading the answer's body"},
		{"it leaves before the trailers end", read(all, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n"), unknown, "trailers"},
		{"it speaks something else", read(all, "SSH-2.0-OpenSSH_9.2\r\n\r\n"), unknown, "not well-formed HTTP/1.1"},
		{"it switches protocols", read(all, "HTTP/1.1 101 Switching Protocols\r\n\r\n"), unknown, "status 101"},
		{"it says continue without end", read(all, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20)), unknown, "status 100"},
		{"it gives two lengths", read(all, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), unknown, "length is ambiguous"},
		{"it gives a length and chunks", read(all, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), unknown, "length is ambiguous"},
		{"its head is too large", read(all, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("y", 17<<10)+"\r\n\r\n"), unknown, "limits.header (16384 bytes)"},
		{"its lines are too many", read(all, "HTTP/1.1 200 OK\r\n"+strings.Repeat("X: y\r\n", 4<<10)+"\r\n"), unknown, "limits.header (16384 bytes)"},
		{"its body is too large", read(all, "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"), unknown, "limits.body (4194304 bytes)"},
		{"its answer ends with the connection", read(all, "HTTP/1.0 200 OK\r\n\r\nhello"), answered, ""},
		{"it sends early hints first", read(all, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), answered, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dials := 0
			u := direct(t, func() (net.Conn, error) {
				here, there := net.Pipe()
				dials++
				go c.play(there)
				return here, nil
			}, func(rc *RouteConfig) { rc.Timeouts.Write = 100 * time.Millisecond })
			var resp fasthttp.Response
			got, err := u.exchange([]byte(request), false, &resp)
			if got != c.want || (err == nil) != (c.want == answered) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("outcome %s, %v; want %s, %q", got, err, c.want, c.says)
			}
			if dials != 1 {
				t.Errorf("%d connections were made", dials)
			}
			if n := u.pool.idle(); n != 0 && c.want != answered {
				t.Errorf("%d connections were kept", n)
			}
		})
	}
	t.Run("it cannot be reached", func(t *testing.T) {
		u := direct(t, func() (net.Conn, error) { return nil, errors.New("no way") }, nil)
		if got, err := u.exchange([]byte(request), false, new(fasthttp.Response)); got != notSent || !strings.Contains(err.Error(), "connecting to 127.0.0.1:1: no way") {
			t.Errorf("outcome %s, %v", got, err)
		}
	})
	t.Run("it reads nothing for the write timeout", func(t *testing.T) {
		u := direct(t, func() (net.Conn, error) { here, _ := net.Pipe(); return here, nil },
			func(rc *RouteConfig) { rc.Timeouts.Write = 20 * time.Millisecond })
		if got, err := u.exchange([]byte(request), false, new(fasthttp.Response)); got != notSent {
			t.Errorf("outcome %s, %v", got, err)
		}
	})
}

func TestAnswer(t *testing.T) {
	upstream := "HTTP/1.1 201 Made\r\nDATE: Sat, 21 Nov 2026 10:00:00 GMT\r\nx-ODD: 1\r\nx-odd: 2\r\nX-Empty:\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n" +
		"Connection: keep-alive, X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\nSendgate-Decision: forward\r\nSENDGATE-id: x\r\n" +
		"Content-Type: application/json;v=2\r\nContent-Length: 9\r\nRetry-After: 5\r\n\r\n{\"a\": 1 }"
	base := play(t, loopback(t), echo(upstream, func(wire) {}))
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Mode = Open }), memory(t))
	s := speak(t, addr)
	s.write(sms(person.Address, "Sale"))
	var got string
	for !strings.HasSuffix(got, "\r\n\r\n") {
		line, err := s.br.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got += line
	}
	body := make([]byte, 9)
	if _, err := io.ReadFull(s.br, body); err != nil || string(body) != "{\"a\": 1 }" {
		t.Errorf("body %q, %v", body, err)
	}
	want := "HTTP/1.1 201 Made\r\nContent-Type: application/json;v=2\r\nContent-Length: 9\r\n" +
		"DATE: Sat, 21 Nov 2026 10:00:00 GMT\r\nx-ODD: 1\r\nx-odd: 2\r\nX-Empty: \r\nRetry-After: 5\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n"
	if got != want {
		t.Errorf("the client got\n%q\nwant\n%q", got, want)
	}
}

func TestTLSUpstream(t *testing.T) {
	cert, ca := authority(t, "localhost")
	other, otherCA := authority(t, "other.test")
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
			if n := g.counts["twilio"].dials.Load(); c.status == 200 && n != 1 {
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
	if u := count.outcomes[unknown].Load(); u != 0 {
		t.Errorf("%d outcomes are unknown", u)
	}
	// A connection that the upstream closed is found dead when it comes back, or when it is next taken.
	if d := count.dials.Load(); ends == 0 || d < uint64(ends) || d > uint64(ends)+1 {
		t.Errorf("%d connections were made, and %d closed", d, ends)
	}
}

func TestBounds(t *testing.T) {
	t.Run("requests in flight", func(t *testing.T) {
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
	})
	t.Run("handshakes", func(t *testing.T) {
		cert, ca := authority(t, "localhost")
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
	})
}
