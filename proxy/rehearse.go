package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/tally"
)

// Rehearse makes ready to judge the messages of a list, on a route, as they would be judged if they were sent
// one after the other at one moment, the zero one for now: from what is known now, and without sending or
// keeping anything. Numbers without a country code are of region, where that is not empty. notes are what to
// know about the route: which of the headers claimed (category, topic, campaign) it does not believe,
// what is left of its budget, that it blocks nothing.
//
// judge completes m as the route would that of a request whose headers claim a category and a topic,
// All for none, and whose recipient is written as m.To.Address has it. What would be sent counts for the caps,
// duplicates and budgets of what it judges next, at the time of its arrival where it is moved to open hours.
// bad says why that is no address. An err is that of a store that cannot be asked. judge is for one goroutine.
func (g *Gate) Rehearse(name, region string, at time.Time, claimed []string) (
	judge func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error), notes []string, err error) {
	found, err := g.route(name)
	if err != nil {
		return nil, nil, err
	}
	rt := *found // with budgets of its own
	if rt.budget.any() {
		rt.budget.rehearsal = g.store.Tally().Rehearse()
	}
	at = cmp.Or(at, g.clock())
	region = cmp.Or(region, rt.region)
	r := &rehearsal{gate: g, rt: &rt, region: region, at: at, list: newRoster()}
	return r.judge, rt.notes(claimed, at), nil
}

// A rehearsal judges the messages of a list.
type rehearsal struct {
	gate   *Gate
	rt     *route
	region string
	at     time.Time
	list   *roster
	record filter.Record // of the recipient who is looked at
}

func (r *rehearsal) judge(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error) {
	m.To.Channel = cmp.Or(m.To.Channel, providers.Channel(r.rt.speaks))
	m.To.Address, bad = providers.Address(r.rt.speaks, m.To.Channel, m.To.Address, r.region)
	r.rt.believe(m, &category, &topic)
	providers.Complete(r.rt.speaks, m)
	r.rt.label(m, category, topic)
	if err := r.gate.store.ReadInto(&r.record, m.To, r.rt.need(m)); err != nil {
		return r.gate.judge(r.rt, m, nil, r.at), bad, fmt.Errorf("reading the record of a recipient: %w", err)
	}
	if r.rt.policy.Counts(m, &r.record) {
		if err := r.gate.store.Tally().Read(m, &r.record, r.at); err != nil {
			return r.gate.judge(r.rt, m, nil, r.at), bad, fmt.Errorf("reading what a recipient got lately: %w", err)
		}
		r.list.read(m, &r.record)
	}
	return r.count(m, r.gate.judge(r.rt, m, &r.record, r.at)), bad, nil
}

// count takes in what m takes up if it is sent as d says, and is the decision that stands then: as
// [Gate.count] for a message that is sent.
func (r *rehearsal) count(m *filter.Message, d filter.Decision) filter.Decision {
	if d.Action == filter.Block && r.rt.mode != Report {
		return d
	}
	claims, due := r.rt.takesAs(m, &r.record, &d, r.at)
	if claims.Rehearsal != nil {
		var over *tally.OverBudget
		if err := claims.Rehearsal.Take(&claims, m.To.Address, due, r.at); errors.As(err, &over) {
			return overBudget(over.Until)
		}
	}
	if claims.Place {
		r.list.add(m, due)
	}
	return d
}

// believe takes out of the claims what the route does not believe.
func (rt *route) believe(m *filter.Message, category, topic *filter.Scope) {
	if !rt.trusts.campaign {
		m.Campaign = ""
	}
	if !rt.trusts.category {
		*category = filter.All
	}
	name, _ := topic.Topic()
	*topic = filter.All
	if rt.trusts.topic {
		*topic = rt.labels.topics[name]
	}
}

// notes say what of claimed the route does not believe, whether it blocks nothing, and what is left of
// its budget.
func (rt *route) notes(claimed []string, at time.Time) (notes []string) {
	for _, claim := range []struct {
		name, header string
		trusted      bool
	}{
		{"category", "Sendgate-Category", rt.trusts.category}, {"topic", "Sendgate-Topic", rt.trusts.topic},
		{"campaign", "Sendgate-Campaign", rt.trusts.campaign},
	} {
		if slices.Contains(claimed, claim.name) && !claim.trusted {
			notes = append(notes, fmt.Sprintf("the route %s does not believe the header %s: the messages were judged without it (see proxy.routes.%[1]s.trust)",
				rt.name, claim.header))
		}
	}
	if b := &rt.budget; b.portfolio != nil {
		used := b.portfolio.Usage(b.Portfolio, b.Unique, b.Within, at).Used
		notes = append(notes, fmt.Sprintf("of the %d people that the portfolio %s may write to within %s, %d are left for this list", b.Unique, b.Portfolio, b.Within, max(0, b.Unique-used)))
	}
	if rt.mode != Enforce {
		notes = append(notes, fmt.Sprintf("the mode of the route %s is %s: it would forward everything", rt.name, rt.mode))
	}
	return notes
}

// Zones are the time zones that the recipient of m, of whom r is known, may be in; none where nobody can tell.
func (g *Gate) Zones(name string, m *filter.Message, r *filter.Record) []string {
	rt, err := g.route(name)
	if err != nil {
		return nil
	}
	return rt.policy.Zones(m, r)
}

// Unforeseen names the rules of a route that go by more than m shows, by what it says or by whom it is from, and
// which labels its sender might give it; none where there is no such route.
func (g *Gate) Unforeseen(name string, m *filter.Message) []string {
	rt, err := g.route(name)
	if err != nil {
		return nil
	}
	shown := *m
	shown.To.Channel = cmp.Or(m.To.Channel, providers.Channel(rt.speaks))
	if m.From != "" {
		return rt.policy.Unforeseen(&shown)
	}
	service := shown
	service.From = "MG" // a Messaging Service can move what a number cannot
	providers.Complete(rt.speaks, &service)
	shown.Movable = service.Movable
	return append(rt.policy.Unforeseen(&shown), g.bySender(rt)...)
}

// Expires is when consent to m on basis b, given at a moment by whom r is about, first runs out on a route of m's brand;
// the zero time where it does on none. A message of every brand is of each.
func (g *Gate) Expires(m *filter.Message, r *filter.Record, b filter.Basis, given time.Time) (first time.Time) {
	for _, rt := range g.table.Load().routes {
		if m.To.Brand != "" && rt.brand != m.To.Brand {
			continue
		}
		if at := rt.policy.Expires(m, r, b, given); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// bySender names what else on a route goes by whom a message is from.
func (g *Gate) bySender(rt *route) (names []string) {
	if rt.stop == filter.StopSender {
		names = append(names, "opt-out")
	}
	now := g.clock()
	if slices.ContainsFunc(g.store.Switches().InForce(), func(s filter.Switch) bool {
		return s.On.Sender != "" && !s.Ended(now) && (s.On.Brand == "" || s.On.Brand == rt.brand) && (s.On.Route == "" || s.On.Route == rt.name)
	}) {
		names = append(names, "switch")
	}
	category, topic := false, false
	for _, label := range rt.labels.senders {
		_, is := label.Topic()
		category, topic = true, topic || is // a topic has a category, too
	}
	if category {
		names = append(names, "category")
	}
	if topic {
		names = append(names, "topic")
	}
	if rt.budget.Pair.Every > 0 {
		names = append(names, budgetRule)
	}
	return names
}

// clock is the time now.
func (g *Gate) clock() time.Time {
	if g.now != nil {
		return g.now()
	}
	return time.Now()
}
