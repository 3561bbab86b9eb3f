package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// A scheduled is a message that the provider took and is to deliver later: the body of the errand that
// remembers it until then. It holds what an opt-out may be about, and not whom it is for.
type scheduled struct {
	ID       string          `json:"id"` // the provider's
	From     string          `json:"from,omitempty"`
	Service  string          `json:"service,omitempty"`
	Category filter.Category `json:"category"`
	Topic    string          `json:"topic,omitempty"`
	Others   [4]string       `json:"others,omitzero"`
	SendAt   time.Time       `json:"send_at"`
}

// keepScheduled is how long it may take to remember a message that is to be delivered later.
const keepScheduled = 10 * time.Second

// later is the index and delivery time of the message of w that is to be delivered later; -1 where there is none, or where
// several were sent, of which one cannot be cancelled alone. edited says that w was sent as it was edited.
func (w *work) later(now time.Time, edited bool) (one int, at time.Time) {
	one = -1
	for i := range w.batch.Messages {
		d := &w.batch.Decisions[i]
		switch {
		case edited && d.Action == filter.Block:
			continue
		case one >= 0:
			return -1, at
		}
		if one, at = i, w.batch.Messages[i].SendAt; edited && !d.Edit.SendAt.IsZero() {
			at = d.Edit.SendAt
		}
	}
	if !at.After(now) {
		return -1, at
	}
	return one, at
}

// rememberable reports whether a message of w that is to be delivered later could be remembered, so that an opt-out can
// cancel it. Where it could not, w is answered, and nothing is sent.
func (g *Gate) rememberable(rt *route, w *work, edited bool) bool {
	if rt.mode != Enforce || !rt.pen.cancels {
		return true
	}
	if i, _ := w.later(g.time(w), edited); i < 0 {
		return true
	}
	err := g.store.Errands().Room()
	if err == nil {
		return true
	}
	rt.count.unremembered.tell(tellEvery, func(times int) {
		g.log.Error("a message that is to be delivered later was not sent: it could not be remembered, and an opt-out would not cancel it",
			zap.String("route", rt.name), zap.Int("since_last_told", times), zap.Error(err))
	})
	w.barred = err.Error()
	withhold(w.resp, "sendgate has no room to remember what is to be delivered later, and an opt-out would not cancel it")
	return false
}

// schedule remembers message i of w, where the provider says that it is to deliver it later, so that an opt-out
// can cancel it. What an opt-out came before meanwhile is cancelled at once.
func (g *Gate) schedule(rt *route, w *work, i int, at time.Time) {
	id, later := rt.pen.writer.Accepted(w.resp)
	if !later || id == "" {
		return
	}
	defer func() { w.done = time.Now() }()
	m := &w.batch.Messages[i]
	s := scheduled{ID: id, From: m.From, Service: m.Service, Category: m.Category, Topic: m.Topic, Others: m.Others, SendAt: at}
	body, err := json.Marshal(s)
	to := m.To
	to.Address = strings.Clone(to.Address)
	e := errands.Errand{ID: "scheduled." + errands.Digest(rt.name, id), Kind: errands.Scheduled, Route: rt.name, People: []filter.Recipient{to}, Due: at, Body: body}
	ctx, cancel := context.WithTimeout(context.Background(), keepScheduled)
	defer cancel()
	if err == nil && rt.mode != Enforce { // which asked before the message was sent
		err = g.store.Errands().Room()
	}
	if err == nil {
		_, err = g.store.Errands().Add(ctx, e)
	}
	if err == nil {
		g.appointments.add(&e)
		err = g.recheck(ctx, &e)
	}
	if err != nil {
		rt.count.unscheduled.Add(1)
		g.log.Error("a message that is to be delivered later could not be remembered: an opt-out will not cancel it",
			zap.String("route", rt.name), zap.String("id", w.ids[i]), zap.Error(err))
	}
}

