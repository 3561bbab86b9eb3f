package proxy

import (
	"bufio"
	"context"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"
)

// withoutNetwork has g serve, and its one route lead to upstream, both within a bubble of time. It returns a client, and
// why serving ended once it did.
func withoutNetwork(t *testing.T, g *Gate, upstream func(net.Conn)) (*speaker, chan error) {
	t.Helper()
	g.table.Load().routes["twilio"].upstream.Through(func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go upstream(there)
		return here, nil
	})
	ln, ended := fasthttputil.NewInmemoryListener(), make(chan error, 1)
	go func() { ended <- g.Serve(ln) }()
	c, err := ln.Dial()
	if err != nil {
		t.Fatal(err)
	}
	return &speaker{t, c, bufio.NewReader(c)}, ended
}

// A stop lets every request under way finish, also on connections that clients have kept for long, and that fasthttp
// therefore takes for idle, and also where the provider takes its time.
func TestShutdownFinishesOnOldConnections(t *testing.T) {
	st := memory(t)
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, oneRoute("http://127.0.0.1:9", func(rc *RouteConfig) { rc.Mode = Open }), st)
		slow := echo(okAnswer, func(wire) { time.Sleep(20 * time.Second) })
		s, ended := withoutNetwork(t, g, slow)
		time.Sleep(10 * time.Second)
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

// A provider that does not answer what the gate itself writes holds no stop up for longer than that may take.
func TestAbandonOwnMessages(t *testing.T) {
	arrived := make(chan bool)
	silent := play(t, loopback(t), echo("", func(wire) { arrived <- true; <-t.Context().Done() }))
	st := memory(t)
	g, _, calls := startHooked(t, answering(t, silent, nil), st)
	g.Start()
	callBack(t, calls, chatted(t, "wamid.1", "14155550100", "stop", time.Now()), 200)
	<-arrived
	grace, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if err := g.Shutdown(grace); err == nil {
		t.Error("it did not wait for what is under way")
	}
	g.Abandon(t.Context())
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the stop took %s", took)
	}
	if got := deadLetters(t, st); !slices.Equal(got, []string{"answer: " + errNoAnswer.Error()}) {
		t.Errorf("given up are %q", got)
	}
}

// A stop that cannot wait any longer for providers tells their senders, and the decision log, that what is under way
// may have been sent; also what went by a configuration that is not in force any more.
func TestAbandon(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		arrived := make(chan bool)
		silent := func() string {
			return play(t, loopback(t), echo("", func(wire) { arrived <- true; <-t.Context().Done() }))
		}
		st := memory(t)
		g, addr := start(t, oneRoute(silent(), nil), st)
		first, second := speak(t, addr), speak(t, addr)
		first.write(sms(person.Address, "Sale"))
		<-arrived
		if err := g.Reload(oneRoute(silent(), nil)); err != nil {
			t.Fatal(err)
		}
		second.write(sms(person.Address, "Sale"))
		<-arrived
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := g.Shutdown(over); err == nil {
			t.Fatal("it did not wait for what is under way")
		}
		g.Abandon(t.Context())
		for _, s := range []*speaker{first, second} {
			if a := s.hear("POST"); a.StatusCode != 424 || a.Header.Get("Sendgate-Outcome") != "unknown" {
				t.Errorf("answered %d %s", a.StatusCode, a.body)
			}
		}
		log := entries(t, st)
		if len(log) != 2 || log[0].Outcome != "unknown" || log[1].Outcome != "unknown" {
			t.Errorf("the decision log has %+v", log)
		}
	})
}
