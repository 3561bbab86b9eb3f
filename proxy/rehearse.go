package proxy

import (
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// Rehearse makes ready to judge messages of a route as they would be judged if they were sent at one
// moment, the zero one for now: from what is known now, and without sending, keeping or reserving
// anything. Numbers without a country code are of region, where that is not empty. notes are what to
// know about the route: which of the headers claimed (category, topic, campaign) it does not believe,
// what is left of its budget, that it blocks nothing.
//
// judge completes m as the route would that of a request whose headers claim a category and a topic,
// All for none, and whose recipient is written as m.To.Address has it. What it lets through counts for
// the caps and duplicates of what it judges next, and not for budgets. bad says why that is no address.
// An err is that of a store that cannot be asked. judge is for one goroutine.
func (g *Gate) Rehearse(name, region string, at time.Time, claimed []string) (
	judge func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error), notes []string, err error) {
	rt, err := g.route(name)
	if err != nil {
		return nil, nil, err
	}
	orDefault(&at, g.clock())
	orDefault(&region, rt.region)
	var rec filter.Record
	list := newRoster()
	return func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error) {
		orDefault(&m.To.Channel, providers.Channel(rt.speaks))
		m.To.Address, bad = filter.Address(m.To.Channel, m.To.Address, region)
		rt.believe(m, &category, &topic)
		rt.label(m, category, topic)
		providers.Complete(rt.speaks, m)
		if err := g.store.ReadInto(&rec, m.To, rt.need(m)); err != nil {
			return g.judge(rt, m, nil, at), bad, fmt.Errorf("reading the record of a recipient: %w", err)
		}
		counted := rt.policy.Need(m) == filter.NeedTally
		if counted {
			if err := g.store.ReadTally(m, &rec, at); err != nil {
				return g.judge(rt, m, nil, at), bad, fmt.Errorf("reading what a recipient got lately: %w", err)
			}
			list.read(m, &rec)
		}
		if d = g.judge(rt, m, &rec, at); counted && d.Action != filter.Block {
			list.add(m, at)
		}
		return d, bad, nil
	}, rt.notes(claimed, at), nil
}

// A roster is what a list would have sent before the message that is judged: whoever stands in it twice
// gets no more than if it were sent.
type roster struct {
	seed maphash.Seed
	last map[uint64]int // number of the last message to a recipient, from 1
	sent []listing
}

// A listing is one message, with hashes of its topic and content, and the number of the one before to
// the same recipient, or 0.
type listing struct {
	due            time.Time
	category       filter.Category
	topic, content uint64
	before         int
}

func newRoster() *roster { return &roster{seed: maphash.MakeSeed(), last: map[uint64]int{}} }

func (l *roster) marks(m *filter.Message) (topic, content uint64) {
	return maphash.String(l.seed, m.Topic), maphash.Comparable(l.seed, [...]string{m.Template, m.Text, m.Extra})
}

// read adds to r.Tally what the list would have sent to the recipient of m by now.
func (l *roster) read(m *filter.Message, r *filter.Record) {
	n := l.last[maphash.Comparable(l.seed, m.To)]
	if n == 0 {
		return
	}
	topic, content := l.marks(m)
	for ; n > 0; n = l.sent[n-1].before {
		s := &l.sent[n-1]
		r.Tally = append(r.Tally, filter.Sent{At: s.due, Category: s.category, SameTopic: s.topic == topic, SameContent: s.content == content})
	}
	slices.SortFunc(r.Tally, func(a, b filter.Sent) int { return a.At.Compare(b.At) })
}

// add takes in m, which would be sent at a moment.
func (l *roster) add(m *filter.Message, at time.Time) {
	key := maphash.Comparable(l.seed, m.To)
	topic, content := l.marks(m)
	l.sent = append(l.sent, listing{m.Due(at), m.Category, topic, content, l.last[key]})
	l.last[key] = len(l.sent)
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

// clock is the time now.
func (g *Gate) clock() time.Time {
	if g.now != nil {
		return g.now()
	}
	return time.Now()
}
