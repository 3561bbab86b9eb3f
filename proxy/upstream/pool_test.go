package upstream

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/proxy/socket"
)

// TestBoundOnDials shows that the dial after the bound waits for a turn, and takes a connection
// that came free meanwhile.
func TestBoundOnDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialling atomic.Int64
		turn := make(chan bool)
		u := direct(t, func() (net.Conn, error) {
			dialling.Add(1)
			defer dialling.Add(-1)
			if !<-turn {
				return nil, errors.New("no way")
			}
			here, _ := net.Pipe()
			return here, nil
		}, func(cfg *Config) { cfg.Handshakes, cfg.Timeouts.Connect = 2, time.Second })
		type result struct {
			c   *conn
			err error
		}
		results := make(chan result, 5)
		for range 5 {
			go func() {
				c, err := u.dialer.dial(u.pool.take)
				results <- result{c, err}
			}()
		}
		synctest.Wait()
		if n := dialling.Load(); n != 2 {
			t.Fatalf("%d connections are being made at a time, want 2", n)
		}
		u.pool.put(newConn(socket.New(pipe(), time.Minute), pipe(), 4096, u.count), time.Now())
		turn <- true
		synctest.Wait()
		if n := u.count.Dials.Load(); n != 2 || len(results) != 2 || u.pool.idle() != 0 {
			t.Errorf("%d connections made and %d dials done, with %d in the pool: the spare one was not taken", n, len(results), u.pool.idle())
		}
		turn <- false
		synctest.Wait()
		if n := dialling.Load(); n != 2 {
			t.Errorf("%d connections are being made at a time after a failure, want 2", n)
		}
		turn <- true
		turn <- true
		good := 0
		for range 5 {
			if r := <-results; r.err == nil {
				r.c.close()
				good++
			}
		}
		if good != 4 || u.count.Open.Load() != 0 {
			t.Errorf("%d of 5 dials succeeded, and %d connections are counted open", good, u.count.Open.Load())
		}
	})
}

func TestWaitingForATurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		u := direct(t, func() (net.Conn, error) { <-never; return nil, errors.New("late") },
			func(cfg *Config) { cfg.Handshakes, cfg.Timeouts.Connect = 1, time.Second })
		go func() { _, _ = u.dialer.dial(u.pool.take) }()
		synctest.Wait()
		_, err := u.dialer.dial(u.pool.take)
		if err == nil || !strings.Contains(err.Error(), "waiting for one of 1 handshakes (handshakes, timeouts.connect)") {
			t.Errorf("got %v", err)
		}
		close(never)
	})
}

// TestPoolLetsGo shows that a connection that lies in the pool for too long is closed there.
func TestPoolLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := direct(t, nil, func(cfg *Config) { cfg.Timeouts.Idle = 10 * time.Second })
		fresh := func() *conn { p := pipe(); return newConn(socket.New(p, time.Minute), p, 4096, u.count) }
		u.pool.put(fresh(), time.Now())
		time.Sleep(6 * time.Second)
		u.pool.put(fresh(), time.Now())
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if n, open := u.pool.idle(), u.count.Open.Load(); n != 1 || open != 1 {
			t.Errorf("after 12 s %d lie in the pool and %d are open, want the younger one", n, open)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if n, open := u.pool.idle(), u.count.Open.Load(); n != 0 || open != 0 {
			t.Errorf("after 18 s %d lie in the pool and %d are open", n, open)
		}
	})
}

func pipe() net.Conn {
	here, _ := net.Pipe()
	return here
}
