package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/valyala/fasthttp"
)

// relayRemember is for how long after its end a call is known. Who did not hear of an acknowledgement
// repeats the call sooner. It is what bounds how many calls a second can go on for ever: each takes 49 bytes of
// store.errands.bytes meanwhile, so that the 1 GiB of the default is room for some 3,000.
const relayRemember = time.Hour

var errCall = errors.New("the call that was kept does not read")

// A relay brings the calls of a route's provider to the owner's own address.
type relay struct {
	caller   providers.Caller
	known    providers.Webhook
	upstream *upstream.Endpoint
	owner    *owner

	origin      string // scheme and host
	path, query string

	wait, giveUp time.Duration
	inFlight     int
}

// relayErrand is the errand that brings a call of the provider of rt, which is verified and was read, to
// the owner's own address; ok is false where the route has none. Its body is the request as HTTP/1.1 writes
// it (https://www.rfc-editor.org/rfc/rfc9112#section-2.1), with what followed the route as its target, and
// without the headers of the connection.
//
// The same call again is the same errand. It waits behind earlier calls about any of the people it is about,
// under whichever of their addresses.
func (rt *route) relayErrand(req *fasthttp.Request, signals []providers.Signal, now time.Time) (e errands.Errand, ok bool) {
	r := rt.relay()
	if r == nil {
		return errands.Errand{}, false
	}
	_, rest := cutRoute(req.Header.RequestURI())
	id := "relay-" + callDigest(rt.name, req, rest)
	if slices.ContainsFunc(signals, func(s providers.Signal) bool { return s.Undated }) {
		id += datedAt(now)
	}
	e = errands.Errand{
		ID: id, Kind: errands.Relay, Route: rt.name,
		Added: now, Due: now, Until: now.Add(r.giveUp), Remember: relayRemember, Body: encodeCall(req, rest),
	}
	for i := range signals {
		s := &signals[i]
		for _, address := range append([]string{s.From.Address}, s.Aliases...) {
			to := filter.Recipient{Brand: rt.hearer(s).brand, Channel: s.From.Channel, Address: address}
			if address != "" && !slices.Contains(e.People, to) {
				e.People = append(e.People, to)
			}
		}
	}
	for _, to := range e.People {
		e.Lanes = append(e.Lanes, "relay "+rt.name+" "+string(to.Channel)+" "+to.Address)
	}
	return e, true
}

// callDigest tells calls apart.
func callDigest(route string, req *fasthttp.Request, rest []byte) string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(route), req.Header.Method(), rest, req.Body()} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// encodeCall writes a call as it is kept.
func encodeCall(req *fasthttp.Request, rest []byte) []byte {
	body := req.Body()
	b := make([]byte, 0, len(body)+1024)
	b = append(append(append(b, req.Header.Method()...), ' '), rest...)
	b = append(b, " HTTP/1.1\r\n"...)
	connection, _ := head.Listed(nil, req.Header.Peek("Connection"))
	for name, value := range req.Header.All() {
		if goesOn(name) && !slices.ContainsFunc(connection, func(n []byte) bool { return bytes.EqualFold(n, name) }) {
			b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
		}
	}
	if len(req.Header.Host()) == 0 { // HTTP/1.0
		b = head.AppendHeader(b, "Host", "sendgate")
	}
	if len(body) > 0 || !req.Header.IsGet() {
		b = head.AppendLength(b, "Content-Length", len(body))
	}
	return append(append(b, "\r\n"...), body...)
}

// goesOn reports whether a header of a call goes on to the owner. Accept-Encoding does not: what the owner answers is
// to be read here.
func goesOn(name []byte) bool {
	switch head.KindOf(name) {
	case head.Plain, head.Digest, head.Key, head.Host, head.Type, head.Compression:
		return !head.Fold(name, "accept-encoding")
	}
	return false
}

// runRelay makes one call. It is the [runner.Func] of relays.
func (g *Gate) runRelay(_ context.Context, e *errands.Errand) runner.End {
	if rt := g.table.Load().routes[e.Route]; rt != nil && rt.relay() != nil {
		return rt.relay().run(g.errands.Hurry(), e)
	}
	return runner.End{Err: errors.New("the configuration names no address any more that this call would go to (webhook.relay)")}
}

// errandPlaces is how many errands of a kind and route are done at a time.
func (g *Gate) errandPlaces(kind errands.Kind, route string) int {
	if rt := g.table.Load().routes[route]; kind == errands.Relay && rt != nil && rt.relay() != nil {
		return rt.relay().inFlight
	}
	return runner.Places
}

