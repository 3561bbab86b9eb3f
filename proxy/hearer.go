package proxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// lendWebhooks has each route hear what is told of its senders at the webhook of another.
func (t *table) lendWebhooks(routes map[string]RouteConfig) error {
	for _, name := range t.names() {
		rt, cfg := t.routes[name], routes[name].Webhook
		if rt.webhook == nil {
			continue
		}
		rt.webhook.senders = make(map[string]*route, len(cfg.Senders))
		for _, who := range slices.Sorted(maps.Keys(cfg.Senders)) {
			if err := rt.lend(who, t.routes[cfg.Senders[who]]); err != nil {
				return fmt.Errorf("routes: %s: webhook: senders: %s: %w", name, who, err)
			}
		}
	}
	return nil
}

// lend has to hear what is told of a sender at the webhook of rt.
func (rt *route) lend(who string, to *route) error {
	sender := filter.Sender(who, rt.region)
	switch {
	case sender == "":
		return errors.New("want a number, or the id of a sender")
	case to == nil:
		return errors.New("there is no such route")
	case to == rt:
		return errors.New("what is told here is heard by this route anyway")
	case to.speaks != rt.speaks:
		return fmt.Errorf("the route %s speaks %s, and this one %s", to.name, to.speaks, rt.speaks)
	case to.webhook == nil:
		return fmt.Errorf("the route %s has no webhook, and so hears nothing", to.name)
	case rt.webhook.senders[sender] != nil:
		return errors.New("this sender stands in the list already, in another spelling")
	}
	rt.webhook.senders[sender], rt.webhook.senders[who] = to, to // an id may look like a number
	return nil
}

// hearer is the route that hears what a signal at rt's webhook tells: that of its sender, where another has it.
func (rt *route) hearer(sig *providers.Signal) *route {
	for _, who := range [...]string{sig.Sender, sig.Display, sig.Service} {
		if other := rt.webhook.senders[who]; other != nil {
			return other
		}
	}
	return rt
}

// hear keeps what a call to rt tells, each signal as the route of its sender hears it. When it returns nil all of it is on
// disk; where it does not, the provider repeats the call, and what was kept already stays as it is: the ids of events and
// errands follow from the provider's own. unfit is not nil where something can never be kept, beside all that was, and
// answers is true where the gate itself answers what was written.
func (g *Gate) hear(rt *route, signals []providers.Signal, now time.Time) (answers bool, unfit, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), keeping)
	defer cancel()
	for len(signals) > 0 {
		by, n := rt.hearer(&signals[0]), 1
		for n < len(signals) && rt.hearer(&signals[n]) == by {
			n++
		}
		h := heard{g: g, rt: by, now: now}
		err = errors.Join(err, h.all(ctx, signals[:n]))
		if len(rt.webhook.senders) > 0 {
			by.called(now, true)
		}
		answers, unfit = answers || h.answers, errors.Join(unfit, h.unfit)
		signals = signals[n:]
	}
	return answers, unfit, err
}
