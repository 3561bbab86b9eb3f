package proxy

import (
	"bufio"
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"
)

// A stop lets every request under way finish, also on connections that clients have kept for long, and that fasthttp
// therefore takes for idle, and also where the provider takes its time.
func TestShutdownFinishesOnOldConnections(t *testing.T) {
	st := memory(t)
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, oneRoute("http://127.0.0.1:9", func(rc *RouteConfig) { rc.Mode = Open }), st)
		slow := echo(okAnswer, func(wire) { time.Sleep(20 * time.Second) })
		g.table.Load().routes["twilio"].upstream.dialer.connect = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go slow(there)
			return here, nil
		}
		ln, ended := fasthttputil.NewInmemoryListener(), make(chan error, 1)
		go func() { ended <- g.Serve(ln) }()
		c, err := ln.Dial()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		s := &speaker{t, c, bufio.NewReader(c)}
		s.write(sms(person.Address, "Sale"))
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- g.Shutdown(t.Context()) }()
		if a := s.hear("POST"); a.StatusCode != 200 {
			t.Errorf("the accepted send was answered %d", a.StatusCode)
		}
		if err := <-stopped; err != nil {
			t.Errorf("shutting down: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
}
