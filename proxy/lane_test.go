package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"
)

// TestRequestsInPieces cuts requests at every byte, so that each piece is read alone: one request,
// and two of which the cut is anywhere. Each is answered once, in its turn.
func TestRequestsInPieces(t *testing.T) {
	seen := make(chan wire, 4)
	base := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
	ln := fasthttputil.NewInmemoryListener()
	serve(t, oneRoute(base, nil), memory(t), ln)
	one, two := sms(person.Address, "one"), sms(person.Address, "two!")
	for name, whole := range map[string]string{"one request": one, "two requests": one + two} {
		for cut := 1; cut < len(whole); cut++ {
			c, err := ln.Dial()
			if err != nil {
				t.Fatal(err)
			}
			s := &speaker{t, c, bufio.NewReader(c)}
			s.write(whole[:cut])
			s.write(whole[cut:])
			for _, text := range []string{"one", "two!"}[:strings.Count(whole, "POST")] {
				if a := s.hear("POST"); a.StatusCode != 200 {
					t.Fatalf("%s, cut at %d: answered %d %s", name, cut, a.StatusCode, a.body)
				}
				if w := <-seen; !strings.HasSuffix(w.body, "&Body="+text) {
					t.Fatalf("%s, cut at %d: the upstream received %q", name, cut, w.body)
				}
			}
			c.Close()
		}
	}
	if len(seen) > 0 {
		t.Errorf("%d requests more arrived", len(seen))
	}
}

// TestIdleClient: a connection that served ends without a word when it lies idle for too long.
func TestIdleClient(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	cfg := oneRoute(base, nil)
	cfg.Limits.Idle = 80 * time.Millisecond
	_, addr := start(t, cfg, memory(t))
	s := speak(t, addr)
	for range 3 {
		s.write(sms(person.Address, "Sale"))
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Fatalf("answered %d %s", a.StatusCode, a.body)
		}
	}
	began := time.Now()
	if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
		t.Errorf("the connection ended with %q, %v", rest, err)
	}
	if d := time.Since(began); d < 70*time.Millisecond {
		t.Errorf("it ended after %s", d)
	}
}

// TestClientThatHalfCloses: who has said all gets the answer, and then the end.
func TestClientThatHalfCloses(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	_, addr := start(t, oneRoute(base, nil), memory(t))
	for range 20 {
		s := speak(t, addr)
		s.write(sms(person.Address, "Sale"))
		if err := s.conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Fatalf("answered %d %s", a.StatusCode, a.body)
		}
		if err := s.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
			t.Fatalf("after the answer came %q, %v", rest, err)
		}
	}
}

// TestShutdownEndsWhoWaits: a client that waits with its next request does not keep the gate up.
func TestShutdownEndsWhoWaits(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, oneRoute(base, nil), memory(t))
	s := speak(t, addr)
	s.write(sms(person.Address, "Sale"))
	if a := s.hear("POST"); a.StatusCode != 200 {
		t.Fatalf("answered %d %s", a.StatusCode, a.body)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := g.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
		t.Errorf("the connection ended with %q, %v", rest, err)
	}
}

// TestShutdownAwaitsTheRest: a request of which a part came in is finished, and its answer says that
// it was the last.
func TestShutdownAwaitsTheRest(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	g, addr := start(t, oneRoute(base, nil), memory(t))
	s := speak(t, addr)
	request := sms(person.Address, "Sale")
	s.write(request)
	s.hear("POST")
	c := g.known.list()[0]
	until := func(phase int32) {
		for c.phase.Load() != phase {
			time.Sleep(time.Millisecond)
		}
	}
	until(waiting)
	s.write(request[:100])
	until(busy)
	ended := make(chan error, 1)
	go func() { ended <- g.Shutdown(context.Background()) }()
	for !g.stopping.Load() {
		time.Sleep(time.Millisecond)
	}
	s.write(request[100:])
	if a := s.hear("POST"); a.StatusCode != 200 || !a.Close {
		t.Errorf("answered %d, to be closed: %t", a.StatusCode, a.Close)
	}
	if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
		t.Errorf("the connection ended with %q, %v", rest, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

var longText = strings.Repeat("long ", 100_000)

// answerKinds are answers of an upstream, with what a client must make of each.
var answerKinds = []struct {
	name, method, answer string
	status               int
	body, length         string // Content-Length, if any
	ends                 bool   // the upstream ends the connection
}{
	{"with a length", "POST", "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello", 201, "hello", "5", false},
	{"with no body", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", "0", false},
	{"in chunks, with a trailer", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX: y\r\n\r\n", 200, "hello", "5", false},
	{"in chunks, with a long trailer", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + strings.Repeat("y", 6<<10) + "\r\n\r\n", 200, "", "0", false},
	{"until the connection ends", "POST", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", 200, "hello", "5", true},
	{"of HTTP/1.0", "POST", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", "5", true},
	{"to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", 200, "", "12345", false},
	{"204", "POST", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", "", false},
	{"304", "GET", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", 304, "", "", false},
	{"after 100 and 103", "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", "2", false},
	{"longer than any buffer", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + longText, 200, longText, "500000", false},
	{"with a head longer than is read at once", "POST", "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 9000) + "\r\nContent-Length: 2\r\n\r\nok", 200, "ok", "2", false},
}

// TestAnswersOfEveryKind has an upstream answer in every way that HTTP/1.1 knows. The client can
// read each, and go on on the same connection.
func TestAnswersOfEveryKind(t *testing.T) {
	for _, c := range answerKinds {
		t.Run(c.name, func(t *testing.T) {
			base := play(t, loopback(t), func(conn net.Conn) {
				for br := bufio.NewReader(conn); ; {
					if _, err := readWire(br); err != nil {
						return
					}
					if _, err := io.WriteString(conn, c.answer); err != nil || c.ends {
						return
					}
				}
			})
			_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Mode = Open }), memory(t))
			s := speak(t, addr)
			for range 2 {
				s.write(fmt.Sprintf("%s /twilio/x HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\n\r\n", c.method))
				resp, err := http.ReadResponse(s.br, &http.Request{Method: c.method})
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != c.status || string(body) != c.body || resp.Header.Get("Content-Length") != c.length {
					t.Fatalf("answered %d, %d bytes of body, length %q, %v", resp.StatusCode, len(body), resp.Header.Get("Content-Length"), err)
				}
			}
		})
	}
}

// TestSlowReader: a client that does not take its answer is given up after limits.read.
func TestSlowReader(t *testing.T) {
	const size = 32 << 20 // more than any socket keeps
	base := play(t, loopback(t), echo(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size)), func(wire) {}))
	cfg := oneRoute(base, nil)
	cfg.Limits.Body = size
	cfg.Limits.Read = 100 * time.Millisecond
	g, addr := start(t, cfg, memory(t))
	s := speak(t, addr)
	if err := s.conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	s.write(sms(person.Address, "Sale"))
	for deadline := time.Now().Add(patience); g.open.Load() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the connection is still there")
		}
	}
}
