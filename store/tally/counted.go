package tally

import (
	"cmp"
	"slices"
)

// A counted is a person who counts: in a time, and in later ones, which are further apart from each other
// than a portfolio looks back.
type counted struct {
	stretch
	later []stretch // scheduled messages may be far apart
}

// A stretch is a time in which somebody got messages so close to each other that they counted all along.
type stretch struct {
	from, latest int64 // when the first and the last is due, in milliseconds since 1970
	sends        int32 // messages that were not given back
}

// end is when the person ceases to count who counts at a moment; 0 for who does not.
func (o *counted) end(at, within int64) (end int64) {
	for i := -1; i < len(o.later); i++ {
		s := o.at(i)
		if s.from > at && s.from >= end {
			break
		}
		if s.latest+within > at {
			end = s.latest + within
		}
	}
	return end
}

// at is stretch i of the later ones, or the first.
func (o *counted) at(i int) *stretch {
	if i < 0 {
		return &o.stretch
	}
	return &o.later[i]
}

// last is when the last message is due.
func (o *counted) last() int64 { return o.at(len(o.later) - 1).latest }

// with is o once a message more is due, where those within so many milliseconds are one stretch.
func (o counted) with(due, within int64) counted {
	all := []stretch{{due, due, 1}}
	if o.later == nil && o.sends > 0 && due > o.from-within && due < o.latest+within { // most of the time
		return counted{stretch: stretch{min(o.from, due), max(o.latest, due), o.sends + 1}}
	}
	for i := -1; i < len(o.later); i++ {
		if s := o.at(i); s.sends > 0 {
			all = append(all, *s)
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	merged := all[:1]
	for _, s := range all[1:] {
		if last := &merged[len(merged)-1]; s.from < last.latest+within {
			*last = stretch{last.from, max(last.latest, s.latest), last.sends + s.sends}
		} else {
			merged = append(merged, s)
		}
	}
	return counted{merged[0], slices.Clone(merged[1:])}
}

// without is o once a message that was due at a moment is given back. It has no sends where none is left.
func (o counted) without(due int64) counted {
	var left []stretch
	for i := -1; i < len(o.later); i++ {
		s := *o.at(i)
		if s.from <= due && due <= s.latest {
			s.sends--
		}
		if s.sends > 0 {
			left = append(left, s)
		}
	}
	if len(left) == 0 {
		return counted{}
	}
	return counted{left[0], left[1:]}
}

// A packed is when as many people count as may, or more.
type packed struct {
	unique int
	within int64
	times  []packedTime
}

type packedTime struct{ from, until int64 }

// full is when there is no room for the person of c, in order. It is kept for all who do not count, until
// somebody else does. mu is held.
func (p *Portfolio) full(c *claim, known bool) []packedTime {
	within := c.Within.Milliseconds()
	if k := p.packed; !known && k != nil && k.unique == c.Unique && k.within == within {
		return k.times
	}
	type change struct {
		at  int64
		by  int
		own bool
	}
	var changes []change
	for person, one := range p.people {
		own := person == c.person
		for i, end := -1, int64(0); i < len(one.later); i++ {
			s := one.at(i)
			if from := max(s.from, end); from < s.latest+within {
				end = s.latest + within
				changes = append(changes, change{from, 1, own}, change{end, -1, own})
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	var times []packedTime
	n, own, since := 0, 0, int64(0)
	for i, change := range changes {
		if change.own {
			own += change.by
		} else {
			n += change.by
		}
		if i+1 < len(changes) && changes[i+1].at == change.at {
			continue
		}
		full := n >= c.Unique && own == 0
		switch {
		case full && since == 0:
			since = change.at
		case !full && since != 0:
			times = append(times, packedTime{since, change.at})
			since = 0
		}
	}
	if !known {
		p.packed = &packed{c.Unique, within, times}
	}
	return times
}
