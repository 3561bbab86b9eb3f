package proxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// A work is what one request needs, kept for the next.
type work struct {
	batch   providers.Batch
	head    head
	wire    []byte   // the request as it goes to the upstream
	ids     []string // one decision id a message
	start   time.Time
	handed  bool   // the request may have left the gate
	version string // of the configuration
}

// maxKept is the largest request, in bytes, whose memory is kept for the next one.
const maxKept = 64 << 10

func (g *Gate) release(w *work) {
	w.batch.Reset()
	clear(w.ids)
	w.ids, w.head.raw, w.head.named = w.ids[:0], nil, w.head.named[:0]
	if cap(w.wire) <= maxKept {
		g.works.Put(w)
	}
}

// Handler takes one request, which fasthttp has read whole, through the gate.
func (g *Gate) Handler(ctx *fasthttp.RequestCtx) {
	g.inFlight.Add(1)
	defer g.inFlight.Add(-1)
	w := g.works.Get().(*work)
	w.start, w.handed = time.Now(), false
	defer func() {
		if p := recover(); p != nil {
			g.survive(ctx, w, p) // and leave w to the garbage collector: nobody knows its state
			return
		}
		g.release(w)
	}()

	if sentence := w.admit(&ctx.Request.Header); sentence != "" {
		g.malform(ctx, fasthttp.StatusBadRequest, sentence, true)
		return
	}
	t := g.table.Load()
	name, rest := cutRoute(ctx.Request.Header.RequestURI())
	rt := t.routes[string(name)]
	if rt == nil {
		g.malform(ctx, fasthttp.StatusNotFound, fmt.Sprintf(
			"no route of this gate is called %q: its paths begin with /%s/", name, strings.Join(t.names(), "/ or /")), false)
		return
	}
	w.version = t.version
	ctx.Request.SetRequestURIBytes(rest)
	if rt.mode == Open {
		g.pass(ctx, rt, w)
	} else {
		g.send(ctx, rt, w)
	}
	rt.count.seconds.observe(time.Since(w.start).Microseconds())
}

// survive answers a request whose handling panicked: one request that the gate stumbles over must
// not end the others. The client is told the truth about what was sent.
func (g *Gate) survive(ctx *fasthttp.RequestCtx, w *work, p any) {
	o := notSent
	if w.handed {
		o = unknown
	}
	tell(&ctx.Response, o)
	g.panics.Add(1)
	g.log.Error("handling a request panicked", zap.Stringer("outcome", o), zap.String("panic", fmt.Sprintf("%T", p)), zap.Stack("stack"))
}

// admit checks the framing of a request, which has to be unambiguous in every mode. It returns the
// sentence that refuses it, if any.
func (w *work) admit(h *fasthttp.RequestHeader) string {
	if err := w.head.parse(h.RawHeaders()); err != nil {
		return err.Error()
	}
	switch proto := h.Protocol(); {
	case string(proto) != "HTTP/1.1" && string(proto) != "HTTP/1.0":
		return fmt.Sprintf("this gate speaks HTTP/1.1 and HTTP/1.0, not %s", proto)
	case string(proto) == "HTTP/1.0" && w.head.seen[kindCoding]:
		return "HTTP/1.0 knows no Transfer-Encoding"
	case h.IsConnect():
		return "this gate opens no tunnels: send to its address with the route's name in front of the path"
	case w.head.upgrade:
		return "this gate speaks HTTP alone and upgrades to nothing else"
	}
	if err := checkTarget(h.RequestURI()); err != nil {
		return err.Error()
	}
	return ""
}
