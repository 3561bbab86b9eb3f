package proxy

import (
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// Rehearse makes ready to judge messages of a route as they would be judged if they were sent at one
// moment, the zero one for now: from what is known now, and without sending, keeping or reserving
// anything. Numbers without a country code are of region, where that is not empty. notes are what
// whoever hopes for an answer should know about the route: that it does not believe one of the headers
// claimed (category, topic, campaign), or blocks nothing.
//
// judge completes m as the route would that of a request whose headers claim a category and a topic,
// All for none, and whose recipient is written as m.To.Address has it. bad says why that is no
// address. An err is that of a store that cannot be asked. judge is for one goroutine.
func (g *Gate) Rehearse(name, region string, at time.Time, claimed []string) (
	judge func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error), notes []string, err error) {
	rt, err := g.route(name)
	if err != nil {
		return nil, nil, err
	}
	orDefault(&at, g.clock())
	orDefault(&region, rt.region)
	var rec filter.Record
	return func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error) {
		orDefault(&m.To.Channel, providers.Channel(rt.speaks))
		m.To.Address, bad = filter.Address(m.To.Channel, m.To.Address, region)
		rt.believe(m, &category, &topic)
		rt.label(m, category, topic)
		m.Room = providers.Room(rt.speaks, m)
		if err := g.store.ReadInto(&rec, m.To, rt.policy.Need(m)); err != nil {
			return g.judge(rt, m, nil, at), bad, fmt.Errorf("reading the record of a recipient: %w", err)
		}
		return g.judge(rt, m, &rec, at), bad, nil
	}, rt.notes(claimed), nil
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

// notes say what of claimed the route does not believe, and whether it blocks nothing.
func (rt *route) notes(claimed []string) (notes []string) {
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
	if rt.mode != Enforce {
		notes = append(notes, fmt.Sprintf("the mode of the route %s is %s: it would forward everything", rt.name, rt.mode))
	}
	return notes
}

// clock is the time now.
func (g *Gate) clock() time.Time {
	if g.now != nil {
		return g.now()
	}
	return time.Now()
}
