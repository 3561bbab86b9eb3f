package console

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"time"
)

// A StatsQuery says which decisions to count, and how. Its zero value counts those of the last day by the hour.
type StatsQuery struct {
	Since, Until    time.Time // Since counts from where its step begins, Until to the end of its minute; zero: a day ago, and now
	Step            string    // minute, hour or day; empty: hour
	Zone            string    // in which hours and days begin, as America/Chicago; empty: UTC
	Route, Campaign string    // one of them; empty: all
	Top             int       // how many campaigns are told apart; 0: 10
}

const (
	maxBuckets = 1500
	maxTop     = 60
)

// statsQuery reads what c asks for, and gives it what is left out.
func (s *Server) statsQuery(c *call) (q StatsQuery, zone *time.Location, err error) {
	v := c.query
	q = StatsQuery{Step: cmp.Or(v.Get("step"), "hour"), Zone: cmp.Or(v.Get("zone"), "UTC"), Route: v.Get("route"), Campaign: v.Get("campaign"), Top: 10}
	if zone, err = zoneNamed(q.Zone); err != nil {
		return q, nil, err
	}
	if q.Since, err = s.parseSince("since", cmp.Or(v.Get("since"), "24h")); err != nil {
		return q, nil, err
	}
	if q.Until, err = s.parseSince("until", cmp.Or(v.Get("until"), "0s")); err != nil {
		return q, nil, err
	}
	if text := v.Get("top"); text != "" {
		if q.Top, err = strconv.Atoi(text); err != nil || q.Top < 0 || q.Top > maxTop {
			return q, nil, bad("top", "%q: want a number from 0 to %d", text, maxTop)
		}
	}
	return q, zone, nil
}

// edges are the moments between the buckets of q.
func (q *StatsQuery) edges(zone *time.Location) ([]time.Time, error) {
	since := q.Since.In(zone)
	y, m, d := since.Date()
	next := func(at time.Time) time.Time { return at.Add(time.Hour) }
	switch q.Step {
	case "minute":
		since = since.Truncate(time.Minute)
		next = func(at time.Time) time.Time { return at.Add(time.Minute) }
	case "hour":
		since = since.Add(-time.Duration(since.Minute())*time.Minute - time.Duration(since.Second())*time.Second - time.Duration(since.Nanosecond()))
	case "day":
		since = time.Date(y, m, d, 0, 0, 0, 0, zone)
		next = func(at time.Time) time.Time {
			y, m, d := at.Date()
			return time.Date(y, m, d+1, 0, 0, 0, 0, zone)
		}
	default:
		return nil, bad("step", "%q: want minute, hour or day", q.Step)
	}
	until := q.Until.Add(time.Minute - time.Nanosecond).Truncate(time.Minute)
	edges := []time.Time{since}
	for at := next(since); at.Before(until); at = next(at) {
		if edges = append(edges, at); len(edges) > maxBuckets {
			return nil, bad("step", "more than %d: want a longer step, or a later since", maxBuckets)
		}
	}
	if !since.Before(until) {
		return nil, bad("until", "want a moment after since")
	}
	edges = append(edges, until)
	for i := range edges {
		edges[i] = edges[i].Truncate(time.Minute) // zones before 1972 had seconds
	}
	return edges, nil
}

// Stats is the decisions that q chooses, counted. What was at the same time the day before is another call,
// with Since and Until a day earlier.
func (c *Client) Stats(ctx context.Context, q StatsQuery) (*Stats, error) {
	v := url.Values{}
	for name, text := range map[string]string{"step": q.Step, "zone": q.Zone, "route": q.Route, "campaign": q.Campaign} {
		if text != "" {
			v.Set(name, text)
		}
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			v.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	if q.Top > 0 {
		v.Set("top", strconv.Itoa(q.Top))
	}
	st := new(Stats)
	err := c.get(ctx, "/api/v1/stats", v, st)
	return st, err
}
