package proxy

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/tally"
)

// A recount is what recipients would have got if the entries of a decision log had been decided by other
// routes. It takes the tally that each entry was judged by and changes only what came out differently of the
// entries before: what is no longer sent is taken out, what is sent now is put in, and what has other topics
// now is told by these. So under the same routes every tally is what it was, whatever had its turn first or
// gave its place back meanwhile. It cannot tell which of the messages that it puts in have the same content,
// since the log does not hold all of it. Whether a message of an earlier entry counted, which does not say so,
// is told by the tallies after it.
type recount struct {
	seed     maphash.Seed
	lookback time.Duration // of all routes
	people   map[uint64]*resending
	held     int // messages of all people
	swept    int // how many there were when all were looked through
	was, is  filter.Tally
	says     bool // whether entries say what counted: from the first one that does, all do

	last struct { // what was judged last
		rt     *route
		m      filter.Message
		counts bool
	}
}

// A resending is what one recipient got, or would have, in the order of the log: messages that are other than
// they were, and those that are as they were.
type resending struct{ other, same []resent }

// A resent is a message with its place in the tally, then and now. Moments are milliseconds since 1970.
type resent struct {
	then, now         int64 // when it was due, and is
	category, becomes filter.Category
	took, takes       bool // a place
	sure              bool // that it took it: its entry says so, or it was found there
	gone              bool // it gave it back, or would have
	kept              bool // it was not judged again: of its topics only the first is known
	topics            topicSet[uint64]
}

func newRecount(t *table) *recount {
	c := &recount{seed: maphash.MakeSeed(), people: map[uint64]*resending{}}
	for _, rt := range t.routes {
		c.lookback = max(c.lookback, rt.policy.Lookback())
	}
	return c
}

// tally is what the recipient of m, the message of e, would have got by then, until it is called again.
func (c *recount) tally(rt *route, e *decisions.Entry, m *filter.Message, rec *filter.Record) filter.Tally {
	c.last.rt, c.last.m, c.last.counts = rt, *m, rt.policy.Counts(m, rec)
	p := c.people[maphash.Comparable(c.seed, m.To)]
	if !c.last.counts || p == nil {
		return e.Tally
	}
	c.held -= p.forget(e.Time.Add(-c.lookback).UnixMilli())
	judged := hashed(c.seed, m)
	c.was, c.is = append(c.was[:0], e.Tally...), c.is[:0]
	for _, list := range [][]resent{p.other, p.same} {
		for i := range list {
			c.change(e, &list[i], &judged, e.Topic == m.Topic)
		}
	}
	c.was = append(c.was, c.is...)
	slices.SortStableFunc(c.was, func(a, b filter.Sent) int { return a.At.Compare(b.At) })
	return c.was
}

// change takes one out of what was counted, and puts it back as it is now, if it still is. One that was not
// judged again looks as it did to a message that is alike.
func (c *recount) change(e *decisions.Entry, one *resent, judged *topicSet[uint64], alike bool) {
	s := filter.Sent{At: time.UnixMilli(one.now).UTC(), Category: one.becomes}
	one.topics.mark(&s, judged)
	i := -1
	if one.took {
		i = one.find(c.was, s.SameTopic)
	}
	switch {
	case i >= 0 && alike && one.kept:
		one.sure = true
		return
	case i >= 0:
		one.sure = true
		s.SameContent = c.was[i].SameContent
		c.was = slices.Delete(c.was, i, i+1)
	case one.sure && one.took && counted(e) && e.Time.UnixMilli()-one.then <= tally.LeastKept.Milliseconds():
		return // it had its turn after e, or had given its place back by then
	case one.gone:
		return
	}
	if one.takes {
		c.is = append(c.is, s)
	}
}

// find is where o is in a tally, -1 if nowhere: of several that were due at once, one that has the topic or not.
func (o *resent) find(t filter.Tally, sameTopic bool) int {
	found := -1
	for i := range t {
		if s := &t[i]; s.Category == o.category && s.At.UnixMilli() == o.then {
			if s.SameTopic == sameTopic {
				return i
			}
			if found < 0 {
				found = i
			}
		}
	}
	return found
}

// counted reports whether the message of e surely counted if it was sent. Earlier entries say so only by what
// was counted before.
func counted(e *decisions.Entry) bool { return e.Counted || len(e.Tally) > 0 }

// settle takes in that d is decided about the message of e, which was judged last; nil: what was decided then.
func (c *recount) settle(e *decisions.Entry, d *filter.Decision) {
	if c.lookback == 0 {
		return
	}
	c.says = c.says || e.Counted
	one := resent{then: dueThen(e), category: e.Category, sure: counted(e), kept: d == nil,
		gone: e.Outcome == upstream.NotSent.String() || e.Outcome == upstream.Answered.String() && declined(e.Status)}
	one.took = (one.sure || d != nil && !c.says) && (e.Action != filter.Block || !e.Enforced)
	m := filter.Message{To: e.To, Topic: e.Topic}
	one.now, one.becomes, one.takes = one.then, one.category, one.took
	if d != nil {
		rt := c.last.rt
		m = c.last.m
		one.now, one.becomes = m.Due(e.Time).UnixMilli(), m.Category
		if rt.mode != Report {
			one.now = dueAs(&m, d, e.Time).UnixMilli()
		}
		one.takes = c.last.counts && (rt.mode == Report || rt.mode == Enforce && d.Action != filter.Block)
	}
	if !one.took && !one.takes {
		return
	}
	one.topics = hashed(c.seed, &m)
	key := maphash.Comparable(c.seed, m.To)
	p := c.people[key]
	if p == nil {
		p = &resending{}
		c.people[key] = p
	}
	if one.took && one.takes && one.then == one.now && one.category == one.becomes && e.Topic == m.Topic {
		p.same = append(p.same, one)
	} else {
		p.other = append(p.other, one)
	}
	if c.held++; c.held > 2*c.swept+1<<16 {
		c.sweep(e.Time.Add(-c.lookback).UnixMilli())
	}
}

// dueThen is when the message of e took its place, in milliseconds since 1970.
func dueThen(e *decisions.Entry) int64 {
	if e.Action == filter.Rewrite && e.Enforced && !e.Until.IsZero() {
		return e.Until.UnixMilli()
	}
	m := filter.Message{SendAt: e.SendAt}
	return m.Due(e.Time).UnixMilli()
}

// sweep forgets what was due, and is, before a moment.
func (c *recount) sweep(horizon int64) {
	for key, p := range c.people {
		c.held -= p.forget(horizon)
		if len(p.other)+len(p.same) == 0 {
			delete(c.people, key)
		}
	}
	c.swept = c.held
}

// forget drops what was due, and is, before a moment, and returns how much that is.
func (p *resending) forget(horizon int64) (n int) {
	for _, list := range []*[]resent{&p.other, &p.same} {
		if len(*list) == 0 || !(*list)[0].before(horizon) {
			continue
		}
		before := len(*list)
		*list = slices.DeleteFunc(*list, func(one resent) bool { return one.before(horizon) })
		n += before - len(*list)
	}
	return n
}

func (o *resent) before(horizon int64) bool { return max(o.then, o.now) < horizon }
