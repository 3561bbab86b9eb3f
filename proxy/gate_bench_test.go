package proxy

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
			g := inMemory(b, st, oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) { rc.Policy.Footer.Line = c.footer }))
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
	b.Run("forward by every rule", byEveryRule)
	b.Run("forward from a client", fromClient)
}

// byEveryRule sends to people one after another, each of whom agreed and gets a message a day, where
// every rule looks at it and none objects, and the store is on disk.
func byEveryRule(b *testing.B) {
	const people = 4096
	var n atomic.Int64
	began := time.Now()
	clock := func() time.Time { return began.Add(time.Duration(n.Load()) * 25 * time.Hour / people) }
	st, err := store.Open(store.Config{Dir: b.TempDir(), Now: clock})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	request := []byte(sms("+14155550000", "Everything+must+go+until+Sunday%2C+in+all+our+shops.+Reply+STOP+to+opt+out"))
	digits := request[bytes.Index(request, []byte("5550000&")):][:7]
	write := func(n int) {
		for i := len(digits) - 1; i > 2; i-- {
			digits[i], n = byte('0'+n%10), n/10
		}
	}
	var events []filter.Event
	for n := range people {
		write(n)
		to := filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+1415" + string(digits)}
		events = append(events, filter.Event{To: to, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"})
	}
	learn(b, st, events...)
	cfg := oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) { rc.Policy = everyRule(b) })
	cfg.Hours = &filter.HourTables{Places: []filter.Place{{Place: "US-CA", AreaCodes: []int{415}, Zones: []string{"America/Los_Angeles"}}}}
	cfg.OptOutLines = map[string][]filter.OptOutLine{"all": {{Words: strings.Fields(wordsToStop)}}}
	cfg.Now = clock
	g := inMemory(b, st, cfg)
	src := bytes.NewReader(request)
	br := bufio.NewReaderSize(src, 4096)
	var ctx fasthttp.RequestCtx
	b.ReportAllocs()
	for b.Loop() {
		write(int(n.Add(1)) % people)
		src.Reset(request)
		br.Reset(src)
		ctx.Init2(nil, nil, true)
		if err := ctx.Request.Read(br); err != nil {
			b.Fatal(err)
		}
		g.Handler(&ctx)
		if ctx.Response.StatusCode() != 201 {
			b.Fatalf("answered %d %s", ctx.Response.StatusCode(), ctx.Response.Body())
		}
		ctx.Request.Reset()
		ctx.Response.Reset()
	}
}

// wordsToStop are words by which texts in several languages say how to opt out.
const wordsToStop = "abbestellen abmelden afmelden annuleren anulować arrêter avmelding avregistrera avslutt baja cancelar cancella " +
	"darse desuscribirse disiscriviti désabonner désinscrire désinscription détacher eliminar keluar nehmen odhlásit odjava odjavi " +
	"peruuta poistu rezygnuj stopp stopper sluta sair salir scrivi sospendi tilmelding uitschrijven uscire vertraag wypisz zastavit zrušit"

// everyRule is a policy of all rules, none of which objects to marketing that says how to opt out.
func everyRule(b *testing.B) filter.Config {
	var always filter.Span
	if err := always.UnmarshalText([]byte("00:00-24:00")); err != nil {
		b.Fatal(err)
	}
	codes := []filter.Category{filter.Authentication}
	return filter.Config{
		Expiry:     []filter.Expiry{{Country: "US", Basis: filter.ByTransaction, Months: 24}},
		QuietHours: filter.QuietHours{Rows: []filter.Hours{{Place: "US", Weekdays: always}, {Place: "*", Weekdays: always}}},
		Caps:       filter.Caps{Rows: []filter.Cap{{Most: 3, Within: 24 * time.Hour}}},
		Duplicates: filter.Duplicates{Within: time.Hour, Categories: codes},
		Notice:     filter.Notice{Text: "Privacy: {policy_url}", PolicyURL: "https://example.com/privacy", Categories: codes},
		Footer:     filter.Footer{Line: "Reply STOP to opt out"},
	}
}

// fromClient sends through fasthttp's server, from as many clients as there are processors.
func fromClient(b *testing.B) {
	g := inMemory(b, memory(b), oneRoute("http://127.0.0.1:1", nil))
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
func inMemory(b *testing.B, st *store.Store, cfg Config) *Gate {
	b.Helper()
	g, err := New(cfg, st)
	if err != nil {
		b.Fatal(err)
	}
	u := g.table.Load().routes["twilio"].upstream
	b.Cleanup(u.Close)
	answer := []byte("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"sid\":\"SM12345\"}")
	u.Through(func(context.Context, string, string) (net.Conn, error) {
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
	})
	return g
}
