package proxy

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/tally"
)

// judge is the decision about m at a moment, by what rec says of its recipient; a nil rec stands for
// a store that could not be asked. The switches are those of now. m is classified, and could be read.
// It changes nothing, keeps none of its arguments and allocates nothing.
func (g *Gate) judge(rt *route, m *filter.Message, rec *filter.Record, at time.Time) filter.Decision {
	return rt.judge(g.store.Tally(), g.store.Switches().InForce(), m, rec, at)
}

// judge is [Gate.judge] under other switches, as at a past moment. Every way of judging ends here,
// whether a message is sent or somebody only wants to know, so that all of them come to the same
// decision. Switches come first: they stop also what goes out while the store cannot be asked. Budgets,
// which the book knows, come last; without it there are none.
func (rt *route) judge(book *tally.Book, switches filter.Switches, m *filter.Message, rec *filter.Record, at time.Time) filter.Decision {
	if len(switches) > 0 {
		if s := switches.Holding(rt.name, m, at); s != nil {
			return s.Decision()
		}
	}
	if rec == nil {
		return rt.undecided(m)
	}
	return rt.held(book, m, rec, at, rt.policy.Decide(m, rec, at))
}

// judgeSend is [Gate.judge] about a message that is being sent. It may have to wait because what it
// belongs to is on trial, see [filter.Breaker]: only what is sent counts there.
func (g *Gate) judgeSend(rt *route, w *work, i int, rec *filter.Record, now time.Time) filter.Decision {
	m := &w.batch.Messages[i]
	d := g.judge(rt, m, rec, now)
	if d.Action != filter.Block && !g.admits(rt, m, w.ahead(i), now) {
		return onTrial
	}
	return d
}

// onTrial is the decision about what waits for others to be tried.
var onTrial = filter.Decision{Action: filter.Block, Reason: filter.Suspended, Rule: "switch"}

// undecided is the decision about m while the store cannot be asked.
func (rt *route) undecided(m *filter.Message) filter.Decision {
	if rt.failOpen[m.Category] {
		return filter.Decision{Action: filter.Forward, Reason: filter.Undecided, Rule: "fail-open"}
	}
	return filter.Decision{Action: filter.Block, Reason: filter.Undecided}
}

// verdict is what becomes of the request as a whole: blocked when every message is, forwarded when
// every message is, else rewritten.
func verdict(ds []filter.Decision) filter.Action {
	blocked, forwarded := 0, 0
	for i := range ds {
		switch ds[i].Action {
		case filter.Block:
			blocked++
		case filter.Forward:
			forwarded++
		}
	}
	switch len(ds) {
	case forwarded:
		return filter.Forward
	case blocked:
		return filter.Block
	}
	return filter.Rewrite
}

// Classify completes m as the route would: its brand, the channel its provider mostly carries where
// m names none, the address in its canonical form, category and topic as of a message whose sender claims
// nothing, and what its provider could do with it; see [providers.Complete]. Numbers without a country code are
// of region, or where that is empty of the route's. bad says why m has no address; then it stays as it is.
func (g *Gate) Classify(name, region string, m *filter.Message) (bad, err error) {
	rt, err := g.route(name)
	if err != nil {
		return nil, err
	}
	if m.To.Channel == "" {
		m.To.Channel = providers.Channel(rt.speaks)
	}
	address, bad := providers.Address(rt.speaks, m.To.Channel, m.To.Address, cmp.Or(region, rt.region))
	if bad == nil {
		m.To.Address = address
	}
	providers.Complete(rt.speaks, m)
	rt.label(m, filter.All, filter.All)
	return bad, nil
}

// Judge answers what would be decided about m at a moment, the zero one for now, on a route, and
// from which record: at a past moment from what was known then, by the configuration of today. m is
// taken as it is, brand, category and topic too.
func (g *Gate) Judge(name string, m filter.Message, at time.Time) (filter.Decision, filter.Record, error) {
	rt, err := g.route(name)
	if err != nil {
		return filter.Decision{}, filter.Record{}, err
	}
	rt.spell(&m)
	if c, declared := rt.labels.declared.Category(m.Topic); declared {
		m.Strays = m.Category < c
	}
	now := g.clock()
	if at.IsZero() {
		at = now
	}
	switches, book := g.store.Switches().InForce(), g.store.Tally()
	past := at.Before(now)
	if past {
		switches, book = g.store.Switches().At(at), nil // nobody knows how far budgets were used up
	}
	rec, err := g.recordOf(rt, &m, at, past)
	if err != nil {
		return rt.judge(book, switches, &m, nil, at), rec, fmt.Errorf("reading the record of the recipient: %w", err)
	}
	d := rt.judge(book, switches, &m, &rec, at)
	d.Why = rt.why(switches, &m, &rec, &d, at)
	return d, rec, nil
}

// why is what d went by, in words.
func (rt *route) why(switches filter.Switches, m *filter.Message, rec *filter.Record, d *filter.Decision, at time.Time) string {
	if s := switches.Holding(rt.name, m, at); s != nil {
		return s.String()
	} else if d.Rule == budgetRule {
		return rt.budget.why(at)
	}
	return rt.policy.Why(m, rec, d, at)
}

// recordOf is what is known of the recipient of m, or was at a past moment.
func (g *Gate) recordOf(rt *route, m *filter.Message, at time.Time, past bool) (rec filter.Record, err error) {
	if past {
		rec, err = g.store.RecordAt(m.To, at)
	} else {
		rec, err = g.store.Read(m.To, filter.NeedRecord)
	}
	if err != nil || !rt.policy.Counts(m, &rec) {
		return rec, err
	}
	err = g.store.Tally().Read(m, &rec, at)
	if past { // what was sent since, the message itself too, did not count then
		at = at.Truncate(time.Millisecond)
		rec.Tally = slices.DeleteFunc(rec.Tally, func(s filter.Sent) bool { return !s.At.Before(at) })
	}
	return rec, err
}
