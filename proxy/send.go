package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// refused is the outcome, in the decision log, of a message that the gate kept back.
const refused = "refused"

// errEmpty is for a provider that finds no message in what it calls a send.
var errEmpty = errors.New("the request has no message in it")

// send carries one request of a route that is not open through the gate.
func (g *Gate) send(rt *route, w *work) {
	b := &w.batch
	b.Extras = rt.counts
	err := rt.provider.Parse(w.req, b)
	switch {
	case errors.Is(err, providers.ErrUnseen):
		g.unseen(rt, w)
		return
	case errors.Is(err, providers.ErrNotSend), errors.Is(err, providers.ErrUnknownPath) && rt.passUnknown:
		g.pass(rt, w)
		return
	case errors.Is(err, providers.ErrUnknownPath) && rt.mode == Report:
		g.passUnknown(rt, w)
		return
	case errors.Is(err, providers.ErrUnknownPath):
		g.malform(w.resp, fasthttp.StatusNotFound, fmt.Sprintf("this path belongs to no send to %s that the gate can read; "+
			"`unknown_paths: pass` on the route %s would let it through", rt.speaks, rt.name))
		return
	case err == nil && len(b.Messages) == 0:
		err = errEmpty
	}
	now := g.time(w)
	if err != nil {
		unreadable(b, err)
	}
	e := decisions.Entry{Time: now, Enforced: rt.mode == Enforce, Outcome: refused, Fault: b.Fault, Known: g.store.Seq()}
	w.sends = true
	for i := range b.Messages {
		w.ids = append(w.ids, w.names.next(now))
		b.Decisions = append(b.Decisions, g.decide(rt, w, i, now))
	}
	act := verdict(b.Decisions)
	if rt.mode == Report {
		act = filter.Forward
	}
	if act == filter.Rewrite {
		if err := g.rewrite(rt, w); err != nil {
			act, e.Fault = filter.Block, err.Error()
		}
	}
	g.unpass(w, act == filter.Block)
	w.mark(act)
	if act == filter.Block {
		g.uncount(w)
		rt.refuse(w)
	} else {
		o := g.forward(rt, w, act == filter.Rewrite)
		e.Outcome = o.String()
		if w.barred != "" {
			e.Fault = w.barred
		}
		if o == upstream.Answered {
			e.Status = w.resp.StatusCode()
			g.heed(rt, w, now, act == filter.Rewrite)
		}
		if o == upstream.NotSent || o == upstream.Answered && w.declined() {
			g.uncount(w)
			g.unpass(w, true)
		}
	}
	if rt.dialogue.OnBlocked && rt.mode == Enforce {
		g.asker.AskBlocked(&rt.dialogue, &w.batch)
	}
	g.keep(rt, w, e)
}

// refuse answers in the provider's words.
func (rt *route) refuse(w *work) {
	w.resp.Reset()
	rt.provider.Refuse(w.resp, &w.batch)
	w.done = time.Now()
}

// heed does what follows from an upstream's answer, before the client has it.
func (g *Gate) heed(rt *route, w *work, now time.Time, edited bool) {
	g.learn(rt, w, now, edited)
	if i, at := w.later(now, edited); i >= 0 && rt.pen.cancels {
		g.schedule(rt, w, i, at)
	}
	if w.marks.blocked != "" && w.resp.StatusCode()/100 == 2 {
		g.merge(rt, w)
	}
}

// pass forwards a call that is nothing to judge.
func (g *Gate) pass(rt *route, w *work) {
	rt.count.plain.Add(1)
	g.forward(rt, w, false)
}

// unreadable leaves b with one message that stands for what could not be read.
func unreadable(b *providers.Batch, err error) {
	b.Fault = err.Error()
	b.Messages = append(b.Messages[:0], filter.Message{})
	b.Decisions = b.Decisions[:0]
}

// decide judges message i of w by what is known of its recipient.
func (g *Gate) decide(rt *route, w *work, i int, now time.Time) filter.Decision {
	rt.classify(&w.batch.Messages[i], &w.head)
	if w.batch.Fault != "" {
		return filter.Decision{Action: filter.Block, Reason: filter.Unreadable}
	}
	return g.weigh(rt, w, i, now)
}

// weigh is [Gate.decide] about a message that is classified.
func (g *Gate) weigh(rt *route, w *work, i int, now time.Time) filter.Decision {
	m := &w.batch.Messages[i]
	need := rt.need(m)
	if err := g.store.ReadInto(&w.record, m.To, need); err != nil {
		return g.undecidable(rt, w, i, now, err)
	}
	if counts := need == filter.NeedTally && rt.policy.Counts(m, &w.record); counts || rt.budgeted(m) {
		if of := w.placed(i); of >= 0 && (!counts || w.tally(of) != nil) {
			return g.instead(rt, w, i, of, now, counts)
		}
		return g.count(rt, w, i, now)
	}
	d := g.judgeSend(rt, w, i, &w.record, now)
	if d.Action == filter.Block {
		d = g.pastBlock(rt, w, i, now, d)
	}
	return d
}

// rewrite edits the request as decided. What must be changed and cannot be is not sent: the
// messages that needed the change are blocked for what it was needed for, and those that came with them
// because they cannot be told apart any more.
func (g *Gate) rewrite(rt *route, w *work) error {
	err := rt.provider.Rewrite(w.req, &w.batch)
	if err == nil {
		g.giveUp(w)
		return nil
	}
	g.log.Warn("a request could not be rewritten and was refused", zap.String("route", rt.name), zap.String("id", w.ids[0]), zap.Error(err))
	for i := range w.batch.Decisions {
		switch d := &w.batch.Decisions[i]; d.Action {
		case filter.Rewrite:
			*d = filter.Decision{Action: filter.Block, Reason: d.Reason, Rule: d.Rule}
		case filter.Forward:
			*d = filter.Decision{Action: filter.Block, Reason: filter.Unreadable}
		}
	}
	return err
}

