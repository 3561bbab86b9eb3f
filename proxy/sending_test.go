package proxy

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestTimeOfTheGatesOwn: what a send waits for before it leaves, such as a disk that is slow to keep its key, is none of
// the time that the upstream has to answer in.
func TestTimeOfTheGatesOwn(t *testing.T) {
	st := memory(t)
	synctest.Test(t, func(t *testing.T) {
		cfg := oneRoute("http://127.0.0.1:9", func(rc *RouteConfig) { rc.Timeouts.Response = 2 * time.Second })
		cfg.Now = func() time.Time { // is asked before a message is judged
			time.Sleep(3 * time.Second)
			return time.Now()
		}
		g := newGate(t, cfg, st)
		s, ended := withoutNetwork(t, g, echo(okAnswer, func(wire) { time.Sleep(time.Second) }))
		for n := range 2 { // by a connection that was just made, and by that again
			s.write(sms(person.Address, "Sale"))
			if a := s.hear("POST"); a.StatusCode != 200 {
				t.Errorf("send %d was answered %d %s", n, a.StatusCode, a.body)
			}
		}
		if err := g.Shutdown(t.Context()); err != nil {
			t.Errorf("shutting down: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
		time.Sleep(time.Minute) // fasthttp ends what it began
	})
}

func TestAnswer(t *testing.T) {
	upstream := "HTTP/1.1 201 Made\r\nDATE: Sat, 21 Nov 2026 10:00:00 GMT\r\nx-ODD: 1\r\nx-odd: 2\r\nX-Empty:\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n" +
		"Connection: keep-alive, X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\nSendgate-Decision: forward\r\nSENDGATE-id: x\r\n" +
		"Content-Type: application/json;v=2\r\nContent-Length: 9\r\nRetry-After: 5\r\n\r\n{\"a\": 1 }"
	base := play(t, loopback(t), echo(upstream, func(wire) {}))
	g, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Mode = Open }), memory(t))
	s := speak(t, addr)
	s.write(sms(person.Address, "Sale"))
	var got string
	for !strings.HasSuffix(got, "\r\n\r\n") {
		line, err := s.br.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got += line
	}
	body := make([]byte, 9)
	if _, err := io.ReadFull(s.br, body); err != nil || string(body) != "{\"a\": 1 }" {
		t.Errorf("body %q, %v", body, err)
	}
	want := "HTTP/1.1 201 Made\r\nDATE: Sat, 21 Nov 2026 10:00:00 GMT\r\nx-ODD: 1\r\nx-odd: 2\r\nX-Empty:\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n" +
		"Content-Type: application/json;v=2\r\nContent-Length: 9\r\nRetry-After: 5\r\n\r\n"
	if g.slow { // fasthttp has an order and a spelling of its own
		want = "HTTP/1.1 201 Made\r\nContent-Type: application/json;v=2\r\nContent-Length: 9\r\n" +
			"DATE: Sat, 21 Nov 2026 10:00:00 GMT\r\nx-ODD: 1\r\nx-odd: 2\r\nX-Empty: \r\nRetry-After: 5\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n"
	}
	if got != want {
		t.Errorf("the client got\n%q\nwant\n%q", got, want)
	}
}
