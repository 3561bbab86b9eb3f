package proxy

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store"
)

// TestKeyCannotBeKept: without a place to keep the key nothing is sent, and a request without one goes.
func TestKeyCannotBeKept(t *testing.T) {
	base, count := numbered(t, "201 Created", func(wire) {})
	st, err := store.Open(store.Config{Memory: true, SendKeys: store.SendKeys{Bytes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	registry := prometheus.NewRegistry()
	cfg := oneRoute(base, nil)
	cfg.Metrics = registry
	_, addr := start(t, cfg, st)
	if a := ask(t, addr, sale("order-1")); a.StatusCode != 201 {
		t.Fatalf("the first is answered %s", a.Status)
	}
	if a := ask(t, addr, sale("order-2")); a.StatusCode != 503 || a.Header.Get("Sendgate-Outcome") != "not-sent" || !strings.Contains(a.body, "no room to keep another key") {
		t.Errorf("with no room left, answered %s %s", a.Status, a.body)
	}
	if a := ask(t, addr, sale("order-1")); a.StatusCode != 201 {
		t.Errorf("the repeat is answered %s", a.Status)
	}
	if a := ask(t, addr, sms(person.Address, "Sale")); a.StatusCode != 201 || count.Load() != 2 {
		t.Errorf("without a key, answered %s", a.Status)
	}
	for result, want := range map[string]float64{"first": 1, "answer": 1, "failed": 1, "unknown": 0} {
		if got := keyMetric(t, registry, result); got != want {
			t.Errorf("the metric has %v %s, want %v", got, result, want)
		}
	}
	if err := st.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
		t.Fatal(err)
	}
	if a := ask(t, addr, sale("order-3")); a.StatusCode != 503 || a.Header.Get("Sendgate-Outcome") != "not-sent" || !strings.Contains(a.body, "could not look for the key") || count.Load() != 2 {
		t.Errorf("with the store closed, answered %s %s", a.Status, a.body)
	}
}

func keyMetric(t testing.TB, r *prometheus.Registry, result string) float64 {
	t.Helper()
	n, ok := gathered(t, r)["sendgate_send_keys_total "+result+" twilio"]
	if !ok {
		t.Fatalf("no metric for %s", result)
	}
	return n
}

// TestKeyOfALongAnswer: an answer that is too long to keep is given once, and its repeat is told so.
func TestKeyOfALongAnswer(t *testing.T) {
	var count atomic.Int64
	body := strings.Repeat("x", store.MaxAnswer)
	base := play(t, loopback(t), echo(fmt.Sprintf("HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s", len(body), body), func(wire) { count.Add(1) }))
	_, addr := start(t, oneRoute(base, nil), memory(t))
	if a := ask(t, addr, sale("order-1")); a.StatusCode != 201 || a.body != body {
		t.Errorf("answered %s with %d bytes", a.Status, len(a.body))
	}
	if a := ask(t, addr, sale("order-1")); a.StatusCode != 424 || count.Load() != 1 {
		t.Errorf("the repeat is answered %s, and %d arrived", a.Status, count.Load())
	}
}

// TestWaitersLearnTheSame: who waits for a send whose outcome is unknown is told that, and who goes away
// waits no longer.
func TestWaitersLearnTheSame(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		arrived, release := make(chan struct{}), make(chan struct{})
		base := play(t, loopback(t), func(c net.Conn) {
			echoEach(c, func(wire) string { close(arrived); <-release; return "" })
		})
		g, addr := start(t, oneRoute(base, nil), memory(t))
		first := speak(t, addr)
		first.write(sale("order-1"))
		<-arrived
		gone, second := speak(t, addr), speak(t, addr)
		gone.write(sale("order-1"))
		second.write(sale("order-1"))
		eventually(t, "both to wait", func() bool { return g.flights.waiting.Load() == 2 })
		if !portable(t) {
			gone.conn.Close()
			eventually(t, "the one who left to be let go", func() bool { return g.flights.waiting.Load() == 1 })
		}
		close(release)
		want := first.hear("POST")
		if want.StatusCode != 424 {
			t.Errorf("the first is answered %s", want.Status)
		}
		sameAnswer(t, second.hear("POST"), want)
	})
}