// forward hands the request to the upstream, once, and leaves an answer in w. changed says that the
// body is no longer the client's.
func (g *Gate) forward(rt *route, w *work, changed bool) upstream.Outcome {
	err := g.write(rt, w, changed)
	if err != nil {
		g.deny(rt, w, err)
	}
	if err != nil || !g.rememberable(rt, w, changed) || w.key != nil && !g.begin(rt, w) {
		w.done, w.outcome = time.Now(), upstream.NotSent
		rt.count.outcomes[upstream.NotSent].Add(1)
		return upstream.NotSent
	}
	w.handed = true
	o, err := rt.upstream.Exchange(w.wire, w.req.Header.IsHead(), w.resp, &w.answer)
	w.done = w.answer.Done
	if o == upstream.Answered && w.sends {
		g.glance(rt, w)
	}
	if o == upstream.Answered && !w.framed {
		if err = w.answer.Fill(w.resp); err != nil {
			o = upstream.Unknown
		}
	}
	rt.count.outcomes[o].Add(1)
	w.relayed, w.outcome = o == upstream.Answered, o
	if !w.relayed {
		tell(w.resp, o)
		rt.count.silences[o].tell(tellEvery, func(times int) {
			g.log.Warn("the upstream gave no answer", zap.String("route", rt.name), zap.Stringer("outcome", o), zap.Int("since_last_told", times), zap.Error(err))
		})
	}
	return o
}

// learn keeps what the upstream's answer says about a recipient, before the client can act on it, and
// who was told something by a request that was sent as it was edited.
func (g *Gate) learn(rt *route, w *work, now time.Time, edited bool) {
	refusal, events := rt.provider.Learn(w.resp, &w.batch)
	w.refused = refusal != 0
	taken := w.resp.StatusCode()/100 == 2 && !w.refused
	if w.refused || taken {
		for i := range w.batch.Messages {
			if !edited || w.batch.Decisions[i].Action != filter.Block {
				g.observe(rt, &w.batch.Messages[i], refusal, now)
			}
		}
	}
	if edited && taken {
		events = w.noticed(events, now)
	}
	if len(events) == 0 {
		return
	}
	defer func() { w.done = time.Now() }()
	learnt := events
	var fault error
	events = make([]filter.Event, 0, len(learnt))
	for i, e := range learnt {
		if e.Kind != filter.Noticed {
			e.Time, e.To.Brand, e.ID = now, rt.brand, w.ids[0]+"."+strconv.Itoa(i)
			from, service := w.senders(e.To)
			all, err := g.covered(rt, e, from, service)
			events, fault = append(events, all...), errors.Join(fault, err)
		} else {
			events = append(events, e)
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(fault, g.store.Append(limit, events...)); err != nil {
		rt.count.unlearnt.Add(uint64(len(events)))
		g.log.Error("what an answer says about a recipient could not be kept",
			zap.String("route", rt.name), zap.String("id", w.ids[0]), zap.String("to", filter.Mask(events[0].To.Address)), zap.Error(err))
	}
}

// noticed adds to events who was told how their data is handled.
func (w *work) noticed(events []filter.Event, now time.Time) []filter.Event {
	for i := range w.batch.Decisions {
		if to := w.batch.Messages[i].To; w.batch.Decisions[i].Edit.Notice {
			source := "gate: first contact"
			if w.batch.Decisions[i].Reason == filter.Own {
				source = "gate: asked for it"
			}
			to.Address = strings.Clone(to.Address)
			events = append(events, filter.Event{ID: w.ids[i] + ".notice", Time: now, To: to, Kind: filter.Noticed,
				Scope: filter.OfTopic(filter.Privacy), Source: source, Note: "decision " + w.ids[i]})
		}
	}
	return events
}

// senders are who the message to this address came from.
func (w *work) senders(to filter.Recipient) (from, service string) {
	for i := range w.batch.Messages {
		if m := &w.batch.Messages[i]; m.To.Address == to.Address {
			return strings.Clone(m.From), strings.Clone(m.Service)
		}
	}
	return "", ""
}

// keep counts the decisions and writes one line of the decision log a message. e holds what all of
// them share.
func (g *Gate) keep(rt *route, w *work, e decisions.Entry) {
	e.Route, e.Provider, e.Mode, e.Config, e.Client = rt.name, rt.speaks, rt.mode.String(), w.version, cmp.Or(w.who, w.through, w.caller)
	if w.head.Claims {
		e.ClaimCategory, e.ClaimTopic = rt.claims(&w.head)
	}
	e.Micros = w.done.Sub(w.start).Microseconds()
	for i := range w.batch.Messages {
		m, d := &w.batch.Messages[i], &w.batch.Decisions[i]
		rt.count.decisions[d.Action][d.Reason].Add(1)
		e.ID, e.Tally = w.ids[i], w.tally(i)
		e.Counted = e.Tally != nil
		e.To, e.From, e.Service, e.Category, e.Topic, e.Campaign = m.To, m.From, m.Service, m.Category, m.Topic, m.Campaign
		e.Template, e.Text, e.SendAt = m.Template, m.Text, m.SendAt
		e.Room, e.MarketingOnly, e.Movable = m.Room, m.MarketingOnly, m.Movable
		e.Print, e.Pass = w.print(i), w.pass(i)
		e.Action, e.Reason, e.Rule, e.Until, e.Footer = d.Action, d.Reason, d.Rule, d.Until, d.Edit.Footer
		one := e
		if e.Enforced && d.Action == filter.Block {
			one.Outcome, one.Status = refused, 0
		}
		g.store.Decisions().Add(one)
	}
}
