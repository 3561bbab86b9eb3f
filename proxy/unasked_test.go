package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// eager holds back the last words of its handshake, until something follows them.
type eager struct {
	*holding
	writes int
}

func (e *eager) Write(p []byte) (int, error) {
	if e.writes++; e.writes == 2 {
		e.hold = true
	}
	return e.holding.Write(p)
}

// overTLS is a route to an upstream at url, whose certificate ca signed.
func overTLS(url, ca string, change func(*RouteConfig)) Config {
	return oneRoute(strings.Replace(url, "http://127.0.0.1", "https://localhost", 1), func(rc *RouteConfig) {
		rc.CAFile = ca
		if change != nil {
			change(rc)
		}
	})
}

// TestAnswerBeforeRequest: an answer that comes in one piece with the end of the handshake is no answer
// to a request that has not left. It is not sent later either, behind somebody else's.
func TestAnswerBeforeRequest(t *testing.T) {
	cert, ca := certificateFor(t, "localhost")
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS12}
	seen := make(chan string, 10)
	var met atomic.Bool
	url := play(t, loopback(t), func(raw net.Conn) {
		h := &holding{Conn: raw}
		var c *tls.Conn
		if !met.Swap(true) {
			c = tls.Server(&eager{holding: h}, config)
		} else {
			c = tls.Server(raw, config)
		}
		if c.Handshake() != nil {
			return
		}
		if h.hold {
			_, _ = io.WriteString(c, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
			h.hold = false
			_ = h.release()
		}
		for br := bufio.NewReader(c); ; {
			w, err := readWire(br)
			if err != nil {
				return
			}
			seen <- w.body
			_, _ = io.WriteString(c, okAnswer)
		}
	})
	st := memory(t)
	_, addr := start(t, overTLS(url, ca, nil), st)
	if got := ask(t, addr, sms(person.Address, "one")); got.StatusCode != 503 || got.Header.Get("Sendgate-Outcome") != "not-sent" {
		t.Errorf("told %d, %q: want that nothing was sent", got.StatusCode, got.Header.Get("Sendgate-Outcome"))
	}
	learn(t, st, filter.Event{To: person, Kind: filter.OptedOut, Source: "test"})
	if got := ask(t, addr, sms("+14155550199", "two")); got.StatusCode != 200 {
		t.Errorf("the next send was told %d", got.StatusCode)
	}
	if body := <-seen; !strings.Contains(body, "Body=two") {
		t.Errorf("the upstream received %q first: want only what was sent after the opt-out", body)
	}
}

// TestUpstreamThatShedsLoad answers every connection before it is asked, and listens no more. Nobody has
// to wait for that.
func TestUpstreamThatShedsLoad(t *testing.T) {
	cert, ca := certificateFor(t, "localhost")
	for name, secure := range map[string]bool{"plain": false, "TLS 1.3": true} {
		t.Run(name, func(t *testing.T) {
			url := play(t, loopback(t), func(raw net.Conn) {
				c := raw.(interface {
					net.Conn
					CloseWrite() error
				})
				if secure {
					s := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{cert}})
					if s.Handshake() != nil {
						return
					}
					c = s
				}
				_, _ = io.WriteString(c, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				_ = c.CloseWrite()
				_, _ = io.Copy(io.Discard, raw)
			})
			long := func(rc *RouteConfig) { rc.Timeouts.Response = 30 * time.Second }
			cfg := oneRoute(url, long)
			if secure {
				cfg = overTLS(url, ca, long)
			}
			_, addr := start(t, cfg, memory(t))
			began := time.Now()
			for range 40 {
				if got := ask(t, addr, sms(person.Address, "x")); got.StatusCode != 503 {
					t.Fatalf("told %d after %s, want 503 at once", got.StatusCode, time.Since(began))
				}
			}
		})
	}
}

// TestListedLength: what says how to read a body is passed on, also where the upstream lists it among
// the headers of the connection.
func TestListedLength(t *testing.T) {
	base := play(t, loopback(t), echo("HTTP/1.1 201 Created\r\nConnection: Content-Length, Content-Type, X-Hop\r\nX-Hop: 1\r\n"+
		"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", func(wire) {}))
	_, addr := start(t, oneRoute(base, nil), memory(t))
	s := speak(t, addr)
	for range 2 {
		s.write(sms(person.Address, "Sale"))
		if got := s.hear("POST"); got.body != "{}" || got.ContentLength != 2 || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("X-Hop") != "" {
			t.Errorf("told %q with %v", got.body, got.Header)
		}
	}
}

// TestRequestThatFillsTheBuffer: what came behind it is answered too.
func TestRequestThatFillsTheBuffer(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, oneRoute(base, nil), memory(t))
	for size := range 3 {
		s := speak(t, addr)
		s.write(sms(person.Address, "first"))
		s.hear("POST")
		text := strings.Repeat("x", g.limits.Header-len(sms(person.Address, ""))-4+size)
		s.write(sms(person.Address, text) + sms(person.Address, "last"))
		for range 2 {
			if got := s.hear("POST"); got.StatusCode != 200 {
				t.Errorf("told %d", got.StatusCode)
			}
		}
	}
}

// TestStopWithSilentClients: who connected and said nothing keeps nobody waiting.
func TestStopWithSilentClients(t *testing.T) {
	g, err := New(oneRoute("http://127.0.0.1:1", nil), memory(t))
	if err != nil {
		t.Fatal(err)
	}
	ln := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ln) }()
	for range 5 {
		speak(t, ln.Addr().String())
	}
	for g.open.Load() < 5 {
		time.Sleep(time.Millisecond) // until they are accepted
	}
	ctx, cancel := context.WithTimeout(context.Background(), g.limits.Read/2)
	defer cancel()
	if err := g.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
