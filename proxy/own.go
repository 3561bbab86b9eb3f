package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// An own is a message that the gate itself writes: the body of an errand that has it written.
type own struct {
	Rule    string             `json:"rule"` // by which it is written, for the decision log
	Word    filter.Keyword     `json:"word,omitzero"`
	To      filter.Recipient   `json:"to"`
	From    string             `json:"from,omitempty"`
	Service string             `json:"service,omitempty"`
	Text    string             `json:"text"`
	Buttons []providers.Button `json:"buttons,omitempty"`
}

// Why a message of the gate's own was not sent.
var (
	errUnsigned = errors.New("the route has no credentials to write with")
	errBarred   = errors.New("the provider takes nothing for this person, who opted out with it")
	errBegun    = errors.New("it may have been sent: the gate ended, or could not note it, while it was being sent")
	errNoAnswer = errors.New("it may have been sent: the provider gave no complete answer")
)

// writeOwn sends o once, for an errand that waits: from the moment its first byte may have left, the errand is
// one that was begun, and is never sent again. It goes past all rules and switches: whoever is answered asked
// for it, in quiet hours as at any time, and a confirmation of an opt-out is owed to them. What holds it back is
// the number of such messages to one person alone.
func (g *Gate) writeOwn(ctx context.Context, rt *route, e *errands.Errand, o *own) runner.End {
	switch {
	case e.State == errands.Begun:
		return runner.End{Err: errBegun, Dead: true}
	case rt.pen.credentials == nil:
		return runner.End{Err: errUnsigned, Dead: true}
	}
	w := g.works.Get().(*work)
	defer g.release(w)
	w.resp, w.start = &w.ownResp, time.Now()
	if err := rt.compose(w, o); err != nil {
		return runner.End{Err: fmt.Errorf("writing it: %w", err), Dead: true}
	}
	now := g.time(w)
	counted := o.Rule != dialogue.Rule // dialogues have a bound of their own
	if counted && !g.chatter.admits(o.To, rt.most(), now) {
		g.hush(rt, e, "the gate wrote to this person as often as answers.most lets it within 24 hours")
		return runner.End{}
	}
	if err := g.turn(ctx, e, errands.Begun); err != nil {
		if counted {
			g.chatter.giveBack(o.To)
		}
		return runner.End{Err: err}
	}
	w.ids = append(w.ids, w.names.next(now))
	tells := o.Word == filter.PrivacyWord
	w.batch.Decisions = append(w.batch.Decisions, filter.Decision{Action: filter.Forward, Reason: filter.Own, Rule: o.Rule, Edit: filter.Edit{Notice: tells}})
	entry := decisions.Entry{Time: now, Enforced: true, Known: g.store.Seq()}
	outcome := g.forward(rt, w, false)
	if entry.Outcome = outcome.String(); outcome == upstream.Answered {
		entry.Status = w.resp.StatusCode()
		g.learn(rt, w, now, tells)
	}
	end := rt.settled(outcome, w)
	g.keep(rt, w, entry)
	if end.Err != nil && !end.Dead { // nothing was sent
		if counted {
			g.chatter.giveBack(o.To)
		}
		if err := g.turn(ctx, e, errands.Waiting); err != nil {
			return runner.End{Err: errBegun, Dead: true}
		}
	}
	return end
}

// hush tells that somebody gets no message of the gate's own.
func (g *Gate) hush(rt *route, e *errands.Errand, why string) {
	rt.count.hushed.Add(1)
	g.log.Info("a message of the gate's own was not written", zap.String("route", rt.name), zap.String("errand", g.store.Errands().Key(e.ID)), zap.String("why", why))
}

