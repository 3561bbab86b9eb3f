package proxy

import (
	"context"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// preference takes in what a person set at the provider: of a topic, where the brand has what the provider calls it
// for an alias of one. To have messages again lifts that setting and nothing
// that they told the business itself.
func (h *heard) preference(ctx context.Context, sig *providers.Signal) error {
	before, err := h.before(ctx, sig)
	if err != nil {
		return err
	}
	e := h.event(sig, filter.OptedOut)
	e.Scope, e.Note = sig.Scope, sig.Detail
	topic := h.rt.labels.declared.Named(sig.Label)
	if _, ok := h.rt.labels.declared.Category(topic); ok {
		e.Scope = filter.OfTopic(topic)
	}
	if sig.Stop {
		return h.withdraw(e, &before, sig)
	}
	if sig.Label != "" && e.Scope == filter.All { // nobody here knows what it is that they want again
		return nil
	}
	if told, err := h.toldUs(e.To, e.Scope); told || err != nil {
		return err
	}
	e.Kind, e.Basis, e.ID = filter.OptedIn, filter.Express, h.id(sig, "resume")
	e.Proof.Action = "changed the setting"
	return h.lift(ctx, e, func(r *filter.Record) bool {
		return slices.Equal(r.Withdrawn(), []filter.Scope{e.Scope})
	})
}

// toldUs reports whether somebody withdrew from a scope otherwise than by what they set at the provider, and did not come
// back since: in words of their own, or as somebody recorded for them.
func (h *heard) toldUs(to filter.Recipient, scope filter.Scope) (bool, error) {
	var left, back time.Time
	for _, who := range []filter.Recipient{to, to.Everywhere()} {
		events, err := h.g.store.History(who)
		if err != nil {
			return false, err
		}
		for i := range events {
			e := &events[i]
			switch {
			case e.Kind == filter.OptedIn && e.Basis == filter.Express && (e.Scope == scope || e.Scope == filter.All) && e.Time.After(back):
				back = e.Time
			case e.Kind == filter.OptedOut && e.Scope == scope && !h.rt.set(e) && e.Time.After(left):
				left = e.Time
			}
		}
	}
	return !left.IsZero() && !back.After(left), nil
}

// set reports whether the provider told of e, an opt-out, as something that the person set there.
func (rt *route) set(e *filter.Event) bool {
	return e.Proof.Action == "" && slices.Contains([]string{rt.speaks + " webhook", rt.speaks + " receipt", rt.speaks + " answer"}, e.Source)
}
