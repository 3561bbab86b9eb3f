package proxy

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const openHead = "POST /open/x HTTP/1.1\nHost: gate\n"

// badInput is refused before a provider reads it. LF stands for CR LF.
var badInput = []struct {
	name, request string
	status        int
	sentence      string
}{
	{"a route that does not exist", "POST /vonage/sms HTTP/1.1\nHost: gate\nContent-Length: 0\n\n", 404,
		`no route of this gate is called "vonage": its paths begin with /open/ or /twilio/`},
	{"no route at all", "GET / HTTP/1.1\nHost: gate\n\n", 404, `no route of this gate is called ""`},
	{"a path that belongs to no send", "POST /twilio/v1/Services HTTP/1.1\nHost: gate\nContent-Length: 0\n\n", 404, "`unknown_paths: pass` on the route twilio"},
	{"Content-Length with Transfer-Encoding", openHead + "Content-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n", 400, "both Content-Length and Transfer-Encoding"},
	{"two equal Content-Lengths", openHead + "Content-Length: 1\nContent-Length: 1\n\na", 400, "two Content-Length headers"},
	{"a list of Content-Lengths", openHead + "Content-Length: 1, 1\n\na", 400, "content-length"},
	{"a signed Content-Length", openHead + "Content-Length: +1\n\na", 400, "content-length"},
	{"two Transfer-Encodings", openHead + "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\n\n", 400, "Transfer-Encoding"},
	{"Transfer-Encoding identity", openHead + "Transfer-Encoding: identity\nContent-Length: 1\n\na", 400, "the only Transfer-Encoding understood is chunked"},
	{"Transfer-Encoding gzip, chunked", openHead + "Transfer-Encoding: gzip, chunked\n\n0\n\n", 400, "Transfer-Encoding"},
	{"Transfer-Encoding in HTTP/1.0", "POST /open/x HTTP/1.0\nHost: gate\nTransfer-Encoding: chunked\n\n0\n\n", 400, "Transfer-Encoding"},
	{"two Content-Types", openHead + "Content-Type: a/b\ncontent-type: c/d\nContent-Length: 0\n\n", 400, "two content-type headers"},
	{"two Content-Encodings", openHead + "Content-Encoding: gzip\nContent-Encoding: identity\nContent-Length: 0\n\n", 400, "two Content-Encoding headers"},
	{"two Hosts", openHead + "Host: other\nContent-Length: 0\n\n", 400, "host"},
	{"no Host", "GET /open/x HTTP/1.1\nA: b\n\n", 400, "host"},
	{"a folded header", openHead + "A: b\n c\nContent-Length: 0\n\n", 400, "Name: value"},
	{"a blank before the colon", openHead + "A : b\nContent-Length: 0\n\n", 400, "invalid header key"},
	{"a blank inside a header's name", openHead + "A B: c\nContent-Length: 0\n\n", 400, "Name: value"},
	{"a NUL in a header", openHead + "A: b\x00c\nContent-Length: 0\n\n", 400, "header value"},
	{"a bare CR in a header", openHead + "A: b\rc\nContent-Length: 0\n\n", 400, "header value"},
	{"Content-Length that Connection lists", openHead + "Connection: content-length\nContent-Length: 1\n\na", 400, "Connection header lists content-length"},
	{"Authorization that Connection lists", openHead + "Connection: close, Authorization\nAuthorization: x\nContent-Length: 0\n\n", 400, "Connection header lists Authorization"},
	{"another expectation", openHead + "Expect: a-miracle\nContent-Length: 0\n\n", 400, "the only expectation understood is 100-continue"},
	{"CONNECT", "CONNECT api.twilio.com:443 HTTP/1.1\nHost: api.twilio.com:443\n\n", 400, "this gate opens no tunnels"},
	{"an upgrade to WebSocket", "GET /open/x HTTP/1.1\nHost: gate\nConnection: Upgrade\nUpgrade: websocket\n\n", 400, "upgrades to nothing else"},
	{"an absolute request target", "GET http://gate/open/x HTTP/1.1\nHost: gate\n\n", 400, "must be a path"},
	{"an asterisk for a target", "OPTIONS * HTTP/1.1\nHost: gate\n\n", 400, "must be a path"},
	{"a fragment", "GET /open/x#y HTTP/1.1\nHost: gate\n\n", 400, "fragment"},
	{"a blank in the target", "GET /open/x y HTTP/1.1\nHost: gate\n\n", 400, "http version"},
	{"HTTP/2.0", "GET /open/x HTTP/2.0\nHost: gate\n\n", 400, "HTTP/1.1 and HTTP/1.0"},
	{"no HTTP at all", "hello\n\n", 400, "not well-formed HTTP/1.1"},
	{"chunks without sizes", openHead + "Transfer-Encoding: chunked\n\nzz\nhello\n0\n\n", 400, ""},
	{"a chunk longer than its size", openHead + "Transfer-Encoding: chunked\n\n3\nhello\n0\n\n", 400, "chunks are not well-formed"},
	{"a body of 10 MB", openHead + "Content-Length: 10000000\n\n" + strings.Repeat("a", 10_000_000), 413, "larger than limits.body allows (4194304 bytes)"},
	{"10 MB in chunks", openHead + "Transfer-Encoding: chunked\n\n989680\n" + strings.Repeat("a", 10_000_000) + "\n0\n\n", 413, "larger than limits.body allows (4194304 bytes)"},
	{"a head of 20 kB", openHead + "A: " + strings.Repeat("b", 20_000) + "\nContent-Length: 0\n\n", 431, "larger than limits.header allows (16384 bytes)"},
}

