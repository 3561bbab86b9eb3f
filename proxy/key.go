package proxy

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// maxKey is the longest key of a send, in bytes.
const maxKey = 255

// What became of a request with a key, for the metric.
const (
	keyFirst   = iota // it was carried as if it had none
	keyAnswer         // it got the answer to an earlier one
	keyWaited         // it got the answer to one that was under way
	keyUnknown        // it was told that the send may have left
	keyRefused        // the key is none, or another request's
	keyFailed         // the key could not be looked for, or kept, and nothing was sent
	keyEnds
)

var keyNames = [keyEnds]string{"first", "answer", "waited", "unknown", "refused", "failed"}

// keyOf is the key by which the sender names the send, empty where there is none. The error is a
// sentence for the client.
//
// A safe method should send nothing, so its key counts for nothing
// (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1) unless it is a send by a service that takes those so.
func (rt *route) keyOf(w *work) ([]byte, error) {
	own := rt.idempotencyKey && w.head.Seen[head.Key]
	if !w.head.Claims && !own {
		return nil, nil
	}
	h := &w.req.Header
	if (h.IsGet() || h.IsHead() || h.IsOptions() || h.IsTrace()) && !rt.reads(w) {
		return nil, nil
	}
	name := "Sendgate-Key"
	key, rest := head.ValueOf(w.head.Raw, "sendgate-key")
	again := rest
	if rest != nil {
		_, again = head.ValueOf(rest, "sendgate-key")
	} else if own {
		name = "Idempotency-Key"
		key, rest = head.ValueOf(w.head.Raw, "idempotency-key")
		_, again = head.ValueOf(rest, "idempotency-key")
	}
	switch {
	case rest == nil:
		return nil, nil
	case again != nil:
		return nil, fmt.Errorf("the request has two %s headers: one key stands for one send", name)
	case len(key) == 0 || len(key) > maxKey || !head.All(key, isKeyByte):
		return nil, fmt.Errorf("%s: want 1 to %d letters, digits and signs of ASCII, best a UUID", name, maxKey)
	}
	return key, nil
}

// reads reports whether w is a send that rt's provider can read, or that it lets pass unseen.
func (rt *route) reads(w *work) bool {
	w.full.Reset()
	w.full.Head = w.batch.Head
	return claimOf(rt.provider.Parse(w.req, &w.full)) == readsIt
}

func isKeyByte(c byte) bool { return ' ' <= c && c <= '~' }

// flights are the sends with a key that are under way.
type flights struct {
	mu      sync.Mutex
	all     map[[16]byte]*flight
	waiting atomic.Int64 // requests that wait for the answer to another
}

// A flight is one of them.
type flight struct {
	key   *store.SendKey
	reply *reply        // there once over is closed
	over  chan struct{} // closed when the answer is kept, as far as it is
}

// join is the flight with the key of k: one that is under way, or a new one, which is the caller's to
// end.
func (s *flights) join(k *store.SendKey) (f *flight, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.all[k.ID()]; f != nil {
		return f, false
	}
	if s.all == nil {
		s.all = make(map[[16]byte]*flight)
	}
	f = &flight{key: k, over: make(chan struct{})}
	s.all[k.ID()] = f
	return f, true
}

func (s *flights) end(f *flight, r *reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, f.key.ID())
	f.reply = r
	close(f.over)
}

// once carries a request with a key: as one without, if nothing was sent under that key, and else to
// the answer that the send got.
//
// The key counts on one route. The same request is one with the same method, path and query,
// credentials, content type, content encoding and body, of the same client. The credentials and the client keep
// one sender's answers from another.
func (g *Gate) once(rt *route, w *work, key []byte) {
	h := &w.req.Header
	request := [...][]byte{h.Method(), h.RequestURI(), nil, nil, nil, w.req.Body(), []byte(w.who)}
	request[2] = rt.sender(w)
	for i, name := range [...]string{"content-type", "content-encoding"} {
		request[3+i], _ = head.ValueOf(w.head.Raw, name)
	}
	parts := request[:]
	switch {
	case rt.access == nil:
		parts = parts[:6]
	case rt.credentials != nil && w.who != "": // whoever it is may have a new token by now
		parts[2] = nil
	}
	k := g.store.SendKey(rt.name, string(key), parts...)
	f, first := g.flights.join(k)
	switch {
	case first:
		g.lead(rt, w, f)
	case f.key.Same(k):
		g.follow(rt, w, f)
	default:
		rt.refuseKey(w)
	}
}

