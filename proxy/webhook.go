package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// A callEnd is what became of a call of a provider.
type callEnd uint8

// What becomes of calls. All but the first two keep nothing.
const (
	callKept       callEnd = iota // heard, on disk, and acknowledged
	callUnreadable                // signed, and not understood as a whole: what was understood is kept
	callHandshake                 // asked for its challenge, and got it
	callUnsigned                  // not signed as the provider signs
	callUnkept                    // could not be kept: the provider is to call again
	callPanicked
	callEnds = iota
)

var callNames = [callEnds]string{"kept", "unreadable", "handshake", "unsigned", "unkept", "panicked"}

// callbacks is the side of a gate that providers call.
type callbacks struct {
	server *fasthttp.Server
	limits Limits
	ports  ports

	stray    atomic.Uint64 // calls that no route takes, or that are no calls
	large    suspicion     // of them, those that are too large
	receipts lately        // those that were counted
}

// newCallbacks makes a server that is strict: whoever calls it is unknown until the signature is read.
func (g *Gate) newCallbacks(l Limits) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      g.callback,
		ErrorHandler:                 g.strayed,
		Concurrency:                  l.Connections,
		ReadBufferSize:               l.Header,
		MaxRequestBodySize:           l.Body,
		ReadTimeout:                  l.Read,
		WriteTimeout:                 l.Read,
		IdleTimeout:                  l.Idle,
		ReduceMemoryUsage:            true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		SecureErrorLogMessage:        true,
		Logger:                       silence{},
	}
}

// Webhooks is the address that the provider of each route that takes webhooks has to be told, by the name of
// the route.
func (g *Gate) Webhooks() map[string]string {
	all := map[string]string{}
	for name, rt := range g.table.Load().routes {
		if rt.webhook != nil {
			all[name] = rt.webhook.address(name)
		}
	}
	return all
}

// ServeWebhooks takes calls of providers from ln until [Gate.Shutdown], and then closes it and returns
// nil. A call is answered with 200 once what it tells is on disk, and with 503, so that the provider
// repeats it, where that could not be kept. One that is not signed for its route is answered with 403,
// and nothing of it is kept.
func (g *Gate) ServeWebhooks(ln net.Listener) error {
	once := &closing{Listener: &sharing{&patient{Listener: ln, log: g.log}, g.files}, once: sync.OnceValue(ln.Close)}
	if !g.calls.ports.add(once) {
		return once.Close()
	}
	if err := g.calls.server.Serve(once); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("taking webhooks on %s: %w", ln.Addr(), err)
	}
	return nil
}

// closing is a listener that may be closed twice: by the gate, and by fasthttp, which would not wait for
// its connections after an error.
type closing struct {
	net.Listener
	once func() error
}

func (l *closing) Close() error { return l.once() }

// callback takes one call of a provider.
func (g *Gate) callback(ctx *fasthttp.RequestCtx) {
	target := ctx.Request.Header.RequestURI()
	if err := head.CheckTarget(target); err != nil {
		g.turnBack(ctx, fasthttp.StatusBadRequest, err.Error())
		return
	}
	name, _ := cutRoute(target)
	rt := g.table.Load().routes[string(name)]
	switch {
	case rt == nil || rt.webhook == nil:
		g.turnBack(ctx, fasthttp.StatusNotFound, "no route of this gate takes webhooks here")
		return
	case !ctx.IsPost() && !ctx.IsGet():
		g.turnBack(ctx, fasthttp.StatusMethodNotAllowed, "providers call with POST or GET")
		return
	}
	end := callPanicked
	defer func() {
		if p := recover(); p != nil {
			say(&ctx.Response, fasthttp.StatusServiceUnavailable, "sendgate failed at this call by a fault of its own")
			g.panics.Add(1)
			g.log.Error("handling a webhook panicked", zap.String("route", rt.name), zap.String("panic", fmt.Sprintf("%T", p)), zap.Stack("stack"))
		}
		rt.count.calls[end].Add(1)
	}()
	end = g.receive(rt, ctx)
}

