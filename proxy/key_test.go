package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// keyed is a request with further header lines.
func keyed(request string, lines ...string) string {
	return strings.Replace(request, "Host: gate\r\n", "Host: gate\r\n"+strings.Join(lines, "\r\n")+"\r\n", 1)
}

// sale is a send under a key.
func sale(key string) string { return keyed(sms(person.Address, "Sale"), "Sendgate-Key: "+key) }

// numbered is an upstream that answers each request in its own words, by how many came before.
func numbered(t testing.TB, status string, seen func(wire)) (base string, count *atomic.Int64) {
	count = new(atomic.Int64)
	base = play(t, loopback(t), func(c net.Conn) {
		echoEach(c, func(w wire) string {
			n := count.Add(1)
			seen(w)
			body := fmt.Sprintf("{\"sid\":\"SM%d\",\"to\":\"+14155550100\"}", n)
			return fmt.Sprintf("HTTP/1.1 %s\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nX-Twilio: %d\r\nx-odd-Name: a\r\nX-Odd-Name: b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				status, n, len(body), body)
		})
	})
	return base, count
}

// bothWays runs f on the lane and without it.
func bothWays(t *testing.T, f func(t *testing.T)) {
	t.Run("on the lane", f)
	t.Run(withoutLane, f)
}

// TestKeyOnce: the same key a thousand times at once reaches the upstream once, and everybody gets its
// answer.
func TestKeyOnce(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		const clients = 1000
		release := make(chan struct{})
		base, count := numbered(t, "201 Created", func(wire) { <-release })
		g, addr := start(t, oneRoute(base, nil), memory(t))
		answers := make([]told, clients)
		var group sync.WaitGroup
		for i := range clients {
			group.Go(func() {
				s := speak(t, addr)
				s.write(sale("order-1"))
				answers[i] = s.hear("POST")
				s.conn.Close()
			})
		}
		eventually(t, "all but one to wait", func() bool { return g.flights.waiting.Load() == clients-1 })
		close(release)
		group.Wait()
		if n := count.Load(); n != 1 {
			t.Errorf("%d requests arrived", n)
		}
		first := 0
		for _, a := range answers {
			if a.Header.Get("Sendgate-Replayed") == "" {
				first++
			}
			sameAnswer(t, a, answers[0])
		}
		if first != 1 {
			t.Errorf("%d answers are no repeats", first)
		}
		sameAnswer(t, ask(t, addr, sale("order-1")), answers[0])
		if a := ask(t, addr, sale("order-2")); a.body == answers[0].body {
			t.Error("another key got the same answer")
		}
		if n := count.Load(); n != 2 {
			t.Errorf("%d requests arrived, want one a key", n)
		}
	})
}

// sameAnswer compares all of two answers but whether they were given before.
func sameAnswer(t testing.TB, got, want told) {
	t.Helper()
	g, w := got.Header.Clone(), want.Header.Clone()
	g.Del("Sendgate-Replayed")
	w.Del("Sendgate-Replayed")
	if got.Status != want.Status || got.body != want.body || fmt.Sprint(g) != fmt.Sprint(w) {
		t.Errorf("answered %s %v %q\nwant %s %v %q", got.Status, g, got.body, want.Status, w, want.body)
	}
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestKeyRepeatIsByteForByte compares what two requests with one key are answered on the wire.
func TestKeyRepeatIsByteForByte(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		var arrived wire
		base, count := numbered(t, "201 Created", func(w wire) { arrived = w })
		_, addr := start(t, oneRoute(base, nil), memory(t))
		var answers [2]string
		for i := range answers {
			s := speak(t, addr)
			s.write(sale("order-1"))
			var seen bytes.Buffer
			for !strings.HasSuffix(seen.String(), "0100\"}") {
				if _, err := io.CopyN(&seen, s.br, 1); err != nil {
					t.Fatal(err)
				}
			}
			answers[i] = seen.String()
		}
		if want := strings.Replace(answers[1], "Sendgate-Replayed: true\r\n", "", 1); answers[0] != want || answers[1] == want {
			t.Errorf("answered\n%s\nand then\n%s", answers[0], answers[1])
		}
		if strings.Contains(strings.ToLower(arrived.head), "sendgate") || count.Load() != 1 {
			t.Errorf("%d arrived: %s", count.Load(), arrived.head)
		}
	})
}

