package proxy

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
	"github.com/valyala/fasthttp"
)

// A fuse is a gate with a breaker, whose provider answers as the test says, by a clock that it turns.
type fuse struct {
	t      *testing.T
	store  *store.Store
	g      *Gate
	addr   string
	clock  atomic.Pointer[time.Time]
	answer atomic.Pointer[string] // of the provider
	sent   atomic.Int64
	next   int
}

// blow makes a fuse over a store in dir, in memory where that is empty.
func blow(t *testing.T, dir string) *fuse {
	t.Helper()
	return blowWith(t, dir, func(*Config) {})
}

// blowWith is blow with another configuration.
func blowWith(t *testing.T, dir string, change func(*Config)) *fuse {
	t.Helper()
	f := &fuse{t: t}
	f.at(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
	f.refuse(0)
	var err error
	if f.store, err = store.Open(store.Config{Dir: dir, Memory: dir == "", Now: f.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.store.Close() })
	srv := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		f.sent.Add(1)
		status, body, _ := strings.Cut(*f.answer.Load(), " ")
		code := 0
		fmt.Sscan(status, &code)
		ctx.SetStatusCode(code)
		ctx.SetBodyString(body)
	}}
	ln := loopback(t)
	go srv.Serve(ln)
	t.Cleanup(func() { _ = srv.Shutdown() })
	cfg := oneRoute("http://"+ln.Addr().String(), nil)
	cfg.Now = f.now
	b := sternly
	b.Codes = map[string][]int{"twilio": {21610, 30007}}
	cfg.Breaker = &b
	change(&cfg)
	f.g, f.addr = start(t, cfg, f.store)
	ask(t, f.addr, post("/nowhere", "text/plain", "")) // it serves, and can be shut down
	return f
}

func (f *fuse) at(now time.Time)     { f.clock.Store(&now) }
func (f *fuse) now() time.Time       { return *f.clock.Load() }
func (f *fuse) wait(d time.Duration) { f.at(f.now().Add(d)) }

// refuse has the provider refuse with code, or accept where that is 0.
func (f *fuse) refuse(code int) {
	answer := `201 {"sid":"SM1"}`
	if code != 0 {
		answer = fmt.Sprintf(`400 {"code":%d,"message":"no","status":400}`, code)
	}
	f.answer.Store(&answer)
}

// send sends n messages to people who never got one, and returns the reason of the last decision.
func (f *fuse) send(n int, headers ...string) (reason string) {
	f.t.Helper()
	for range n {
		f.next++
		request := sms(fmt.Sprintf("+1415555%04d", f.next), "Sale")
		for _, h := range headers {
			request = strings.Replace(request, "Host: gate\r\n", "Host: gate\r\n"+h+"\r\n", 1)
		}
		reason = ask(f.t, f.addr, request).Header.Get("Sendgate-Reason")
	}
	return reason
}

func (f *fuse) want(what, got, want string) {
	f.t.Helper()
	if got != want {
		f.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

const spring = "Sendgate-Campaign: spring"

// another adds a route to the one that a fuse has.
func another(name string, change func(*RouteConfig)) func(*Config) {
	return func(cfg *Config) {
		rc := cfg.Routes["twilio"]
		rc.Provider = "twilio"
		change(&rc)
		cfg.Routes[name] = rc
	}
}

// sendBy is send through another route, from a sender.
func (f *fuse) sendBy(route, sender string, n int) (reason string) {
	f.t.Helper()
	for range n {
		f.next++
		request := strings.Replace(from(fmt.Sprintf("+1415555%04d", f.next), "From="+sender), "/twilio/", "/"+route+"/", 1)
		reason = ask(f.t, f.addr, request).Header.Get("Sendgate-Reason")
	}
	return reason
}