// relay keeps a call of the provider of rt that is to go on to the owner, before it is acknowledged. What it returns is
// the owner's answer for which the provider, where it reads one, may wait; nil where there is nobody.
func (g *Gate) relay(rt *route, req *fasthttp.Request, signals []providers.Signal, reads bool, now time.Time) (*awaited, error) {
	e, ok := rt.relayErrand(req, signals, now)
	if !ok {
		return nil, nil
	}
	r, wait := rt.relay(), time.Duration(0)
	if reads {
		wait = r.wait
	}
	a := r.owner.await(&e, wait, r.inFlight)
	ctx, cancel := context.WithTimeout(context.Background(), keeping)
	defer cancel()
	added, err := g.store.Errands().Add(ctx, e)
	if err != nil || !added[0] {
		a.forget()
	}
	return a, err
}

// run makes one call, and tells the owner's part of the gate what became of it.
func (r *relay) run(ctx context.Context, e *errands.Errand) runner.End {
	began := time.Now()
	said, err := r.call(ctx, e)
	end := runner.End{Err: err}
	if errors.Is(err, runner.ErrStopped) { // which says nothing of the owner
		return end
	}
	switch {
	case said == nil:
		end.Dead = errors.Is(err, errCall)
	case said.code/100 == 2:
		end.Err = nil
	default:
		end.Dead = said.code == fasthttp.StatusGone || said.code == fasthttp.StatusRequestEntityTooLarge
		end.After = said.after
	}
	end.Kept = r.owner.tried(e, said, end, time.Since(began), r.wait)
	return end
}

// A word is what an owner answered to a call.
type word struct {
	code  int
	after time.Duration // when to come again, if it says so
	xml   []byte        // the TwiML, if it is one
}

// call makes one try. said is nil where the owner did not answer; err says why the call was not taken. Both are
// set where the owner answered with anything but 2xx.
func (r *relay) call(ctx context.Context, e *errands.Errand) (said *word, err error) {
	wire, err := r.request(e)
	if err != nil {
		return nil, err
	}
	type end struct {
		said *word
		err  error
	}
	done := make(chan end, 1)
	go func() { // an exchange ends by its own times alone
		said, err := r.exchange(wire)
		done <- end{said, err}
	}()
	select {
	case e := <-done:
		return e.said, e.err
	case <-ctx.Done():
		return nil, runner.ErrStopped
	}
}

func (r *relay) exchange(wire []byte) (*word, error) {
	var resp fasthttp.Response
	var a upstream.Answer
	if _, err := r.upstream.Exchange(wire, false, &resp, &a); err != nil {
		return nil, fmt.Errorf("reaching the owner: %w", err)
	}
	said := &word{code: a.Code}
	_, lines, _ := head.CutLine(a.Head) // a.lines are the connection's, which may be in use again
	switch {
	case a.Code/100 == 2:
		said.xml = twiml(lines, resp.Body())
		return said, nil
	case a.Code/100 == 3:
		return said, fmt.Errorf("the owner answered %d %s, and redirects are not followed", a.Code, http.StatusText(a.Code))
	}
	if value, _ := head.ValueOf(lines, "retry-after"); value != nil {
		if seconds, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			said.after = min(time.Duration(seconds)*time.Second, runner.Longest)
		}
	}
	return said, fmt.Errorf("the owner answered %d %s", a.Code, http.StatusText(a.Code))
}

// request is the call as it goes to the owner, signed for the address there.
func (r *relay) request(e *errands.Errand) ([]byte, error) {
	var req fasthttp.Request
	req.Header.DisableNormalizing()
	in := bufio.NewReader(bytes.NewReader(e.Body))
	if req.Header.Read(in) != nil || req.ContinueReadBody(in, 0, false) != nil { // Read writes forms in parts anew
		return nil, errCall // an error shows what stands there
	}
	known := r.known
	known.URL = r.origin + r.target(string(req.Header.RequestURI()))
	r.caller.Sign(&req, &known) // which may add to the query
	req.Header.SetRequestURI(strings.TrimPrefix(string(req.Header.RequestURI()), r.origin))
	req.Header.SetNoDefaultContentType(true)
	req.Header.SetHost(r.upstream.Host)
	req.Header.Set("Sendgate-Id", e.ID)
	return append(req.Header.AppendBytes(nil), req.Body()...), nil
}

// target is where a call goes whose path and query behind the route were rest.
func (r *relay) target(rest string) string {
	path, query, _ := strings.Cut(rest, "?")
	target := r.path
	if path != "/" {
		target = strings.TrimRight(target, "/") + path
	}
	if both := strings.Trim(r.query+"&"+query, "&"); both != "" {
		target += "?" + both
	}
	return target
}