// recheck cancels the message of e, which is to be delivered later, if its recipient has opted out of it.
func (g *Gate) recheck(ctx context.Context, e *errands.Errand) error {
	var s scheduled
	if err := json.Unmarshal(e.Body, &s); err != nil || len(e.People) != 1 {
		return fmt.Errorf("reading what is to be delivered later: %w", errors.Join(err, errUnclear))
	}
	rt, err := g.route(e.Route)
	if err != nil {
		return err
	}
	m := filter.Message{To: e.People[0], From: s.From, Service: s.Service, Category: s.Category, Topic: s.Topic, Others: s.Others, SendAt: s.SendAt}
	rec, err := g.store.Read(m.To, filter.NeedOptOut)
	if err != nil || !rt.policy.Withdrawn(&m, &rec, s.SendAt) {
		return err
	}
	if _, err := g.store.Errands().Add(ctx, e.Cancellation()); err != nil {
		return err
	}
	g.appointments.drop(e)
	if err := g.store.Errands().End(ctx, e.ID); err != nil && !errors.Is(err, errands.ErrNone) {
		return err
	}
	return nil
}

var errUnclear = errors.New("it is not about one person")

// runScheduled does an errand whose message was delivered: there is nothing to cancel any more.
func (g *Gate) runScheduled(_ context.Context, e *errands.Errand) runner.End {
	g.appointments.drop(e)
	return runner.End{}
}

// runCancel asks the provider not to deliver a message. To ask twice does no harm, so that it is tried until the
// message is due.
func (g *Gate) runCancel(_ context.Context, e *errands.Errand) runner.End {
	var s scheduled
	if err := json.Unmarshal(e.Body, &s); err != nil {
		return runner.End{Err: fmt.Errorf("reading what is to be cancelled: %w", err), Dead: true}
	}
	rt, err := g.route(e.Route)
	if err != nil {
		return runner.End{Err: err, Dead: true}
	}
	end := g.cancel(rt, &s)
	if end.Dead {
		rt.count.uncancelled.Add(1)
		g.log.Error("a message to somebody who opted out could not be cancelled, and the provider will deliver it",
			zap.String("route", rt.name), zap.String("message", s.ID), zap.Time("send_at", s.SendAt), zap.Error(end.Err))
	}
	return end
}

// cancel asks once.
func (g *Gate) cancel(rt *route, s *scheduled) runner.End {
	if rt.pen.credentials == nil {
		return runner.End{Err: errUnsigned, Dead: true}
	}
	var req fasthttp.Request
	if err := rt.pen.writer.Cancel(&req, s.ID, rt.pen.credentials); err != nil {
		return runner.End{Err: err, Dead: true}
	}
	w := g.works.Get().(*work)
	defer g.release(w)
	w.resp, w.start = &w.ownResp, time.Now()
	if err := rt.take(w, &req); err != nil {
		return runner.End{Err: err, Dead: true}
	}
	if o := g.forward(rt, w, false); o != upstream.Answered {
		return runner.End{Err: fmt.Errorf("the provider gave no answer: %s", o)}
	}
	status := w.resp.StatusCode()
	switch {
	case status/100 == 2:
		return runner.End{}
	case declined(status) && status != fasthttp.StatusTooManyRequests:
		code, _ := rt.provider.Learn(w.resp, &w.batch)
		return runner.End{Err: fmt.Errorf("the provider refused it: status %d, code %d", status, code), Dead: true}
	}
	return runner.End{Err: fmt.Errorf("the provider answered with status %d", status)}
}

// appointments are the people to whom messages are to be delivered later, so that of all that is learnt about
// others nothing needs to be looked up. An address counts on all channels and for all brands.
type appointments struct {
	mu  sync.Mutex
	ids map[string]map[string]struct{} // address -> of errands
}

func (a *appointments) add(e *errands.Errand) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ids == nil {
		a.ids = make(map[string]map[string]struct{})
	}
	for _, to := range e.People {
		if a.ids[to.Address] == nil {
			a.ids[to.Address] = make(map[string]struct{}, 1)
		}
		a.ids[to.Address][e.ID] = struct{}{}
	}
}

func (a *appointments) drop(e *errands.Errand) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, to := range e.People {
		if delete(a.ids[to.Address], e.ID); len(a.ids[to.Address]) == 0 {
			delete(a.ids, to.Address)
		}
	}
}

// with lists the errands about somebody; any says whether there are any about anybody.
func (a *appointments) with(address string) (ids []string, any bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range a.ids[address] {
		ids = append(ids, id)
	}
	return ids, len(a.ids) > 0
}