// cutShort is written as it stands, and then the client stops.
var cutShort = map[string]struct{ request, sentence string }{
	"lines that end in LF alone":     {"GET /open/x HTTP/1.1\r\nHost: gate\nA: b\r\n\r\n", "CR LF"},
	"a head that ends in two LF":     {"GET /open/x HTTP/1.1\r\nHost: gate\n\nContent-Length: 5\r\n\r\nhello", "CR LF"},
	"a body shorter than its length": {"POST /open/x HTTP/1.1\r\nHost: gate\r\nContent-Length: 10\r\n\r\nhello", "ends before its declared length"},
	"a send shorter than its length": {strings.Replace(sms("+14155550100", "hello"), "Length: ", "Length: 1", 1), "ends before its declared length"},
}

// TestBadInput shows what is refused before any provider reads it: each case gets its status and
// its sentence, and nothing of it reaches the upstream.
func TestBadInput(t *testing.T) {
	var arrived atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(wire) { arrived.Add(1) }))
	cfg := oneRoute(base, nil)
	cfg.Routes["open"] = RouteConfig{Provider: "twilio", Upstream: base, Mode: Open}
	_, addr := start(t, cfg, memory(t))

	for _, c := range badInput {
		t.Run(c.name, func(t *testing.T) {
			a := ask(t, addr, strings.ReplaceAll(c.request, "\n", "\r\n"))
			var s said
			if err := json.Unmarshal([]byte(a.body), &s); err != nil || a.Header.Get("Content-Type") != "application/json" {
				t.Fatalf("the answer is %s, %s", a.Header.Get("Content-Type"), a.body)
			}
			if a.StatusCode != c.status || !strings.Contains(strings.ToLower(s.Message), strings.ToLower(c.sentence)) {
				t.Errorf("answered %d %q, want %d and %q", a.StatusCode, s.Message, c.status, c.sentence)
			}
			if s.Status != c.status || s.Error.Message != s.Message {
				t.Errorf("the answer contradicts itself: %s", a.body)
			}
		})
	}
	for name, c := range cutShort {
		t.Run(name, func(t *testing.T) {
			s := speak(t, addr)
			s.write(c.request)
			if err := s.conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if a := s.hear("POST"); a.StatusCode != 400 || !strings.Contains(a.body, c.sentence) {
				t.Errorf("answered %d %s, want 400 and %q", a.StatusCode, a.body, c.sentence)
			}
			if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
				t.Errorf("the connection went on: %q, %v", rest, err)
			}
		})
	}
	t.Run("chunks that end before the last one", func(t *testing.T) {
		s := speak(t, addr)
		s.write("POST /open/x HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		if err := s.conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil { // fasthttp takes it for a client that left
			t.Errorf("answered %q, %v", rest, err)
		}
	})
	if n := arrived.Load(); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
}

func TestPipelinedRequests(t *testing.T) {
	var arrived atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(wire) { arrived.Add(1) }))
	_, addr := start(t, oneRoute(base, nil), memory(t))
	s := speak(t, addr)
	s.write(sms("+14155550100", "one") + post("/nowhere", "text/plain", "two") + sms("+14155550100", "three") +
		"POST /twilio/x HTTP/1.1\r\nHost: gate\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na" + sms("+14155550100", "never"))
	for _, want := range []int{200, 404, 200, 400} {
		if a := s.hear("POST"); a.StatusCode != want {
			t.Fatalf("answered %d %s, want %d", a.StatusCode, a.body, want)
		}
	}
	if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
		t.Errorf("the connection went on: %q, %v", rest, err)
	}
	if n := arrived.Load(); n != 2 {
		t.Errorf("%d requests reached the upstream, want 2", n)
	}
}

func TestLimits(t *testing.T) {
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	t.Run("a request that takes longer than limits.read", func(t *testing.T) {
		cfg := oneRoute(base, nil)
		cfg.Limits.Read = 50 * time.Millisecond
		_, addr := start(t, cfg, memory(t))
		if a := ask(t, addr, "POST /twilio/ HTTP/1.1\r\nHost: ga"); a.StatusCode != 408 || !strings.Contains(a.body, "limits.read (50ms)") {
			t.Errorf("answered %d %s", a.StatusCode, a.body)
		}
	})
	t.Run("a connection more than limits.connections", func(t *testing.T) {
		cfg := oneRoute(base, nil)
		cfg.Limits.Connections = 1
		_, addr := start(t, cfg, memory(t))
		s := speak(t, addr)
		s.write(sms("+14155550100", "one"))
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Fatalf("answered %d %s", a.StatusCode, a.body)
		}
		a := ask(t, addr, sms("+14155550100", "two"))
		if a.StatusCode != 503 || a.Header.Get("Sendgate-Outcome") != "not-sent" || !strings.Contains(a.body, "limits.connections allows (1)") {
			t.Errorf("answered %d %s", a.StatusCode, a.body)
		}
		s.write(sms("+14155550100", "three"))
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Errorf("the first connection was answered %d %s", a.StatusCode, a.body)
		}
	})
}
