package proxy

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// watchEvery is how often it is looked whether somebody opted out.
const watchEvery = 250 * time.Millisecond

// A withdrawals cancels what providers are to deliver later to people who opt out, by whatever way the
// store learns of it: a webhook, an answer, a person, an import. It goes by the events of the store, of which there
// are none that it could miss: after a start all that is to be delivered is looked through.
type withdrawals struct {
	g     *Gate
	known uint64 // the number of the last event that was seen
	fresh bool   // all was looked through once
	begin sync.Once
}

// run looks until ctx ends.
func (w *withdrawals) run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := w.look(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
			w.g.log.Error("looking for opt-outs of what is to be delivered later", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look takes in what happened since it last did.
func (w *withdrawals) look(ctx context.Context) error {
	newest := w.g.store.Seq()
	if !w.fresh {
		if err := w.all(ctx); err != nil {
			return err
		}
		w.fresh, w.known = true, newest
		return nil
	}
	if newest == w.known {
		return nil
	}
	if _, any := w.g.appointments.with(""); !any {
		w.known = newest // what is scheduled from now on is checked against all that is known by then
		return nil
	}
	for c, err := range w.g.store.Changes(w.known) {
		if err != nil {
			return err
		}
		if c.Event.Kind == filter.OptedOut {
			if err := w.of(ctx, c.Event.To.Address); err != nil {
				return err
			}
		}
		w.known = c.Link.Seq
		if ctx.Err() != nil {
			return nil
		}
	}
	w.known = max(w.known, newest)
	return nil
}

// all looks through all that is to be delivered.
func (w *withdrawals) all(ctx context.Context) error {
	for e, err := range w.g.store.Errands(store.ErrandQuery{Kinds: []store.ErrandKind{store.ErrandScheduled}}) {
		if err != nil {
			return err
		}
		w.g.appointments.add(&e)
		if err := w.check(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

// of looks at what is to be delivered to an address.
func (w *withdrawals) of(ctx context.Context, address string) error {
	ids, _ := w.g.appointments.with(address)
	for _, id := range ids {
		e, err := w.g.store.Errand(id)
		if errors.Is(err, store.ErrNoErrand) { // it was ended elsewhere
			w.g.appointments.drop(&store.Errand{ID: id, People: []filter.Recipient{{Address: address}}})
			continue
		}
		if err == nil {
			err = w.check(ctx, &e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check is [Gate.recheck], past what can never be checked: an errand of a route that is gone.
func (w *withdrawals) check(ctx context.Context, e *store.Errand) error {
	if _, err := w.g.route(e.Route); err != nil {
		w.g.log.Warn("a message is to be delivered on a route that is gone: an opt-out will not cancel it", zap.String("errand", w.g.store.ErrandKey(e.ID)), zap.Error(err))
		return nil
	}
	return w.g.recheck(ctx, e)
}
