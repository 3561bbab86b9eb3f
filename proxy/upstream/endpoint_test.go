package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// direct makes an upstream whose connections come from connect.
func direct(t *testing.T, connect func() (net.Conn, error), change func(*Config)) *Endpoint {
	t.Helper()
	cfg := Config{URL: "http://127.0.0.1:1/base", InFlight: 8, Handshakes: 2, Timeouts: Timeouts{}.WithDefaults(), Header: 16 << 10, Body: 4 << 20}
	if change != nil {
		change(&cfg)
	}
	u, err := New(cfg, new(Connections))
	if err != nil {
		t.Fatal(err)
	}
	u.Through(func(context.Context, string, string) (net.Conn, error) { return connect() })
	t.Cleanup(u.Close)
	return u
}

const pieces = "POST /x HTTP/1.1\r\nHost: u\r\nContent-Length: 5\r\n\r\nhello"

// read takes n bytes of the request, says something, and leaves.
func read(n int, answer string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.CopyN(io.Discard, c, int64(n))
		if answer != "" {
			_, _ = io.WriteString(c, answer)
		}
		_ = c.Close()
	}
}

var outcomeCases = []struct {
	name string
	play func(net.Conn)
	want Outcome
	says string
}{
	{"it leaves before the first byte", read(0, ""), NotSent, "sending the request"},
	{"it leaves after one byte", read(1, ""), Unknown, "sending the request"},
	{"it leaves before the last byte", read(len(pieces)-1, ""), Unknown, "sending the request"},
	{"it answers early, before it has read all", read(len(pieces)-5, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"), Answered, ""},
	{"it leaves without an answer", read(len(pieces), ""), Unknown, "no answer"},
	{"it leaves within the status line", read(len(pieces), "HTTP/1.1 20"), Unknown, "reading the answer's head"},
	{"it leaves within the head", read(len(pieces), "HTTP/1.1 200 OK\r\nContent-Le"), Unknown, "reading the answer's head"},
	{"it leaves within the body", read(len(pieces), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), Unknown, "reading the answer's body"},
	{"it leaves within a chunk", read(len(pieces), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), Unknown, "reading the answer's body"},
	{"it leaves before the trailers end", read(len(pieces), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n"), Unknown, "trailers"},
	{"it speaks something else", read(len(pieces), "SSH-2.0-OpenSSH_9.2\r\n\r\n"), Unknown, "not well-formed HTTP/1.1"},
	{"it switches protocols", read(len(pieces), "HTTP/1.1 101 Switching Protocols\r\n\r\n"), Unknown, "status 101"},
	{"it says continue without end", read(len(pieces), strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20)), Unknown, "status 100"},
	{"it gives two lengths", read(len(pieces), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), Unknown, "length is ambiguous"},
	{"it gives a length and chunks", read(len(pieces), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), Unknown, "length is ambiguous"},
	{"its head is too large", read(len(pieces), "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("y", 17<<10)+"\r\n\r\n"), Unknown, "limits.header (16384 bytes)"},
	{"its lines are too many", read(len(pieces), "HTTP/1.1 200 OK\r\n"+strings.Repeat("X: y\r\n", 4<<10)+"\r\n"), Unknown, "limits.header (16384 bytes)"},
	{"its body is too large", read(len(pieces), "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"), Unknown, "limits.body (4194304 bytes)"},
	{"its answer ends with the connection", read(len(pieces), "HTTP/1.0 200 OK\r\n\r\nhello"), Answered, ""},
	{"it sends early hints first", read(len(pieces), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), Answered, ""},
}

func TestOutcome(t *testing.T) {
	for _, c := range outcomeCases {
		t.Run(c.name, func(t *testing.T) {
			dials := 0
			u := direct(t, func() (net.Conn, error) {
				here, there := net.Pipe()
				dials++
				go c.play(there)
				return here, nil
			}, func(cfg *Config) { cfg.Timeouts.Write = 100 * time.Millisecond })
			var resp fasthttp.Response
			got, err := u.Exchange([]byte(pieces), false, &resp, new(Answer))
			if got != c.want || (err == nil) != (c.want == Answered) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("outcome %s, %v; want %s, %q", got, err, c.want, c.says)
			}
			if dials != 1 {
				t.Errorf("%d connections were made", dials)
			}
			if n := u.pool.idle(); n != 0 && c.want != Answered {
				t.Errorf("%d connections were kept", n)
			}
		})
	}
	t.Run("it cannot be reached", func(t *testing.T) {
		u := direct(t, func() (net.Conn, error) { return nil, errors.New("no way") }, nil)
		if got, err := u.Exchange([]byte(pieces), false, new(fasthttp.Response), new(Answer)); got != NotSent || !strings.Contains(err.Error(), "connecting to 127.0.0.1:1: no way") {
			t.Errorf("outcome %s, %v", got, err)
		}
	})
	t.Run("it reads nothing for the write timeout", func(t *testing.T) {
		u := direct(t, func() (net.Conn, error) { here, _ := net.Pipe(); return here, nil },
			func(cfg *Config) { cfg.Timeouts.Write = 20 * time.Millisecond })
		if got, err := u.Exchange([]byte(pieces), false, new(fasthttp.Response), new(Answer)); got != NotSent {
			t.Errorf("outcome %s, %v", got, err)
		}
	})
}

// A leaver is a connection whose peer leaves when a method of it is called, before that does anything.
type leaver struct {
	net.Conn
	leave func()
	at    string
}

func (l *leaver) called(method string) {
	if l.at == method {
		l.leave()
	}
}

func (l *leaver) Read(p []byte) (int, error)  { l.called("Read"); return l.Conn.Read(p) }
func (l *leaver) Write(p []byte) (int, error) { l.called("Write"); return l.Conn.Write(p) }

func (l *leaver) SetReadDeadline(t time.Time) error {
	l.called("SetReadDeadline")
	return l.Conn.SetReadDeadline(t)
}

func (l *leaver) SetWriteDeadline(t time.Time) error {
	l.called("SetWriteDeadline")
	return l.Conn.SetWriteDeadline(t)
}

// TestOutcomeInEveryOrder: what became of a request, and the words for it, do not depend on what the
// gate was about when its peer left.
func TestOutcomeInEveryOrder(t *testing.T) {
	large := strings.Repeat("x", 2*holdMost)
	for _, c := range []struct {
		name, at, request string
		reads             int // bytes that the peer takes before it leaves
		want              Outcome
		says              string
	}{
		{"before anything was asked of the connection", "", pieces, 0, NotSent, "sending the request"},
		{"while the answer's deadline is set", "SetReadDeadline", pieces, 0, NotSent, "sending the request"},
		{"while the request's deadline is set", "SetWriteDeadline", pieces, 0, NotSent, "sending the request"},
		{"while the request is written", "Write", pieces, 0, NotSent, "sending the request"},
		{"while the answer is read", "Read", pieces, len(pieces), Unknown, "no answer"},
		{"before a long request", "", large, 0, NotSent, "sending the request"},
		{"while a long request is written", "Write", large, 0, NotSent, "sending the request"},
		{"after a long request, while the answer's deadline is set", "SetReadDeadline", large, len(large), Unknown, "no answer"},
		{"after a long request, while the answer is read", "Read", large, len(large), Unknown, "no answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := direct(t, func() (net.Conn, error) {
				here, there := net.Pipe()
				read := make(chan struct{})
				go func() {
					_, _ = io.CopyN(io.Discard, there, int64(c.reads))
					close(read)
				}()
				leave := func() { <-read; _ = there.Close() }
				if c.at == "" {
					leave()
				}
				return &leaver{here, leave, c.at}, nil
			}, nil)
			got, err := u.Exchange([]byte(c.request), false, new(fasthttp.Response), new(Answer))
			if got != c.want || err == nil || !strings.HasPrefix(err.Error(), c.says+": ") {
				t.Errorf("outcome %s, %v; want %s, %q", got, err, c.want, c.says)
			}
		})
	}
}