// TestTooManyWait: beyond half of all connections nobody waits.
func TestTooManyWait(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	base, _ := numbered(t, "201 Created", func(wire) { close(arrived); <-release })
	cfg := oneRoute(base, nil)
	cfg.Limits.Connections = 4
	g, addr := start(t, cfg, memory(t))
	var speakers []*speaker
	for n := range 3 {
		s := speak(t, addr)
		s.write(sale("order-1"))
		if n == 0 {
			<-arrived
		}
		speakers = append(speakers, s)
	}
	eventually(t, "two to wait", func() bool { return g.flights.waiting.Load() == 2 })
	if a := ask(t, addr, sale("order-1")); a.StatusCode != 424 || a.Header.Get("Sendgate-Outcome") != "unknown" {
		t.Errorf("a third is answered %s", a.Status)
	}
	close(release)
	for _, s := range speakers {
		if a := s.hear("POST"); a.StatusCode != 201 {
			t.Errorf("answered %s", a.Status)
		}
	}
}

// TestKeyAndPanic: a fault of the gate's leaves the key as free, or as used, as the truth is.
func TestKeyAndPanic(t *testing.T) {
	for _, c := range []struct {
		at     string
		status int // of the repeat
	}{{"Parse", 201}, {"Learn", 424}} {
		base, count := numbered(t, "201 Created", func(wire) {})
		g, addr := start(t, oneRoute(base, nil), memory(t))
		rt := g.table.Load().routes["twilio"]
		sound := rt.provider
		rt.provider = stumbler{sound, c.at}
		ask(t, addr, sale("order-1"))
		rt.provider = sound
		if a := ask(t, addr, sale("order-1")); a.StatusCode != c.status || count.Load() != 1 {
			t.Errorf("after a fault in %s the repeat is answered %s, and %d arrived", c.at, a.Status, count.Load())
		}
	}
}

// FuzzDecodeReply: nothing that is kept makes the gate fall.
func FuzzDecodeReply(f *testing.F) {
	f.Add((&reply{head: []byte("HTTP/1.1 200 OK\r\n"), body: []byte("{}"), marks: marks{decision: "forward", reason: "allowed", id: "01", until: time.Unix(1, 0)}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeReply(b)
		if err != nil {
			return
		}
		again, err := decodeReply(r.encode())
		if err != nil || string(again.head) != string(r.head) || string(again.body) != string(r.body) || again.marks != r.marks {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}

// TestKeyAtMostOnce: clients that repeat every send under its key, several at once, whatever they are
// told, through an upstream that breaks off at every point of an exchange. No send arrives twice, and once
// it was answered every repeat gets that answer.
func TestKeyAtMostOnce(t *testing.T) {
	t.Parallel()
	const sends, clients, repeats = 2000, 32, 4
	a := newAdversary(7)
	addr := startAgainst(t, a, false)
	var next atomic.Int64
	var tally [upstream.Outcomes]atomic.Int64
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for {
				n := next.Add(1)
				if n > sends {
					return
				}
				id := fmt.Sprintf("once-%06d", n)
				var answers [repeats]told
				var together sync.WaitGroup
				for i := range answers {
					one := func() { answers[i] = ask(t, addr, keyed(sms(person.Address, id), "Sendgate-Key: "+id)) }
					if i < 2 {
						together.Go(one)
					} else {
						together.Wait()
						one()
					}
				}
				last := answers[repeats-1]
				tally[judgeRepeats(t, id, answers[:])].Add(1)
				a.mu.Lock()
				if arrived := a.arrived[id]; arrived > 1 || arrived == 0 && last.StatusCode == 201 {
					t.Errorf("%s arrived %d times; at last it was answered %s", id, arrived, last.Status)
				}
				a.mu.Unlock()
			}
		})
	}
	group.Wait()
	for o := range upstream.Outcomes {
		t.Logf("%s: %d", upstream.Outcome(o), tally[o].Load())
	}
	if tally[upstream.Answered].Load() == 0 || tally[upstream.Unknown].Load() == 0 {
		t.Error("the test showed nothing")
	}
}

// judgeRepeats checks that what was told of one send only became more certain.
func judgeRepeats(t *testing.T, id string, answers []told) (o upstream.Outcome) {
	o = upstream.NotSent
	for i, a := range answers {
		now := upstream.NotSent
		switch a.StatusCode {
		case 201:
			now = upstream.Answered
			if want := fmt.Sprintf("{\"body\":%q}", id); a.body != want {
				t.Errorf("%s: got the answer %s", id, a.body)
			}
		case 424:
			now = upstream.Unknown
		case 503:
		default:
			t.Errorf("%s: told %s", id, a.Status)
		}
		if i > 1 && o != upstream.NotSent && now != o { // the first two were told at once, in no order
			t.Errorf("%s: told %s after %s", id, now, o)
		}
		if o == upstream.NotSent {
			o = now
		}
	}
	return o
}