// TestKeyAfterRestart: the answer outlives the gate and its store.
func TestKeyAfterRestart(t *testing.T) {
	base, count := numbered(t, "201 Created", func(wire) {})
	dir := t.TempDir()
	var answers []told
	for range 2 {
		st, err := store.Open(store.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		_, addr := start(t, oneRoute(base, nil), st)
		answers = append(answers, ask(t, addr, sale("order-1")))
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if sameAnswer(t, answers[1], answers[0]); count.Load() != 1 || answers[1].Header.Get("Sendgate-Replayed") != "true" {
		t.Errorf("%d arrived; the second answer has %v", count.Load(), answers[1].Header)
	}
}

// TestKeyByOutcome: what may have been sent is not sent again, and what surely was not is.
func TestKeyByOutcome(t *testing.T) {
	const short = "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"
	status := func(code int) string {
		return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 2\r\n\r\n{}", code, http.StatusText(code))
	}
	for _, c := range []struct {
		name, first string // what the upstream says at first; empty: it closes without a word
		status      int    // that the first request gets
		again       bool   // whether its repeat goes
	}{
		{"accepted", status(201), 201, false},
		{"no answer after the request was taken", "", 424, false},
		{"half an answer", short, 424, false},
		{"a fault of the provider's, which may have sent it", status(500), 500, false},
		{"a gateway that gave up", status(504), 504, false},
		{"a time-out that may come late", status(408), 408, false},
		{"a conflict with another request", status(409), 409, false},
		{"too many requests", status(429), 429, true},
		{"an expired token", status(401), 401, true},
		{"a fault of the client's", status(400), 400, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var count atomic.Int64
			base := play(t, loopback(t), func(conn net.Conn) {
				echoEach(conn, func(wire) string {
					if count.Add(1) == 1 && c.status == 424 {
						_, _ = io.WriteString(conn, c.first)
						return ""
					} else if count.Load() == 1 {
						return c.first
					}
					return status(202)
				})
			})
			_, addr := start(t, oneRoute(base, nil), memory(t))
			first, second := ask(t, addr, sale("order-1")), ask(t, addr, sale("order-1"))
			if first.StatusCode != c.status {
				t.Errorf("the first is answered %s", first.Status)
			}
			if c.again {
				if second.StatusCode != 202 || count.Load() != 2 || second.Header.Get("Sendgate-Replayed") != "" {
					t.Errorf("the repeat is answered %s, and %d arrived", second.Status, count.Load())
				}
				return
			}
			if sameAnswer(t, undated(second), undated(first)); count.Load() != 1 || second.Header.Get("Sendgate-Replayed") != "true" {
				t.Errorf("%d arrived; the repeat has %v", count.Load(), second.Header)
			}
		})
	}
}

// undated is an answer of the gate's own without its date.
func undated(a told) told {
	a.Header.Del("Date")
	return a
}

// TestKeyNotSent: while nobody listens nothing is sent, and the key stays free.
func TestKeyNotSent(t *testing.T) {
	ln := loopback(t)
	place := ln.Addr().String()
	ln.Close()
	_, addr := start(t, oneRoute("http://"+place, nil), memory(t))
	for range 2 {
		if a := ask(t, addr, sale("order-1")); a.StatusCode != 503 || a.Header.Get("Sendgate-Outcome") != "not-sent" {
			t.Fatalf("answered %s", a.Status)
		}
	}
	ln, err := net.Listen("tcp", place)
	if err != nil {
		t.Fatal(err)
	}
	play(t, ln, echo(okAnswer, func(wire) {}))
	if a := ask(t, addr, sale("order-1")); a.StatusCode != 200 || a.Header.Get("Sendgate-Replayed") != "" {
		t.Errorf("answered %s", a.Status)
	}
	if a := ask(t, addr, sale("order-1")); a.StatusCode != 200 || a.Header.Get("Sendgate-Replayed") != "true" {
		t.Errorf("the repeat is answered %s", a.Status)
	}
}

// TestKeyOfABlock: a block sends nothing, so the same key is judged anew.
func TestKeyOfABlock(t *testing.T) {
	base, count := numbered(t, "201 Created", func(wire) {})
	st := memory(t)
	_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Policy = filter.Config{} }), st)
	for range 2 {
		if a := ask(t, addr, sale("order-1")); a.StatusCode != 400 || a.Header.Get("Sendgate-Reason") != "no-consent" || a.Header.Get("Sendgate-Replayed") != "" {
			t.Fatalf("answered %s %v", a.Status, a.Header)
		}
	}
	learn(t, st, filter.Event{To: person, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"})
	first := ask(t, addr, sale("order-1"))
	learn(t, st, filter.Event{To: person, Kind: filter.OptedOut, Source: "test"})
	sameAnswer(t, ask(t, addr, sale("order-1")), first) // it was sent before
	if a := ask(t, addr, sale("order-2")); a.Header.Get("Sendgate-Reason") != "opted-out" || count.Load() != 1 {
		t.Errorf("answered %v, and %d arrived", a.Header, count.Load())
	}
}
