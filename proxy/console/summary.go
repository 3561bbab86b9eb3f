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
	"github.com/sendgate/sendgate/store/decisions"
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

// A routeMode is one route in one mode, and a dayKind what was decided alike there.
type routeMode struct{ route, mode string }

type dayKind struct {
	routeMode
	action filter.Action
	reason filter.Reason
	rule   string
}

// summary counts the decisions of a day, which is midnight where it begins, on all routes or one. pause is that of
// decisions.Query.
func (s *Server) summary(ctx context.Context, day time.Time, route string, pause func()) (*Summary, error) {
	sum := &Summary{Day: day.Format(time.DateOnly), Zone: day.Location().String(), Since: day.UTC(), Until: day.AddDate(0, 0, 1).UTC(), Routes: []RouteSummary{}}
	counts, err := s.store.Decisions().Counts([]time.Time{sum.Since.Truncate(time.Minute), sum.Until.Truncate(time.Minute)}, pause)
	if err != nil {
		return nil, err
	}
	routes, kinds := map[routeMode]*RouteSummary{}, map[dayKind]int{}
	for _, c := range counts[0] {
		if route != "" && c.Route != route {
			continue
		}
		k := routeMode{c.Route, c.Mode}
		r := routes[k]
		if r == nil {
			r = &RouteSummary{Route: c.Route, Mode: c.Mode, Reasons: []ReasonSummary{}}
			routes[k] = r
		}
		sum.Decisions += c.Decisions
		if r.Decisions += c.Decisions; c.Action == filter.Block {
			r.Blocked += c.Decisions
		}
		if c.Action != filter.Forward || c.Reason != filter.Allowed {
			kinds[dayKind{k, c.Action, c.Reason, c.Rule}] += c.Decisions
		}
	}
	for k, n := range kinds {
		examples, err := s.examples(ctx, sum, &k, min(n, summaryExamples), pause)
		if err != nil {
			return nil, err
		}
		r := routes[k.routeMode]
		r.Reasons = append(r.Reasons, ReasonSummary{Action: k.action, Reason: k.reason, Rule: k.rule, Decisions: n, Examples: examples})
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

// examples are the newest n decisions of a kind on the day of sum, or fewer where the log is damaged.
func (s *Server) examples(ctx context.Context, sum *Summary, k *dayKind, n int, pause func()) ([]Example, error) {
	list := make([]Example, 0, n)
	q := decisions.Query{Since: sum.Since, Until: sum.Until, Route: k.route, Mode: k.mode, Action: &k.action, Reason: &k.reason, Rule: k.rule, Pause: pause}
	for e, err := range s.store.Decisions().Entries(q) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("reading the decision log: %w", err)
		}
		if e.Route != k.route || e.Mode != k.mode || e.Rule != k.rule { // one without is asked for as any
			continue
		}
		if list = append(list, example(&e)); len(list) == n {
			break
		}
	}
	return list, nil
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
	sum, err := s.summary(c.r.Context(), day, c.query.Get("route"), c.worker.pause)
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
	sum, err := s.summary(ctx, day, "", nil)
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
				example := ""
				if len(n.Examples) > 0 {
					example = n.Examples[0].ID
				}
				s.log.Info(did, zap.String("day", sum.Day), zap.String("route", r.Route), zap.String("mode", r.Mode),
					zap.Stringer("reason", n.Reason), zap.String("rule", n.Rule), zap.Int("decisions", n.Decisions), zap.Int("of", r.Decisions),
					zap.String("example", example))
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
