package proxy

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// watchEvery is how often it is looked whether somebody opted out.
const watchEvery = 250 * time.Millisecond

// A withdrawals cancels what providers are to deliver later to people who opt out, by whatever way the
// store learns of it: a webhook, an answer, a person, an import. It goes by the events of the store, of which there
// are none that it could miss: after a start all that is to be delivered is looked through.
type withdrawals struct {
	g      *Gate
	known  uint64              // the number of the last event that was seen
	fresh  bool                // all was looked through once
	again  map[string]struct{} // addresses at which something could not be looked at; nobody else waits for that
	failed error               // why not, of the first of them
	begin  sync.Once
}

// run looks until ctx ends.
func (w *withdrawals) run(ctx context.Context) {
	tick, told := time.NewTicker(watchEvery), ""
	defer tick.Stop()
	for ctx.Err() == nil {
		err := w.look(ctx)
		switch {
		case err == nil:
			told = ""
		case ctx.Err() == nil && !errors.Is(err, store.ErrClosed) && err.Error() != told:
			told = err.Error()
			w.g.log.Error("looking for opt-outs of what is to be delivered later: it is tried again", zap.Error(err))
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
	again := w.again
	w.again, w.failed = nil, nil
	for _, address := range slices.Sorted(maps.Keys(again)) { // the log tells of an error once
		w.of(ctx, address)
	}
	if err := w.news(ctx); err != nil {
		return err
	}
	return w.failed
}

// news takes in the events since it last did.
func (w *withdrawals) news(ctx context.Context) error {
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
		if lost, gap := errors.AsType[*store.Lost](err); gap { // somebody may have opted out by them
			w.g.log.Error("events cannot be read: all that is to be delivered later is looked through", zap.Error(lost))
			w.fresh = false
			return w.news(ctx)
		}
		if err != nil {
			return err
		}
		if c.Event.Kind == filter.OptedOut {
			w.of(ctx, c.Event.To.Address)
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
	for e, err := range w.g.store.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Scheduled}}) {
		if err != nil {
			return err
		}
		w.g.appointments.add(&e)
		w.check(ctx, &e)
	}
	return nil
}

// of looks at what is to be delivered to an address.
func (w *withdrawals) of(ctx context.Context, address string) {
	ids, _ := w.g.appointments.with(address)
	for _, id := range ids {
		e, err := w.g.store.Errands().Get(id)
		switch {
		case errors.Is(err, errands.ErrNone): // it was ended elsewhere
			w.g.appointments.drop(&errands.Errand{ID: id, People: []filter.Recipient{{Address: address}}})
		case err != nil:
			w.fail(address, err)
		default:
			w.check(ctx, &e)
		}
	}
}

// check is [Gate.recheck], past what can never be checked: an errand of a route that is gone.
func (w *withdrawals) check(ctx context.Context, e *errands.Errand) {
	if _, err := w.g.route(e.Route); err != nil {
		w.g.log.Warn("a message is to be delivered on a route that is gone: an opt-out will not cancel it", zap.String("errand", w.g.store.Errands().Key(e.ID)), zap.Error(err))
		return
	}
	if err := w.g.recheck(ctx, e); err != nil {
		for _, to := range e.People {
			w.fail(to.Address, err)
		}
	}
}

// fail notes that something to be delivered to an address could not be looked at.
func (w *withdrawals) fail(address string, err error) {
	if w.again == nil {
		w.again = map[string]struct{}{}
	}
	w.again[address], w.failed = struct{}{}, cmp.Or(w.failed, err)
}