// receive does with a call to rt what is to be done, and answers it. What it tells is kept whatever the
// mode of the route: a person may opt out of what is only watched, too.
func (g *Gate) receive(rt *route, ctx *fasthttp.RequestCtx) callEnd {
	w, now := rt.webhook, g.clock()
	req, resp := &ctx.Request, &ctx.Response
	if err := w.caller.Verify(req, w.at(req.Header.RequestURI()), now); err != nil {
		if !errors.Is(err, providers.ErrSignature) {
			return g.callAgain(rt, resp, err)
		}
		g.suspect(rt, callUnsigned, "a webhook was refused: it is not signed by the provider", fmt.Errorf("%w; to the provider this is %s", err, w.address(rt.name)))
		say(resp, fasthttp.StatusForbidden, "this call is not signed as the provider of this route signs")
		return callUnsigned
	}
	rt.called(now, len(w.senders) == 0)
	plain := req
	if o, ok := w.caller.(providers.Opener); ok {
		plain = fasthttp.AcquireRequest()
		defer fasthttp.ReleaseRequest(plain)
		o.Open(req, plain, &w.known)
	}
	signals, unread := w.caller.Signals(plain)
	if errors.Is(unread, providers.ErrHandshake) {
		if c, ok := w.caller.(providers.Confirmer); ok {
			if _, err := w.known.Fetch(c.Confirmation(req)); err != nil {
				return g.callAgain(rt, resp, err)
			}
		}
		w.caller.Acknowledge(req, resp)
		return callHandshake
	}
	answers, unfit, err := g.hear(rt, signals, now)
	if err != nil {
		return g.callAgain(rt, resp, err)
	}
	if unread = cmp.Or(unread, unfit); unread != nil {
		// Not kept as it is: nobody could say whom it names, and so erase it with them. The provider has
		// it, and repeats it (Meta for seven days) or calls its fallback.
		g.suspect(rt, callUnreadable, "a webhook could not be understood as a whole: the provider is asked to repeat it", unread)
		say(resp, fasthttp.StatusUnprocessableEntity, "this call is not understood as a whole")
		return callUnreadable
	}
	w.caller.Acknowledge(req, resp)
	said := replied(signals, resp)
	if answers { // once is enough
		said = nil
	}
	call, err := g.relay(rt, req, signals, said != nil, now)
	if err != nil {
		return g.callAgain(rt, resp, err)
	}
	if call != nil && said != nil {
		if xml := call.answer(); xml != nil && g.mayReply(rt.hearer(said), said, xml) {
			resp.Header.SetContentType("text/xml")
			resp.SetBody(xml)
		}
	}
	return callKept
}

// callAgain answers a call that the provider is to repeat, because what it tells could not be kept.
func (g *Gate) callAgain(rt *route, resp *fasthttp.Response, err error) callEnd {
	g.suspect(rt, callUnkept, "what a webhook tells could not be kept: the provider is asked to repeat it", err)
	say(resp, fasthttp.StatusServiceUnavailable, "what this call tells could not be kept: call again")
	return callUnkept
}

// turnBack answers a call that is for no route.
func (g *Gate) turnBack(ctx *fasthttp.RequestCtx, status int, sentence string) {
	g.calls.stray.Add(1)
	say(&ctx.Response, status, sentence)
}

// strayed answers a call that fasthttp could not read. fasthttp ends the connection after it.
func (g *Gate) strayed(ctx *fasthttp.RequestCtx, err error) {
	g.calls.stray.Add(1)
	status, sentence := misread(err, g.calls.limits, "proxy.webhooks.limits")
	say(&ctx.Response, status, sentence)
	hearOut(ctx)
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		g.calls.large.tell(suspectEvery, func(calls int) {
			g.log.Warn("a webhook was refused that is larger than proxy.webhooks.limits.body allows: what it tells is lost, if a provider made it",
				zap.Int("calls_since_last_told", calls), zap.Int("bytes", g.calls.limits.Body))
		})
	}
}

// suspectEvery is how far apart the lines of the log are that tell of one kind of calls to one route:
// anybody may call.
const suspectEvery = time.Minute

// A suspicion is how often something happened that is told of once in a while.
type suspicion struct {
	mu    sync.Mutex
	told  time.Time
	count int
}

// suspect logs what is wrong with calls to a route, at most once in suspectEvery.
func (g *Gate) suspect(rt *route, end callEnd, what string, err error) {
	rt.count.suspicions[end].tell(suspectEvery, func(calls int) {
		g.log.Warn(what, zap.String("route", rt.name), zap.Int("calls_since_last_told", calls), zap.Error(err))
	})
}

// tell counts one more, and has told how many there were where that was not told within every.
func (s *suspicion) tell(every time.Duration, told func(times int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if now := time.Now(); now.Sub(s.told) >= every {
		told(s.count)
		s.told, s.count = now, 0
	}
}
