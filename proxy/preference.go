package proxy

import (
	"context"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
)

// preference takes in what a person set at the provider: of a topic, where the brand has what the provider calls it
// for an alias of one, or the route has the template for it. A template that is of no topic binds nothing else, and the
// provider refuses what is sent by it. To have messages again lifts that setting and nothing that they told the business itself.
func (h *heard) preference(ctx context.Context, sig *providers.Signal) error {
	before, err := h.before(ctx, sig)
	if err != nil {
		return err
	}
	e := h.event(sig, filter.OptedOut)
	e.Scope, e.Note = sig.Scope, sig.Detail
	topic := h.rt.labels.declared.Named(sig.Label)
	if sig.Template != "" {
		topic, _ = h.rt.labels.templates[sig.Template].Topic()
	}
	if _, ok := h.rt.labels.declared.Category(topic); ok {
		e.Scope = filter.OfTopic(topic)
	} else if sig.Template != "" {
		return nil
	}
	if sig.Stop {
		return h.withdraw(e, &before, sig)
	}
	if sig.Label != "" && e.Scope == filter.All { // nobody here knows what it is that they want again
		return nil
	}
	e.Kind, e.Basis, e.ID = filter.OptedIn, filter.Express, h.id(sig, "resume")
	e.Proof.Action = "changed the setting"
	if told, err := h.toldUs(sig.From, e.Scope); told || err != nil {
		return err
	}
	for _, e.To = range append(h.others(sig), sig.From) {
		if err := h.lift(ctx, e, func(r *filter.Record) bool { return slices.Equal(r.Withdrawn(), []filter.Scope{e.Scope}) }); err != nil {
			return err
		}
	}
	return nil
}

// toldUs reports whether somebody withdrew from a scope otherwise than by what they set at the provider, and did not come
// back since: in words of their own, or as somebody recorded for them, under any of their addresses.
func (h *heard) toldUs(to filter.Recipient, scope filter.Scope) (bool, error) {
	people, err := h.g.store.Linked(to)
	if err != nil {
		return false, err
	}
	var left, back time.Time
	for _, who := range append([]filter.Recipient{to.Everywhere(), to}, people...) {
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

// set reports whether the provider told of e, an opt-out, as something that the person set there. A copy of one under another
// address of theirs tells of nothing more.
func (rt *route) set(e *filter.Event) bool {
	return e.Proof.Action == "" && slices.Contains([]string{rt.speaks + " webhook", rt.speaks + " receipt", rt.speaks + " answer", store.LinkSource}, e.Source)
}
