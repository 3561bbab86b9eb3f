package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// scripted answers each request as answer says, which gets its number, from 0.
func scripted(t *testing.T, answer func(i int64, request string) (text string, after time.Duration)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var count atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf, n := make([]byte, 4096), 0
				for {
					read, err := c.Read(buf[n:])
					n += read
					if f, bad := readFrame(buf[:n]); bad == nil && f.size > 0 {
						text, after := answer(count.Add(1)-1, string(buf[:f.size]))
						time.Sleep(after)
						if _, err := io.WriteString(c, text); err != nil || text == "" {
							return
						}
						n = copy(buf, buf[f.size:n])
					}
					if err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// loaded loads address with a generator of its own process.
func loaded(t *testing.T, job loadJob) tally {
	t.Helper()
	job.Listed, job.Consented = 1000, 10
	job.Drain, job.Refused = cmp.Or(job.Drain, 5*time.Second), cmp.Or(job.Refused, refusedStatus)
	g, err := newStarter(t.TempDir()).startChild(loadRole, "load", nil, job)
	if err != nil {
		t.Fatal(err)
	}
	defer g.end()
	if line, err := g.line(t.Context()); line != measured || err != nil {
		t.Fatalf("it says %q, %v", line, err)
	}
	var got tally
	if err := g.finish(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

var (
	fine     = string(createdAnswer)
	refusing = fmt.Sprintf("HTTP/1.1 400 Bad Request\r\ncontent-length: %d\r\n\r\n%s", len(refused), refused)
)

func TestLoad(t *testing.T) {
	t.Run("a closed loop keeps as many in flight as it is told, and counts what is answered", func(t *testing.T) {
		var now, most atomic.Int64
		address := scripted(t, func(int64, string) (string, time.Duration) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(20 * time.Millisecond)
			now.Add(-1)
			return fine, 0
		})
		got := loaded(t, loadJob{Address: address, Flight: 8, Warm: 100 * time.Millisecond, Window: 500 * time.Millisecond})
		if why := got.void(); why != "" || most.Load() != 8 {
			t.Errorf("%d in flight at most; void: %s", most.Load(), why)
		}
		if got.P50 < 20_000 || float64(got.Answers) > 8*got.Seconds/0.020+8 || got.Answers < 8 || got.Statuses["201"] != got.Answers {
			t.Errorf("got %+v of a server that takes 20 ms", got)
		}
	})
	t.Run("an open loop keeps its rate, whatever the server takes", func(t *testing.T) {
		address := scripted(t, func(int64, string) (string, time.Duration) { return fine, 30 * time.Millisecond })
		got := loaded(t, loadJob{Address: address, Flight: 64, Rate: 200, Warm: 200 * time.Millisecond, Window: time.Second})
		if why := got.void(); why != "" || got.Answers < 120 || got.Answers > 350 || got.P50 < 30_000 {
			t.Errorf("void: %q; got %+v", why, got)
		}
	})
	t.Run("a stall of the server shows as the time that all who were due then waited", func(t *testing.T) {
		var until atomic.Int64
		began := time.Now()
		address := scripted(t, func(i int64, _ string) (string, time.Duration) {
			if i == 100 { // 0.5 s after the start
				until.Store(int64(time.Since(began) + 500*time.Millisecond))
			}
			return fine, max(0, time.Duration(until.Load())-time.Since(began))
		})
		got := loaded(t, loadJob{Address: address, Flight: 4, Rate: 200, Window: 2 * time.Second})
		// 4 connections: a generator that waited with the server would see 4 slow answers of 400, 1 %.
		// A quarter of all sends was due during the stall, and waited for 250 ms on average.
		if got.P90 < 200_000 || got.P99 < 400_000 || got.void() != "" {
			t.Errorf("p90 %.0f µs, p99 %.0f µs of a stall of 500 ms in 2 s; void: %q", got.P90, got.P99, got.void())
		}
	})
	t.Run("a stall that lasts to the end of the window shows as well", func(t *testing.T) {
		address := scripted(t, func(i int64, _ string) (string, time.Duration) {
			if i < 50 {
				return fine, 0
			}
			return fine, 2 * time.Second
		})
		got := loaded(t, loadJob{Address: address, Flight: 4, Rate: 200, Window: time.Second})
		if got.P90 < 300_000 {
			t.Errorf("p90 is %.0f µs of a server that stopped answering after a quarter of a second", got.P90)
		}
	})
}

func TestLoadJudges(t *testing.T) {
	job := loadJob{Flight: 4, Share: 0.5, Warm: 50 * time.Millisecond, Window: 300 * time.Millisecond, Drain: 500 * time.Millisecond}
	listed := map[string]bool{}
	for k := range uint64(1000) {
		number := make([]byte, digits)
		putNumber(number, book{listed: 1000}.optedOut(k))
		listed[string(number)] = true
	}
	optedOut := func(request string) bool {
		_, to, _ := strings.Cut(request, "To=%2B")
		return listed[to[:digits]]
	}
	var forwarded atomic.Bool
	right := func(_ int64, request string) (string, time.Duration) {
		if optedOut(request) {
			return refusing, 0
		}
		return fine, 0
	}
	for name, c := range map[string]struct {
		answer func(int64, string) (string, time.Duration)
		void   string
	}{
		"a server that answers rightly": {right, ""},
		"one forward that must not have been": {func(i int64, request string) (string, time.Duration) {
			if i >= 100 && optedOut(request) && !forwarded.Swap(true) {
				return fine, 0
			}
			return right(i, request)
		}, "1 × opted out, and forwarded"},
		"somebody else refused": {func(int64, string) (string, time.Duration) { return refusing, 0 }, "not opted out, and refused"},
		"a fault": {func(i int64, request string) (string, time.Duration) {
			if i == 100 {
				return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 0
			}
			return right(i, request)
		}, "1 × status 503"},
		"a connection that is closed instead of an answer": {func(i int64, request string) (string, time.Duration) {
			if i == 100 {
				return "", 0
			}
			return right(i, request)
		}, "1 × the connection ended"},
		"an answer without an end": {func(i int64, request string) (string, time.Duration) {
			if i == 100 {
				return "HTTP/1.1 201 Created\r\n\r\n", 0
			}
			return right(i, request)
		}, "1 × a message without a length"},
		"one answer that never comes": {func(i int64, request string) (string, time.Duration) {
			if i == 100 {
				return fine, time.Hour
			}
			return right(i, request)
		}, "1 × no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			job := job
			job.Address = scripted(t, c.answer)
			got := loaded(t, job)
			if why := got.void(); !strings.Contains(why, c.void) || c.void == "" && why != "" {
				t.Errorf("void: %q, want %q", why, c.void)
			}
			if c.void == "" && (got.Statuses["400"] < got.Answers/3 || got.Statuses["201"] < got.Answers/3) {
				t.Errorf("got %v of a load whose half is opted out", got.Statuses)
			}
		})
	}
}
