package upstream

import (
	"net"
	"sync/atomic"
	"testing"

	"github.com/valyala/fasthttp"
)

// A faulty connection panics at its n-th read or write, counted from one.
type faulty struct {
	net.Conn
	left   *atomic.Int64
	closed *atomic.Int64
}

func (f faulty) step() {
	if f.left.Add(-1) == 0 {
		panic("a fault in the connection")
	}
}

func (f faulty) Read(p []byte) (int, error)  { f.step(); return f.Conn.Read(p) }
func (f faulty) Write(p []byte) (int, error) { f.step(); return f.Conn.Write(p) }
func (f faulty) Close() error                { f.closed.Add(1); return f.Conn.Close() }

// TestAPanicLosesNoConnection: wherever an exchange panics, its connection is closed, counted so, and
// its place given back.
func TestAPanicLosesNoConnection(t *testing.T) {
	for n := int64(1); ; n++ {
		var left, closed atomic.Int64
		left.Store(n)
		u := direct(t, func() (net.Conn, error) {
			here, there := net.Pipe()
			go read(len(pieces), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")(there)
			return faulty{here, &left, &closed}, nil
		}, func(cfg *Config) { cfg.InFlight = 1 })
		panicked := func() (p any) {
			defer func() { p = recover() }()
			_, err := u.Exchange([]byte(pieces), false, new(fasthttp.Response), new(Answer))
			if err != nil {
				t.Errorf("without a panic: %v", err)
			}
			return nil
		}()
		if panicked == nil {
			if n < 3 {
				t.Errorf("an exchange takes %d reads and writes", n)
			}
			return
		}
		if open := u.count.Open.Load(); open != 0 || closed.Load() != 1 || u.pool.idle() != 0 || len(u.places) != 0 {
			t.Errorf("after a panic at step %d: %d open, closed %d times, %d in the pool, %d places taken", n, open, closed.Load(), u.pool.idle(), len(u.places))
		}
	}
}
