package proxy

import (
	"fmt"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// Again makes ready to judge the entries of a decision log again, in the order of their time. Both functions
// are for one goroutine.
//
// judge is the decision about the message of an entry, as the routes of this gate would take it at the same
// moment, and about which recipient: what the message is, and whom it is written as, follows from what its
// request said and from the routes of today. known is what was known of the recipient then. What caps count
// is what was counted then, but for what the entries before would have sent, or not, by the decisions that
// settle was told of. A nil decision stands for one that could not be taken again: it counts as it did.
func (g *Gate) Again() (judge func(e *decisions.Entry, known func(filter.Recipient) (filter.Record, error)) (filter.Decision, error),
	settle func(e *decisions.Entry, d *filter.Decision)) {
	c := newRecount(g.table.Load())
	return func(e *decisions.Entry, known func(filter.Recipient) (filter.Record, error)) (filter.Decision, error) {
		rt, err := g.route(e.Route)
		if err != nil {
			return filter.Decision{}, err
		}
		m, err := rt.message(e)
		if err != nil {
			return filter.Decision{}, err
		}
		rec, err := known(m.To)
		if err != nil {
			return filter.Decision{}, err
		}
		rec.Tally = c.tally(rt, e, &m, &rec)
		return g.again(rt, e, &m, &rec), nil
	}, c.settle
}

// Recall is the decision about the message of one entry of a decision log as [Gate.Again] has it, from what was known
// of its recipient then, which it answers too, and what was counted.
func (g *Gate) Recall(e *decisions.Entry) (d filter.Decision, rec filter.Record, err error) {
	rt, err := g.route(e.Route)
	if err != nil {
		return d, rec, err
	}
	m, err := rt.message(e)
	if err != nil {
		return d, rec, err
	}
	if rec, err = g.recordOf(rt, &m, e.Time, true); err != nil {
		return d, rec, fmt.Errorf("reading the record of the recipient: %w", err)
	}
	if counted(e) { // the tally itself forgets
		rec.Tally = e.Tally
	}
	d = g.again(rt, e, &m, &rec)
	if d.Why = rt.why(g.switchesOf(rt, &m, e), &m, &rec, &d, e.Time); d.Rule == budgetRule {
		d.Why = "the budgets of this route; how far they were used up then is not kept"
	}
	return d, rec, nil
}

// again is the decision about m, the message of e, by rec.
func (g *Gate) again(rt *route, e *decisions.Entry, m *filter.Message, rec *filter.Record) filter.Decision {
	switches := g.switchesOf(rt, m, e)
	d := rt.judge(nil, switches, m, rec, e.Time)
	if e.Rule == replyRule {
		d = asReply(d)
	}
	if e.Reason == filter.Suspended && d.Action != filter.Block && switches.Trying(rt.name, m, e.Time) != nil {
		// It waited for its trial, which depends on what else was sent in that second.
		return filter.Decision{Action: e.Action, Reason: e.Reason, Rule: e.Rule, Until: e.Until}
	}
	if e.Pass != "" && d.Action == filter.Block && d.WhyNoPass(m.Category) == "" { // somebody let it past that
		return filter.Decision{Action: e.Action, Reason: e.Reason, Rule: e.Rule, Until: e.Until, Edit: filter.Edit{Footer: e.Footer}}
	}
	return rt.rebudgeted(m, e, d)
}

// message is that of an entry of the decision log, as rt would take it.
func (rt *route) message(e *decisions.Entry) (filter.Message, error) {
	m := filter.Message{To: e.To, From: e.From, Service: e.Service, Anonymous: e.From == "" && e.Service == "", Campaign: e.Campaign, MarketingOnly: e.MarketingOnly, Movable: e.Movable,
		Template: e.Template, Text: e.Text, Room: e.Room, SendAt: e.SendAt}
	var category, topic filter.Scope
	if e.Rule == replyRule {
		category = filter.OfCategory(filter.Service)
	}
	if rt.trusts.category && e.ClaimCategory != "" {
		var c filter.Category
		if err := c.UnmarshalText([]byte(e.ClaimCategory)); err != nil {
			return m, fmt.Errorf("reading what category it claimed: %w", err)
		}
		category = filter.OfCategory(c)
	}
	if rt.trusts.topic {
		topic = rt.labels.topics[e.ClaimTopic]
	}
	rt.label(&m, category, topic)
	return m, nil
}

// switchesOf are the switches that e was decided under: those of the moment it came in, or of when it
// was answered. Where the two differ, what was decided shows which.
func (g *Gate) switchesOf(rt *route, m *filter.Message, e *decisions.Entry) filter.Switches {
	switches := g.store.Switches().At(e.Time)
	held := switches.Holding(rt.name, m, e.Time) != nil
	if held != (e.Reason == filter.Suspended) {
		return g.store.Switches().At(e.Time.Add(time.Duration(e.Micros) * time.Microsecond))
	}
	return switches
}

// rebudgeted is d, the decision about the message of e as of then, or what was decided then where the
// budgets settled it and are still about such messages: how far they were used up is not known any more.
func (rt *route) rebudgeted(m *filter.Message, e *decisions.Entry, d filter.Decision) filter.Decision {
	if d.Action != filter.Block && e.Reason == filter.OverBudget && rt.budgeted(m) {
		return overBudget(e.Until)
	}
	return d
}
