package proxy

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/upstream"
)

// TestAtMostOnce sends through upstreams that break off at every point of an exchange. No send
// arrives twice, and what the client is told is what happened.
func TestAtMostOnce(t *testing.T) {
	const sends, clients = 20_000, 64
	for _, secure := range []bool{false, true} {
		name := "plain"
		if secure {
			name = "TLS"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAdversary(uint64(len(name)))
			addr := startAgainst(t, a, secure)
			var tally [upstream.Outcomes]atomic.Int64
			var next atomic.Int64
			var group sync.WaitGroup
			for range clients {
				group.Go(func() {
					for s := (*speaker)(nil); ; {
						n := next.Add(1)
						if n > sends/2 {
							return
						}
						if s == nil || n%50 == 0 {
							s = speak(t, addr)
						}
						id := fmt.Sprintf("%s-%06d", name, n)
						s.write(sms("+14155550100", id))
						tally[judge(t, a, id, s.hear("POST"))].Add(1)
					}
				})
			}
			group.Wait()
			a.mu.Lock()
			defer a.mu.Unlock()
			for id, n := range a.arrived {
				if n > 1 {
					t.Errorf("%s arrived %d times", id, n)
				}
				if a.denied[id] {
					t.Errorf("%s arrived after its client was told that it was not sent", id)
				}
			}
			for o := range upstream.Outcomes {
				t.Logf("%s: %d", upstream.Outcome(o), tally[o].Load())
				if tally[o].Load() == 0 {
					t.Errorf("no send was %s: the test showed nothing", upstream.Outcome(o))
				}
			}
			for _, p := range points {
				for _, how := range []string{"close", "reset", "stall"} {
					if a.ways[p+", "+how] == 0 {
						t.Errorf("the upstream never broke off %s by %s", p, how)
					}
				}
			}
		})
	}
}

// startAgainst serves a gate in front of a, with patience for tests.
func startAgainst(t *testing.T, a *adversary, secure bool) (addr string) {
	t.Helper()
	ln := loopback(t)
	cfg := oneRoute("", func(rc *RouteConfig) {
		rc.Timeouts = upstream.Timeouts{Connect: 300 * time.Millisecond, Write: 300 * time.Millisecond, Response: 300 * time.Millisecond, Idle: 20 * time.Millisecond}
	})
	rc := cfg.Routes["twilio"]
	var config *tls.Config
	if secure {
		var cert tls.Certificate
		cert, rc.CAFile = certificateFor(t, "localhost")
		config = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	rc.Upstream = play(t, ln, func(c net.Conn) { a.serve(c, config) })
	if secure {
		rc.Upstream = strings.Replace(rc.Upstream, "http://127.0.0.1", "https://localhost", 1)
	}
	cfg.Routes["twilio"] = rc
	_, addr = start(t, cfg, memory(t))
	return addr
}

// judge compares what the client was told about id with what the upstream knows.
func judge(t *testing.T, a *adversary, id string, said told) upstream.Outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch o := said.Header.Get("Sendgate-Outcome"); {
	case said.StatusCode == 201 && o == "":
		if !a.answered[id] {
			t.Errorf("%s: told success, and the upstream never answered", id)
		}
		if want := fmt.Sprintf("{\"body\":%q}", id); said.body != want || said.Header.Get("X-Echo") != id {
			t.Errorf("%s: got the answer to another request: %s", id, said.body)
		}
		return upstream.Answered
	case said.StatusCode == 503 && o == "not-sent":
		if a.arrived[id] > 0 {
			t.Errorf("%s: told that it was not sent, and it arrived", id)
		}
		a.denied[id] = true
		return upstream.NotSent
	case said.StatusCode == 424 && o == "unknown":
		return upstream.Unknown
	default:
		t.Errorf("%s: told %d, outcome %q: %s", id, said.StatusCode, o, said.body)
		return upstream.Unknown
	}
}
