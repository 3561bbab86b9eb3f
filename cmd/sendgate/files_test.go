package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/configs"
	"go.uber.org/zap"
)

// Anybody can connect to the console, and say nothing: that takes no descriptors from the store, and whoever comes after
// waits no longer than they stay.
func TestConnectionsToTheConsoleAreBounded(t *testing.T) {
	s := opened(t, "store: {dir: "+t.TempDir()+"}\nproxy: {listen: 127.0.0.1:0}\nconsole: {listen: 127.0.0.1:0}\n")
	counted := &counting{Listener: s.admin, full: make(chan struct{})}
	s.admin = counted
	s.start()
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	var idle []net.Conn
	for range 2 * consoleConnections {
		c, err := net.Dial("tcp", s.admin.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		idle = append(idle, c)
	}
	<-counted.full
	for _, c := range idle {
		_ = c.Close()
	}
	resp, err := http.Get("http://" + s.admin.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("once they are gone, /healthz answers %s", resp.Status)
	}
	if n := counted.most.Load(); n != consoleConnections {
		t.Errorf("%d connections were there at a time, want %d", n, consoleConnections)
	}
}

// opened is what serve would serve by a configuration, before it does.
func opened(t *testing.T, text string) *server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sendgate.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	load := func() (configs.Config, error) { return configs.Load(path) }
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(cfg, path, zap.NewNop(), load)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// counting counts the connections that are there at a time, and tells when as many are as may be.
type counting struct {
	net.Listener
	there, most atomic.Int64
	full        chan struct{}
}

func (l *counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		if n := l.there.Add(1); n > l.most.Load() {
			if l.most.Store(n); n == consoleConnections {
				close(l.full)
			}
		}
	}
	return &countedConn{Conn: c, gone: sync.OnceFunc(func() { l.there.Add(-1) })}, err
}

type countedConn struct {
	net.Conn
	gone func()
}

func (c *countedConn) Close() error {
	c.gone()
	return c.Conn.Close()
}
