package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// A Summary is what was decided on one day: in report mode, what would have been blocked.
type Summary struct {
	Day       string         `json:"day"`  // 2026-01-31
	Zone      string         `json:"zone"` // in which the day begins and ends
	Since     time.Time      `json:"since"`
	Until     time.Time      `json:"until"`
	Decisions int            `json:"decisions"`
	Routes    []RouteSummary `json:"routes"` // by name
}

// A RouteSummary is what was decided on one route in one mode.
type RouteSummary struct {
	Route     string `json:"route"`
	Mode      string `json:"mode"` // in report nothing was obeyed
	Decisions int    `json:"decisions"`
	Blocked   int    `json:"blocked"` // or would have been
	// Reasons are what was not simply forwarded, the most frequent first.
	Reasons []ReasonSummary `json:"reasons"`
}

// A ReasonSummary is decisions alike.
type ReasonSummary struct {
	Action    filter.Action `json:"action"`
	Reason    filter.Reason `json:"reason"`
	Rule      string        `json:"rule,omitempty"`
	Decisions int           `json:"decisions"`
	Examples  []Example     `json:"examples"` // the newest
}

// summaryExamples is how many decisions of each kind a summary names.
const summaryExamples = 3

// summary reads the decision log of a day, which is midnight where it begins, on all routes or one.
func (s *Server) summary(ctx context.Context, day time.Time, route string) (*Summary, error) {
	sum := &Summary{Day: day.Format(time.DateOnly), Zone: day.Location().String(), Since: day.UTC(), Until: day.AddDate(0, 0, 1).UTC(), Routes: []RouteSummary{}}
	type key struct{ route, mode string }
	type kind struct {
		key
		action filter.Action
		reason filter.Reason
		rule   string
	}
	routes, kinds := map[key]*RouteSummary{}, map[kind]*ReasonSummary{}
	for e, err := range s.store.Entries(store.Query{Since: sum.Since, Until: sum.Until, Route: route}) {
		if err == nil && sum.Decisions%replayStep == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("reading the decision log: %w", err)
		}
		sum.Decisions++
		k := key{e.Route, e.Mode}
		r := routes[k]
		if r == nil {
			r = &RouteSummary{Route: e.Route, Mode: e.Mode, Reasons: []ReasonSummary{}}
			routes[k] = r
		}
		if r.Decisions++; e.Action == filter.Forward && e.Reason == filter.Allowed {
			continue
		}
		if e.Action == filter.Block {
			r.Blocked++
		}
		at := kind{k, e.Action, e.Reason, e.Rule}
		n := kinds[at]
		if n == nil {
			n = &ReasonSummary{Action: e.Action, Reason: e.Reason, Rule: e.Rule}
			kinds[at] = n
		}
		if n.Decisions++; len(n.Examples) < summaryExamples {
			n.Examples = append(n.Examples, example(&e))
		}
	}
	for at, n := range kinds {
		r := routes[at.key]
		r.Reasons = append(r.Reasons, *n)
	}
	for _, r := range routes {
		slices.SortFunc(r.Reasons, func(a, b ReasonSummary) int {
			return cmp.Or(cmp.Compare(b.Decisions, a.Decisions), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Action, b.Action), strings.Compare(a.Rule, b.Rule))
		})
		sum.Routes = append(sum.Routes, *r)
	}
	slices.SortFunc(sum.Routes, func(a, b RouteSummary) int {
		return cmp.Or(strings.Compare(a.Route, b.Route), strings.Compare(a.Mode, b.Mode))
	})
	return sum, nil
}

// getSummary answers what was decided on one day, yesterday unless one is named.
func (s *Server) getSummary(c *call) error {
	zone, err := zoneNamed(cmp.Or(c.query.Get("zone"), "UTC"))
	if err != nil {
		return err
	}
	day := yesterday(s.now().In(zone))
	if text := c.query.Get("day"); text != "" {
		if day, err = time.ParseInLocation(time.DateOnly, text, zone); err != nil {
			return bad("day", "%q: want a day such as 2026-01-31", text)
		}
	}
	sum, err := s.summary(c.r.Context(), day, c.query.Get("route"))
	if err != nil {
		return err
	}
	return answer(c.w, http.StatusOK, sum)
}

// zoneNamed is the time zone with this name.
func zoneNamed(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, bad("zone", "unknown time zone %q: want a name such as America/Chicago", name)
	}
	return zone, nil
}

// yesterday is when the day before the one of now began.
func yesterday(now time.Time) time.Time {
	y, m, d := now.Date()
	return time.Date(y, m, d-1, 0, 0, 0, 0, now.Location())
}

// tellDay writes to the log what a day blocked, or would have: one line a route and reason.
func (s *Server) tellDay(ctx context.Context, day time.Time) error {
	sum, err := s.summary(ctx, day, "")
	if err != nil {
		return err
	}
	for _, r := range sum.Routes {
		did := "blocked in a day"
		if r.Mode == "report" {
			did = "would have been blocked in a day"
		}
		for _, n := range r.Reasons {
			if n.Action == filter.Block {
				s.log.Info(did, zap.String("day", sum.Day), zap.String("route", r.Route), zap.String("mode", r.Mode),
					zap.Stringer("reason", n.Reason), zap.String("rule", n.Rule), zap.Int("decisions", n.Decisions), zap.Int("of", r.Decisions),
					zap.String("example", n.Examples[0].ID))
			}
		}
	}
	return nil
}

// Summary is what was decided on one day, as 2026-01-31, in a time zone, on one route: yesterday, UTC
// and all where they are empty.
func (c *Client) Summary(ctx context.Context, day, zone, route string) (*Summary, error) {
	q := url.Values{}
	for name, text := range map[string]string{"day": day, "zone": zone, "route": route} {
		if text != "" {
			q.Set(name, text)
		}
	}
	sum := new(Summary)
	err := c.get(ctx, "/api/v1/summary", q, sum)
	return sum, err
}
