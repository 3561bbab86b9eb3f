package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// A script is a server whose answers are written down: what it answers to a recipient, and when.
type script struct {
	answer func(to string) string                  // a whole HTTP answer
	wait   func(since time.Duration) time.Duration // how long the answer to a request takes that came then; nil: no time
	began  time.Time
}

// serve answers the requests on conn until it is closed.
func (s *script) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	var req fasthttp.Request
	for req.Read(in) == nil {
		if s.wait != nil {
			time.Sleep(s.wait(time.Since(s.began)))
		}
		if _, err := conn.Write([]byte(s.answer(string(req.PostArgs().Peek("To"))))); err != nil {
			return
		}
	}
}

// dial connects to s without a network, so that it works in a bubble of its own time.
func (s *script) dial(string) (net.Conn, error) {
	client, server := net.Pipe()
	go s.serve(server)
	return client, nil
}

// said is an answer with the gate's headers.
func said(status, code int, decision, reason string) string {
	body := fmt.Sprintf(`{"code": %d, "status": %d}`, code, status)
	return fmt.Sprintf("HTTP/1.1 %d X\r\nSendgate-Decision: %s\r\nSendgate-Reason: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, decision, reason, len(body), body)
}

// plainly is an answer without them.
func plainly(status, code int) string {
	body := fmt.Sprintf(`{"code": %d, "status": %d}`, code, status)
	return fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

func dialect(t testing.TB, provider string, samples ...string) *Dialect {
	t.Helper()
	d, err := NewDialect(provider, samples...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// everybody are people who all want the same.
func everybody(want Want) Crowd {
	return Crowd{Size: 1000, Seed: 1, Cases: []Case{{Want: want}}}
}

// runAgainst runs a against s and sums it up, in a bubble of its own time.
func runAgainst(t testing.TB, ctx context.Context, s *script, a Attack, strict bool) Summary {
	t.Helper()
	d := dialect(t, "twilio")
	s.began = time.Now()
	target, err := NewTarget(TargetConfig{URL: "http://127.0.0.1:1", Dialect: d, Timeout: a.Timeout, Dial: s.dial, Connections: a.Workers})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		target.Close()
		time.Sleep(2 * time.Hour) // of the bubble: until the slowest server and the client's cleaner have gone
	}()
	a.Sender = target
	a.Pause = time.Sleep
	report := NewReport(Plan{}, d, strict)
	for result, err := range a.Results(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		report.Add(result)
	}
	return report.Summary(ctx.Err() != nil)
}

func phases(t testing.TB, text string, total time.Duration) []Phase {
	t.Helper()
	p, err := ParseRate(text, total)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A list is recipients that are written down.
type list []Recipient

func (l *list) Next() (Recipient, error) {
	if len(*l) == 0 {
		return Recipient{}, io.EOF
	}
	r := (*l)[0]
	*l = (*l)[1:]
	return r, nil
}
