package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// BenchmarkGate measures one request through the whole handler, client and upstream in memory: what
// both of them cost is in the time, and not in the allocations.
func BenchmarkGate(b *testing.B) {
	cases := []struct {
		name, request string
		footer        string
		want          int
	}{
		{"forward", sms("+14155550100", "Your order 12345 is on its way"), "", 201},
		{"block", sms("+14155550199", "Sale"), "", 400},
		{"rewrite", sms("+14155550100", "Sale"), "Reply STOP to opt out", 201},
		{"not a send", "GET /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\nAccept: */*\r\n\r\n", "", 201},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			st := memory(b)
			learn(b, st, filter.Event{To: filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550199"}, Kind: filter.OptedOut, Source: "test"})
			g := inMemory(b, st, c.footer)
			request := parsed(b, c.request)
			var ctx fasthttp.RequestCtx
			b.ReportAllocs()
			for b.Loop() {
				ctx.Init2(nil, nil, true)
				if err := ctx.Request.Read(request()); err != nil {
					b.Fatal(err)
				}
				g.Handler(&ctx)
				if ctx.Response.StatusCode() != c.want {
					b.Fatalf("answered %d %s", ctx.Response.StatusCode(), ctx.Response.Body())
				}
				ctx.Request.Reset()
				ctx.Response.Reset()
			}
		})
	}
	b.Run("forward from a client", fromClient)
}

// fromClient sends through fasthttp's server, from as many clients as there are processors.
func fromClient(b *testing.B) {
	g := inMemory(b, memory(b), "")
	ln := fasthttputil.NewInmemoryListener()
	go func() { _ = g.Serve(ln) }()
	b.Cleanup(func() { _ = g.Shutdown(context.Background()) })
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c, err := ln.Dial()
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		br := bufio.NewReader(c)
		request := sms("+14155550100", "Your order 12345 is on its way")
		var resp fasthttp.Response
		for pb.Next() {
			if _, err := io.WriteString(c, request); err != nil {
				b.Error(err)
				return
			}
			if err := resp.Read(br); err != nil || resp.StatusCode() != 201 {
				b.Errorf("answered %d, %v", resp.StatusCode(), err)
				return
			}
		}
	})
}

// parsed gives readers of one request.
func parsed(b *testing.B, request string) func() *bufio.Reader {
	src := strings.NewReader(request)
	br := bufio.NewReaderSize(src, 4096)
	return func() *bufio.Reader {
		src.Reset(request)
		br.Reset(src)
		return br
	}
}

// inMemory is a gate whose upstream has no sockets.
func inMemory(b *testing.B, st *store.Store, footer string) *Gate {
	b.Helper()
	g, err := New(oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) { rc.Policy.Footer.Line = footer }), st)
	if err != nil {
		b.Fatal(err)
	}
	u := g.table.Load().routes["twilio"].upstream
	b.Cleanup(u.pool.close)
	answer := []byte("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"sid\":\"SM12345\"}")
	u.dialer.connect = func(context.Context, string, string) (net.Conn, error) {
		pipe := fasthttputil.NewPipeConns()
		go func() {
			c := pipe.Conn1()
			br := bufio.NewReader(c)
			var req fasthttp.Request
			for req.Read(br) == nil {
				if _, err := c.Write(answer); err != nil {
					return
				}
			}
		}()
		return pipe.Conn2(), nil
	}
	return g
}
