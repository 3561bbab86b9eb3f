package filter

import (
	"iter"
	"slices"
	"sync/atomic"
	"time"
)

// A locality is where a recipient may be.
type locality struct {
	weeks  []*week
	zones  []*time.Location
	closed atomic.Pointer[closure] // the last that was met
	minute atomic.Int64            // since 1970, the last that was found to be open; 0: none
}

// A closure is a time without an open moment, which is known from from on until end. A zero until means that no
// open moment is in sight.
type closure struct{ from, until, end time.Time }

// open reports whether messages may arrive at a moment, wherever in l the recipient is.
func (l *locality) open(at time.Time) bool {
	minute := at.Unix() / 60
	if minute > 0 && l.minute.Load() == minute {
		return true
	}
	if len(l.weeks) > 0 && len(l.zones) == 0 {
		return false
	}
	for _, zone := range l.zones {
		local := at.In(zone)
		for _, w := range l.weeks {
			if !w.open(local) {
				return false
			}
		}
	}
	if !slices.ContainsFunc(l.zones, func(zone *time.Location) bool { return !wholeMinute(minute, zone) }) {
		l.minute.Store(minute)
	}
	return true
}

// wholeMinute reports whether a minute since 1970 is one in a zone, too.
func wholeMinute(minute int64, zone *time.Location) bool {
	_, first := time.Unix(60*minute, 0).In(zone).Zone()
	_, last := time.Unix(60*minute+59, 999_999_999).In(zone).Zone()
	return first == last && first%60 == 0
}

// closure is the one that at, which is not open, lies in.
func (l *locality) closure(at time.Time) *closure {
	c := &closure{from: at, until: l.next(at)}
	c.end = c.until
	for _, zone := range l.zones {
		y, m, d := at.In(zone).Date()
		if midnight := time.Date(y, m, d+1, 0, 0, 0, 0, zone); c.until.IsZero() && (c.end.IsZero() || midnight.Before(c.end)) {
			c.end = midnight // then another day comes in sight
		}
	}
	return c
}

// horizon is how many days ahead the next open moment is looked for: further than any row of holidays
// and Sundays.
const horizon = 10

// next is the first open moment after at, the zero time where there is none soon. Every time that is
// open begins where some place opens in some zone.
func (l *locality) next(at time.Time) (first time.Time) {
	for _, zone := range l.zones {
		y, m, d := at.In(zone).Date()
		for ahead := range horizon {
			noon := time.Date(y, m, d+ahead, 12, 0, 0, 0, zone)
			if !first.IsZero() && noon.Add(-24*time.Hour).After(first) {
				break
			}
			for _, w := range l.weeks {
				for opens := range openings(noon, w.day(noon)) {
					if opens.After(at) && (first.IsZero() || opens.Before(first)) && l.open(opens) {
						first = opens.UTC()
					}
				}
			}
		}
	}
	return first
}

// openings are when s begins on the local day of noon: once, but for days on which the clock is set. Where
// it leaps over that moment it is when it has leapt; where it goes back, s may begin twice.
func openings(noon time.Time, s Span) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		_, before := noon.Add(-15 * time.Hour).Zone()
		_, after := noon.Add(15 * time.Hour).Zone()
		if before == after {
			y, m, d := noon.Date()
			yield(time.Date(y, m, d, s.from/60, s.from%60, 0, 0, noon.Location()))
			return
		}
		open := false
		for t := noon.Add(-15 * time.Hour); t.Before(noon.Add(15 * time.Hour)); t = t.Add(time.Minute) {
			hour, minute, _ := t.Clock()
			was := open
			if open = DateOf(t) == DateOf(noon) && s.holds(hour*60+minute); open && !was && !yield(t) {
				return
			}
		}
	}
}
