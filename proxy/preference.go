package proxy

import (
	"context"
	"slices"

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
	e.Kind, e.Basis, e.ID = filter.OptedIn, filter.Express, h.id(sig, "resume")
	e.Proof.Action = "changed the setting"
	return h.lift(ctx, e, func(r *filter.Record) bool {
		return slices.Equal(r.Withdrawn(), []filter.Scope{e.Scope})
	})
}
