package proxy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"go.uber.org/zap"
)

// receipt takes in what became of a message. A code that says nothing of the person's will, as that a number is
// not reachable, is an opt-out of nobody: a provider's outage would be one of everybody.
func (h *heard) receipt(ctx context.Context, sig *providers.Signal) error {
	if sig.Code == 0 {
		return nil
	}
	if h.rt.breaker != nil && h.rt.refusals[sig.Code] != nil && h.g.calls.receipts.first(h.id(sig, "refusal")) {
		h.g.refusedLater(h.rt, filter.Message{From: sig.Sender, Service: sig.Service}, sig.Code, h.now)
	}
	scope, ok := providers.Withdrawn(h.rt.speaks, sig.Code)
	if !ok || sig.From.Address == "" {
		return nil
	}
	before, err := h.before(ctx, sig)
	if err != nil {
		return err
	}
	e := h.event(sig, filter.OptedOut)
	e.Scope, e.Source, e.Note = scope, h.rt.speaks+" receipt", fmt.Sprintf("%d, of message %s", sig.Code, sig.MessageID)
	if len(before.Withdrawn()) == 0 {
		h.g.rushed(h.rt, h.now)
	}
	return h.withdraw(e, &before, sig)
}

// A rush is many people of whom receipts tell, within a time that suits a broadcast, that they opted out.
// It may be a list that was imported without its opt-outs, or a fault of the provider's. Each is believed, since
// the codes say so in so many words and the provider itself keeps to them; but somebody is to know.
type rush struct {
	mu    sync.Mutex
	since time.Time
	count int
	told  uint64
}

const (
	rushSize = 200
	rushTime = 12 * time.Hour
)

// rushed counts an opt-out that a receipt told of.
func (g *Gate) rushed(rt *route, now time.Time) {
	c := &rt.count.rush
	c.mu.Lock()
	defer c.mu.Unlock()
	if since := now.Sub(c.since); since < 0 || since >= rushTime {
		c.since, c.count = now, 0
	}
	if c.count++; c.count == rushSize+1 {
		c.told++
		g.log.Error("a provider tells of more opt-outs by receipts than is usual: each is kept, and somebody should find out why",
			zap.String("route", rt.name), zap.Int("opt_outs", c.count), zap.Time("since", c.since))
	}
}

// often is how often there was a rush.
func (c *rush) often() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told
}

// lately is which things happened lately: at least the last latelyMost, and fewer than twice as many.
type lately struct {
	mu         sync.Mutex
	young, old map[string]struct{}
}

const latelyMost = 8192

// first reports whether id is new, and remembers it.
func (l *lately) first(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.young[id]; known {
		return false
	}
	if _, known := l.old[id]; known {
		return false
	}
	if l.young == nil || len(l.young) >= latelyMost {
		l.young, l.old = make(map[string]struct{}), l.young
	}
	l.young[id] = struct{}{}
	return true
}