// settled is what an errand comes to whose message met this outcome, with the provider's answer in w.
func (rt *route) settled(o upstream.Outcome, w *work) runner.End {
	status, code := w.resp.StatusCode(), 0
	if o == upstream.Answered {
		code, _ = rt.provider.Learn(w.resp, &w.batch)
	}
	switch {
	case o == upstream.NotSent:
		return runner.End{Err: errors.New("the provider could not be reached")}
	case o == upstream.Unknown:
		return runner.End{Err: errNoAnswer, Dead: true}
	case status == fasthttp.StatusTooManyRequests || providers.Busy(rt.speaks, code): // and surely not taken
		return runner.End{Err: fmt.Errorf("the provider has no room for it now: status %d, code %d", status, code)}
	case status/100 == 2 && code == 0:
		return runner.End{}
	case status/100 == 2 || declined(status): // some services refuse in an answer of 200
		return runner.End{Err: fmt.Errorf("the provider refused it: status %d, code %d", status, code), Dead: true}
	}
	return runner.End{Err: fmt.Errorf("it may have been sent: the provider answered with status %d", status), Dead: true}
}

// turn notes how far an errand is.
func (g *Gate) turn(ctx context.Context, e *errands.Errand, to errands.State) error {
	return g.store.Errands().Change(ctx, e.ID, func(e *errands.Errand) error { e.State = to; return nil })
}

// compose makes w the request that sends o, with its message in the batch.
func (rt *route) compose(w *work, o *own) error {
	var req fasthttp.Request
	err := rt.pen.writer.Compose(&req, &providers.Outgoing{To: o.To, From: o.From, Service: o.Service, Name: cmp.Or(rt.labels.declared.Business, rt.brand),
		Text: o.Text, Buttons: o.Buttons}, rt.pen.credentials)
	if err == nil {
		err = rt.take(w, &req)
	}
	if err == nil {
		err = rt.provider.Parse(w.req, &w.batch)
	}
	if err != nil {
		return err
	}
	if len(w.batch.Messages) != 1 || w.batch.Messages[0].To.Address != o.To.Address {
		return errors.New("it does not read as what was written")
	}
	m := &w.batch.Messages[0]
	m.To.Brand, m.Category = rt.brand, filter.Service
	m.From, m.Service = filter.Sender(m.From, rt.region), filter.Sender(m.Service, rt.region)
	return nil
}

// take makes w hold req as if it had come in.
func (rt *route) take(w *work, req *fasthttp.Request) error {
	b := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n", req.Header.Method(), req.RequestURI(), rt.upstream.Host)
	for _, name := range []string{fasthttp.HeaderContentType, fasthttp.HeaderAuthorization, "X-Amz-Target"} {
		if value := req.Header.Peek(name); len(value) > 0 {
			b = append(append(append(b, name+": "...), value...), "\r\n"...)
		}
	}
	b = append(fmt.Appendf(b, "Content-Length: %d\r\n\r\n", len(req.Body())), req.Body()...)
	w.req, w.credentials = &w.ownReq, rt.pen.credentials
	if w.frame(b, len(b)) != whole {
		return errors.New("the request is not sound")
	}
	return nil
}

// most is how many messages of its own the gate sends one person within 24 hours.
func (rt *route) most() int {
	if rt.pen.book == nil {
		return filter.DefaultMostAnswers
	}
	return rt.pen.book.Most()
}

// A chatter counts what the gate itself wrote to each person in the last 24 hours, so that two programs
// that answer each other come to an end. It is forgotten when the gate ends.
type chatter struct {
	mu      sync.Mutex
	written map[filter.Recipient][]time.Time
	swept   time.Time
}

// chatterWithin is how far back a chatter looks.
const chatterWithin = 24 * time.Hour

// admits reports whether one more message may be written to somebody who gets at most so many, and counts it.
func (c *chatter) admits(to filter.Recipient, most int, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := now.Add(-chatterWithin)
	if c.written == nil {
		c.written = make(map[filter.Recipient][]time.Time)
	}
	if now.Sub(c.swept) >= chatterWithin/24 {
		c.swept = now
		for who, at := range c.written {
			if !at[len(at)-1].After(since) {
				delete(c.written, who)
			}
		}
	}
	at := c.written[to]
	for len(at) > 0 && !at[0].After(since) {
		at = at[1:]
	}
	if len(at) >= most {
		return false
	}
	to.Address = strings.Clone(to.Address)
	c.written[to] = append(at, now)
	return true
}

// giveBack takes back the last message that was counted for somebody: surely it was not sent.
func (c *chatter) giveBack(to filter.Recipient) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.written[to]; len(at) > 1 {
		c.written[to] = at[:len(at)-1]
	} else {
		delete(c.written, to)
	}
}
