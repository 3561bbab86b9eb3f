package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// anyone is a policy under which strangers get every message.
var anyone = filter.Config{Require: map[filter.Category]filter.Basis{
	filter.Marketing: filter.NoBasis, filter.Utility: filter.NoBasis, filter.Service: filter.NoBasis,
}}

// memory is a store that the test forgets.
func memory(t testing.TB) *store.Store {
	t.Helper()
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// withoutLane stands in the name of a test whose gates leave every request to fasthttp.
const withoutLane = "without the lane"

// laned and unlaned count the requests that the gates of all tests answered on the lane, by whether
// they had one.
var laned, unlaned atomic.Uint64

// newGate makes a gate for a test.
func newGate(t testing.TB, cfg Config, st *store.Store) *Gate {
	t.Helper()
	g, err := New(cfg, st)
	if err != nil {
		t.Fatal(err)
	}
	count := &laned
	if g.slow = strings.Contains(t.Name(), strings.ReplaceAll(withoutLane, " ", "_")); g.slow {
		count = &unlaned
	}
	t.Cleanup(func() { count.Add(g.fast.Load()) })
	return g
}

// start serves a gate until the test ends.
func start(t testing.TB, cfg Config, st *store.Store) (g *Gate, addr string) {
	t.Helper()
	ln := loopback(t)
	return serve(t, cfg, st, ln), ln.Addr().String()
}

// serve is start on a listener.
func serve(t testing.TB, cfg Config, st *store.Store, ln net.Listener) *Gate {
	t.Helper()
	g := newGate(t, cfg, st)
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := g.Shutdown(ctx); err != nil {
			t.Errorf("shutting down: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return g
}

func loopback(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// play is an upstream made of one function a connection. It returns its base URL.
func play(t testing.TB, ln net.Listener, each func(c net.Conn)) string {
	t.Helper()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				each(c)
			}()
		}
	}()
	t.Cleanup(func() { ln.Close() })
	return "http://" + ln.Addr().String()
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

// echo answers every request of a connection and passes what it read to seen.
func echo(answer string, seen func(wire)) func(net.Conn) {
	return func(c net.Conn) {
		echoEach(c, func(w wire) string { seen(w); return answer })
	}
}

// echoEach answers every request of a connection as answer says; the connection ends where that is
// nothing.
func echoEach(c net.Conn, answer func(wire) string) {
	br := bufio.NewReader(c)
	for {
		w, err := readWire(br)
		if err != nil {
			return
		}
		text := answer(w)
		if _, err := io.WriteString(c, text); err != nil || text == "" {
			return
		}
	}
}

// A wire is a request as it came: its head with the blank line, and its body.
type wire struct{ head, body string }

func (w wire) header(name string) string {
	for _, line := range strings.Split(w.head, "\r\n")[1:] {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// readWire reads one request, trusting nothing but its Content-Length or chunks.
func readWire(br *bufio.Reader) (w wire, err error) {
	for {
		line, err := br.ReadString('\n')
		w.head += line
		if err != nil {
			return w, err
		}
		if line == "\r\n" {
			break
		}
	}
	if strings.EqualFold(w.header("Transfer-Encoding"), "chunked") {
		body, err := io.ReadAll(httputil.NewChunkedReader(br))
		return wire{w.head, string(body)}, err
	}
	n, _ := strconv.Atoi(w.header("Content-Length"))
	body := make([]byte, n)
	got, err := io.ReadFull(br, body)
	w.body = string(body[:got])
	return w, err
}

// told is what a client was told.
type told struct {
	*http.Response
	body string
}

// A speaker is a client that writes requests byte for byte.
type speaker struct {
	t    testing.TB
	conn net.Conn
	br   *bufio.Reader
}

func speak(t testing.TB, addr string) *speaker {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &speaker{t, c, bufio.NewReader(c)}
}

// patience bounds one exchange of a speaker, not the life of its connection: many exchanges on a
// busy machine take long together.
const patience = time.Minute

func (s *speaker) write(text string) {
	s.t.Helper()
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.WriteString(s.conn, text); err != nil {
		s.t.Fatalf("writing the request: %v", err)
	}
}

// hear reads one answer. method is that of the request.
func (s *speaker) hear(method string) told {
	s.t.Helper()
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.ReadResponse(s.br, &http.Request{Method: method})
	for err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(s.br, &http.Request{Method: method})
	}
	if err != nil {
		s.t.Fatalf("reading the answer: %v", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("reading the answer's body: %v", err)
	}
	return told{resp, string(body)}
}

// ask writes a request on a connection of its own and returns the answer.
func ask(t testing.TB, addr, request string) told {
	t.Helper()
	s := speak(t, addr)
	defer s.conn.Close()
	s.write(request)
	method, _, _ := strings.Cut(request, " ")
	return s.hear(method)
}

const messages = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"

// sms is a send through the route twilio.
func sms(to, text string) string {
	body := "To=%2B" + strings.TrimPrefix(to, "+") + "&From=%2B15005550006&Body=" + text
	return post("/twilio"+messages, "application/x-www-form-urlencoded", body)
}

func post(target, contentType, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: gate\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", target, contentType, len(body), body)
}

// oneRoute is a configuration with the route twilio alone.
func oneRoute(upstream string, change func(*RouteConfig)) Config {
	rc := RouteConfig{Upstream: upstream, Policy: anyone}
	if change != nil {
		change(&rc)
	}
	return Config{Routes: map[string]RouteConfig{"twilio": rc}}
}

func crlf(s string) string { return string(bytes.ReplaceAll([]byte(s), []byte("\n"), []byte("\r\n"))) }

func learn(t testing.TB, st *store.Store, events ...filter.Event) {
	t.Helper()
	if err := st.Append(context.Background(), events...); err != nil {
		t.Fatal(err)
	}
}

// gathered is every metric, by its name and the values of its labels; of a histogram, how many it has seen.
func gathered(t testing.TB, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			all[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}