// lead carries the first request with a key of those that are under way.
func (g *Gate) lead(rt *route, w *work, f *flight) {
	var r *reply
	defer func() {
		if r == nil { // it panicked, and the client is told no more than this
			o := upstream.NotSent
			if w.handed {
				o = upstream.Unknown
			} else if w.begun {
				g.unkept(rt, w, f.key.Free())
			}
			var resp fasthttp.Response
			confess(&resp, o)
			r = (&work{resp: &resp}).reply()
		}
		g.flights.end(f, r)
	}()
	switch state, text, err := f.key.Look(); {
	case err != nil:
		g.failKey(rt, w, err)
	case state == store.SendTaken:
		rt.refuseKey(w)
	case state != store.SendFree:
		g.recall(rt, w, state, text)
	default:
		w.key = f.key
		g.handle(rt, w)
		g.settle(rt, w)
	}
	r = w.reply()
}

// begin keeps that the request is about to leave. It reports whether it may.
func (g *Gate) begin(rt *route, w *work) bool {
	err := w.key.Begin((&reply{marks: w.marks}).encode())
	if err != nil {
		g.failKey(rt, w, err)
		return false
	}
	rt.count.keys[keyFirst].Add(1)
	w.begun = true
	return true
}

// failKey answers a request whose key could not be looked for, or kept.
func (g *Gate) failKey(rt *route, w *work, err error) {
	rt.count.keys[keyFailed].Add(1)
	g.unkept(rt, w, err)
	if errors.Is(err, store.ErrSendKeysFull) {
		withhold(w.resp, "sendgate has no room to keep another key of a send until older ones have run out")
	} else {
		withhold(w.resp, "sendgate could not look for the key of this send, or keep it")
	}
}

// settle keeps how a send ended, before the client can know. What surely sent nothing leaves the key
// free: the next request with it is carried again, and judged anew.
func (g *Gate) settle(rt *route, w *work) {
	if !w.begun || w.outcome == upstream.Unknown {
		return
	}
	if w.outcome == upstream.NotSent || w.declined() {
		g.unkept(rt, w, w.key.Free())
	} else {
		g.unkept(rt, w, w.key.Answer(w.reply().encode()))
	}
	w.done = time.Now()
}

// declined reports whether the upstream's answer says that the provider took nothing: by its status, or, where some
// services refuse in an answer of 200, by its code.
func (w *work) declined() bool {
	status := w.resp.StatusCode()
	return declined(status) || w.refused && status/100 == 2
}

// declined reports whether an answer with this status says that the provider took nothing: the error
// is the client's, who may put it right and send again. 408 and 409 can come from a request that is
// still being worked on.
func declined(status int) bool {
	return status >= 400 && status < 500 && status != fasthttp.StatusRequestTimeout && status != fasthttp.StatusConflict
}

// unkept tells of what could not be kept, or looked for.
func (g *Gate) unkept(rt *route, w *work, err error) {
	if err != nil {
		rt.count.forgotten.tell(tellEvery, func(times int) {
			g.log.Error("the key of a send could not be looked for, or kept",
				zap.String("route", rt.name), zap.String("id", w.marks.id), zap.Int("since_last_told", times), zap.Error(err))
		})
	}
}

// recall answers with what is kept of a send.
func (g *Gate) recall(rt *route, w *work, state store.SendState, text []byte) {
	r, err := decodeReply(text)
	if err == nil && state == store.SendAnswered {
		if err = w.repeat(r); err == nil {
			rt.count.keys[keyAnswer].Add(1)
			return
		}
	}
	rt.count.keys[keyUnknown].Add(1)
	w.relayed = false
	tell(w.resp, upstream.Unknown)
	if err == nil {
		w.marks = r.marks
		w.marks.replayed = true
	}
}

// follow answers a request while the first with its key is under way: with that one's answer when it
// comes. Who cannot wait, because so many do, because the client is gone, or because it takes longer
// than anything may take, is told that the send may have left.
func (g *Gate) follow(rt *route, w *work, f *flight) {
	defer g.flights.waiting.Add(-1)
	if g.flights.waiting.Add(1) <= int64(max(1, g.limits.Connections/2)) {
		limit := time.NewTimer(rt.upstream.Longest())
		defer limit.Stop()
		look := time.NewTicker(time.Second)
		defer look.Stop()
		for there := true; there; {
			select {
			case <-f.over:
				w.done = time.Now()
				if w.repeat(f.reply) == nil {
					rt.count.keys[keyWaited].Add(1)
					return
				}
				there = false
			case <-limit.C:
				there = false
			case <-look.C:
				there = w.client == nil || !w.client.Ended()
			}
		}
	}
	rt.count.keys[keyUnknown].Add(1)
	w.relayed, w.done = false, time.Now()
	tell(w.resp, upstream.Unknown)
}

// refuseKey answers a request whose key stands for another: 422, as
// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header has it, which no
// library repeats.
func (rt *route) refuseKey(w *work) {
	rt.count.keys[keyRefused].Add(1)
	say(w.resp, fasthttp.StatusUnprocessableEntity, "this key was used for another request, or with other credentials, "+
		"and nothing was sent: a repeat is the same byte for byte, and another send has another key")
}
