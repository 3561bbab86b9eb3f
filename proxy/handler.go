package proxy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/tally"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// A work is what one request needs, kept for the next.
type work struct {
	req  *fasthttp.Request
	resp *fasthttp.Response

	framed  bool // the head was checked already, and its answer is written as it came
	torn    bool // what follows on the connection could be part of this request
	handed  bool // the request may have left the gate
	begun   bool // it is kept that the send with this key was begun
	relayed bool // the answer is the upstream's, with the head that answer has
	refused bool // it has a code by which the provider refused the message

	batch   providers.Batch
	full    providers.Batch // what the messages of batch say besides, where that is read later
	head    head.Request
	record  filter.Record // of the recipient who is looked at
	wire    []byte        // the request as it goes to the upstream
	signed  []byte        // memory for wire, where credentials are put in
	answer  upstream.Answer
	marks   marks
	out     []byte // the answer as it goes to the client
	names   ids
	ids     []string       // one decision id a message
	slots   []tally.Slot   // what the messages took up of what is counted
	takers  []int          // which message took which slot
	tallies []filter.Tally // by which the messages were judged, where any was
	sent    filter.Tally   // what tallies are made of
	sends   bool           // passes count: this is the send of a client
	held    []barred
	passes  []passage // that were used up
	start   time.Time
	done    time.Time        // when the answer was there
	version string           // of the configuration
	outcome upstream.Outcome // of what was handed to the upstream

	key    *store.SendKey // of the send, if its sender gave it one
	client *client        // who asks, where that is known

	credentials *providers.Credentials // for a message of the gate's own
	target      []byte                 // what a signed request asked for, with its route; empty where it came by host
	caller      string                 // the id of the key that signed it, where that was checked

	who     string // the name of the client, where the route asks for one
	through string // the one by which it came through CONNECT, where that asks for one
	token   []byte // what the client is known by, where the request holds it: it must not leave
	ends    bool   // the connection ends with the answer

	barred string // why the request could not be written as it has to go, in words for people

	// What req and resp are where fasthttp does not bring its own.
	ownReq  fasthttp.Request
	ownResp fasthttp.Response

	authorized fasthttp.Request // what credentials are put into
	fields     []field          // its header
}

// maxKept is the largest request, in bytes, whose memory is kept for the next one.
const maxKept = 64 << 10

func (g *Gate) release(w *work) {
	w.batch.Reset()
	w.full.Reset()
	clear(w.ids)
	clear(w.slots)
	w.ids, w.slots = w.ids[:0], w.slots[:0]
	w.head.Forget()
	clear(w.passes)
	w.tallies, w.sent, w.takers = w.tallies[:0], w.sent[:0], w.takers[:0]
	w.sends, w.held, w.passes = false, w.held[:0], w.passes[:0]
	w.target, w.caller = w.target[:0], ""
	w.req, w.resp, w.marks, w.key, w.client, w.credentials = nil, nil, marks{}, nil, nil, nil
	w.ownReq.Reset()
	w.ownResp.Reset()
	clear(w.token[:cap(w.token)])
	w.who, w.through, w.token, w.ends, w.barred = "", "", w.token[:0], false, ""
	w.framed, w.torn, w.handed, w.begun, w.relayed, w.refused = false, false, false, false, false, false
	if cap(w.wire) <= maxKept && cap(w.signed) <= maxKept && cap(w.out) <= maxKept {
		g.works.Put(w)
	}
}

// Handler takes one request, which fasthttp has read whole, through the gate.
func (g *Gate) Handler(ctx *fasthttp.RequestCtx) {
	if ctx.IsConnect() {
		g.connect(ctx)
		return
	}
	g.led.Add(1)
	w := g.works.Get().(*work)
	w.req, w.resp = &ctx.Request, &ctx.Response
	w.client, _ = ctx.Conn().(*client)
	sound := g.take(w)
	w.marks.set(&ctx.Response.Header)
	switch {
	case w.torn || w.ends:
		hearOut(ctx)
	case g.stopping.Load():
		ctx.SetConnectionClose() // fasthttp does not any more after a shutdown that came to no end
	}
	if sound {
		g.release(w)
	}
}

