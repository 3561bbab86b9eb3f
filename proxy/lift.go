package proxy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// errIdle is why an opt-in is not kept that would lift nothing.
var errIdle = errors.New("there is nothing to lift")

// start takes in the word START: an express opt-in to what [filter.Brand.Startable] says. For a stranger it is only
// that they wrote, and nobody gets marketing by it who never agreed to any.
//
// An opt-out from after START stays, also where the two meet in the store, or where the provider tells of
// START once more: wrote is kept after all that START does, so that START was heard where wrote is known.
func (h *heard) start(ctx context.Context, sig *providers.Signal, r filter.Reading, wrote filter.Event) error {
	err := h.g.store.AppendIf(ctx, wrote, func(*filter.Event, *filter.Record) error { return errIdle })
	if !errors.Is(err, errIdle) {
		return h.fit(err) // nil: wrote is known
	}
	for _, to := range append(h.others(sig), sig.From) {
		if err := h.startOf(ctx, to, sig, r); err != nil {
			return err
		}
	}
	return nil
}

// startOf is start for one address of who said it.
func (h *heard) startOf(ctx context.Context, to filter.Recipient, sig *providers.Signal, r filter.Reading) error {
	before, err := h.g.store.Read(to, filter.NeedRecord)
	if err != nil {
		return err
	}
	for _, scope := range h.rt.startable(&before) {
		e := h.spoken(sig, filter.OptedIn, r)
		e.ID, e.To, e.Scope, e.Basis = h.id(sig, "start "+scope.String()), to, scope, filter.Express
		if err := h.lift(ctx, e, h.rt.bound(scope)); err != nil {
			return err
		}
	}
	return nil
}

// takesBack reports whether START, said at a moment, lifts anything that binds somebody whose record is r.
func (rt *route) takesBack(r *filter.Record, at time.Time) bool {
	return slices.ContainsFunc(rt.startable(r), func(scope filter.Scope) bool {
		return lifts(filter.Event{Time: at, Kind: filter.OptedIn, Scope: scope, Basis: filter.Express}, r, rt.bound(scope))
	})
}

// bound reports of a record whether something stands against what lies within scope.
func (rt *route) bound(scope filter.Scope) func(*filter.Record) bool {
	return func(r *filter.Record) bool { return rt.labels.declared.Binds(r, scope) }
}

// lifts reports whether there is something in r, and is not any more once e is known.
func lifts(e filter.Event, r *filter.Record, something func(*filter.Record) bool) bool {
	after := r.After(e)
	return something(r) && !something(&after)
}

// startable is what START says yes to. What a dialogue asks is answered within it, with its words for yes, and
// not by START some day.
func (rt *route) startable(r *filter.Record) []filter.Scope {
	return slices.DeleteFunc(rt.labels.declared.Startable(r, rt.free), func(scope filter.Scope) bool {
		topic, ok := scope.Topic()
		if !ok || rt.dialogue.Scripts[topic] == nil {
			return false
		}
		m := rt.dialogue.About(filter.Recipient{}, topic, "", "")
		out, _ := r.OptedOut(&m)
		return out.IsZero()
	})
}

// lift keeps an opt-in where there is something to lift, and is not any more once the opt-in is kept: it
// does nothing against what is newer.
func (h *heard) lift(ctx context.Context, e filter.Event, something func(*filter.Record) bool) error {
	err := h.g.store.AppendIf(ctx, e, func(e *filter.Event, now *filter.Record) error {
		if !lifts(*e, now, something) {
			return errIdle
		}
		return nil
	})
	if err == nil {
		h.rt.count.heard[e.Kind].Add(1)
	}
	if errors.Is(err, errIdle) {
		return nil
	}
	return h.fit(err)
}
