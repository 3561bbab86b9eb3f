package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/store"
)

// An sdkRig is a gate before a mock, with people it knows.
type sdkRig struct {
	url      string // of the route, as a client is told it
	mock     *mock.Mock
	stopMock func()
	taps     *tapListener
}

func newSDKRig(t *testing.T, provider string, changes ...func(*proxy.Config)) *sdkRig {
	t.Helper()
	m := mock.New(mock.Config{})
	upstream, stop, err := m.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(stop)
	t.Cleanup(stop)
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	if err := st.Append(t.Context(), sdkPeople(provider)...); err != nil {
		t.Fatal(err)
	}
	cfg := proxy.Config{Routes: map[string]proxy.RouteConfig{provider: {Upstream: upstream}}}
	for _, change := range changes {
		change(&cfg)
	}
	gate, err := proxy.New(cfg, st)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taps := &tapListener{Listener: ln}
	done := make(chan error, 1)
	go func() { done <- gate.Serve(taps) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(gate.Shutdown(ctx), <-done); err != nil {
			t.Errorf("stopping the gate: %v", err)
		}
	})
	return &sdkRig{url: "http://" + ln.Addr().String() + "/" + provider, mock: m, stopMock: stop, taps: taps}
}

// sdkPeople is everybody the gate knows: all agreed and wrote a moment ago, and one has left since.
func sdkPeople(provider string) []filter.Event {
	channel, now := filter.SMS, time.Now().Add(-time.Minute)
	if provider == "whatsapp" {
		channel = filter.WhatsApp
	}
	var events []filter.Event
	for _, number := range []string{toConsented, toOptedOut, toRateLimited, toClosedFirst, toClosedAmid, toResetFirst} {
		to := filter.Recipient{Brand: "default", Channel: channel, Address: number}
		events = append(events,
			filter.Event{Time: now, To: to, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"},
			filter.Event{Time: now, To: to, Kind: filter.Wrote, Source: "test"})
	}
	left := filter.Recipient{Brand: "default", Channel: channel, Address: toOptedOut}
	return append(events, filter.Event{Time: now.Add(time.Second), To: left, Kind: filter.OptedOut, Source: "test"})
}

// watch runs one send, and tells how many requests reached the gate and what reached the mock.
func (r *sdkRig) watch(send func() sdkOutcome) (got sdkOutcome, attempts int, sends []mock.Send) {
	before, seen := r.taps.requests(), len(r.mock.Sends())
	got = send()
	return got, r.taps.requests() - before, r.mock.Sends()[seen:]
}

// A tapListener keeps what clients write, so that the requests in it can be counted without asking
// the gate.
type tapListener struct {
	net.Listener

	mu    sync.Mutex
	conns []*tapConn
}

type tapConn struct {
	net.Conn
	mu   sync.Mutex
	read bytes.Buffer
}

func (l *tapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tap := &tapConn{Conn: c}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, tap)
	return tap, nil
}

func (c *tapConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read.Write(p[:n])
	return n, err
}

// requests is how many whole requests all clients wrote so far.
func (l *tapListener) requests() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.mu.Lock()
		written := bufio.NewReader(bytes.NewReader(c.read.Bytes()))
		for {
			r, err := http.ReadRequest(written)
			if err != nil {
				break
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				break
			}
			n++
		}
		c.mu.Unlock()
	}
	return n
}