// take takes one request through the gate, and leaves the answer in w. When it is not sound, w is to
// be left to the garbage collector: nobody knows its state.
func (g *Gate) take(w *work) (sound bool) {
	g.inFlight.Add(1)
	w.start = time.Now()
	w.done = w.start
	defer func() {
		g.inFlight.Add(-1)
		if p := recover(); p != nil {
			g.survive(w, p)
		}
	}()
	if !w.framed {
		if sentence := w.admit(); sentence != "" {
			w.torn = true
			g.malform(w.resp, fasthttp.StatusBadRequest, sentence)
			return true
		}
	}
	g.carry(w)
	return true
}

// time is the moment at which w's messages are judged.
func (g *Gate) time(w *work) time.Time {
	if g.now != nil {
		return g.now()
	}
	return w.start
}

// survive answers a request whose handling panicked: one request that the gate stumbles over must
// not end the others. The client is told the truth about what was sent.
func (g *Gate) survive(w *work, p any) {
	o := upstream.NotSent
	if w.handed {
		o = upstream.Unknown
	} else {
		g.uncount(w)
		g.unpass(w, true)
	}
	w.relayed, w.marks = false, marks{}
	confess(w.resp, o)
	g.panics.Add(1)
	g.log.Error("handling a request panicked", zap.Stringer("outcome", o), zap.String("panic", fmt.Sprintf("%T", p)), zap.Stack("stack"))
}

// carry takes one request, whose framing is sound, through the gate, and leaves the answer in w.
func (g *Gate) carry(w *work) {
	t := g.table.Load()
	rt := g.find(t, w)
	if rt == nil {
		return
	}
	w.version = t.version
	if !g.letIn(t, rt, w) || !g.attested(rt, w) {
		return
	}
	switch key, err := rt.keyOf(w); {
	case err != nil:
		rt.count.keys[keyRefused].Add(1)
		say(w.resp, fasthttp.StatusBadRequest, err.Error())
	case key == nil:
		g.handle(rt, w)
	default:
		g.once(rt, w, key)
	}
	rt.translate(w)
	rt.count.seconds.observe(w.done.Sub(w.start).Microseconds())
}

// find is the route of a request, whose target becomes what the upstream is asked for. Where there is none,
// the request is answered.
func (g *Gate) find(t *table, w *work) *route {
	if w.client != nil && w.client.tls != nil {
		return g.byHost(t, w)
	}
	name, rest := cutRoute(w.req.Header.RequestURI())
	rt := t.routes[string(name)]
	if rt == nil {
		g.malform(w.resp, fasthttp.StatusNotFound, fmt.Sprintf(
			"no route of this gate is called %q: its paths begin with /%s/", name, strings.Join(t.names(), "/ or /")))
		return nil
	}
	rt.keepTarget(w, &w.req.Header)
	w.req.SetRequestURIBytes(rest)
	return rt
}

// cutRoute parts /route/rest?query into the route's name and /rest?query. What is left begins with a slash: a target
// without a path is none (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.1).
func cutRoute(target []byte) (name, rest []byte) {
	target = target[1:]
	n := bytes.IndexAny(target, "/?")
	switch {
	case n < 0:
		return target, []byte("/")
	case target[n] == '?':
		return target[:n], slices.Concat([]byte("/"), target[n:])
	}
	return target[:n], target[n:]
}

// handle does with a request what the mode of its route says.
func (g *Gate) handle(rt *route, w *work) {
	if rt.mode == Open {
		g.pass(rt, w)
	} else {
		g.send(rt, w)
	}
}

// admit checks the framing of a request, which has to be unambiguous in every mode. It returns the
// sentence that refuses it, if any.
func (w *work) admit() string {
	h := &w.req.Header
	if err := w.head.Parse(h.RawHeaders()); err != nil {
		return err.Error()
	}
	switch proto := h.Protocol(); {
	case string(proto) != "HTTP/1.1" && string(proto) != "HTTP/1.0":
		return fmt.Sprintf("this gate speaks HTTP/1.1 and HTTP/1.0, not %s", proto)
	case string(proto) == "HTTP/1.0" && w.head.Seen[head.Coding]:
		return "HTTP/1.0 knows no Transfer-Encoding"
	case w.head.Upgrade:
		return "this gate speaks HTTP alone and upgrades to nothing else"
	}
	if err := head.CheckTarget(h.RequestURI()); err != nil {
		return err.Error()
	}
	return ""
}
