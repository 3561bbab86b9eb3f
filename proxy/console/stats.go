package console

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// Stats are the decisions of a time, counted.
type Stats struct {
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Step    string    `json:"step"`    // minute, hour or day
	Zone    string    `json:"zone"`    // in which hours and days begin
	Total   Count     `json:"total"`   // all that was asked for
	Buckets []Bucket  `json:"buckets"` // every step, also one without a decision
	// Reasons are what became of all, the most frequent first.
	Reasons []ReasonCount `json:"reasons"`
	// Routes are all routes, and Campaigns those with the most decisions, the largest first.
	Routes    []NamedCount `json:"routes"`
	Campaigns []NamedCount `json:"campaigns"`
	// OtherCampaigns are all campaigns that are not in Campaigns. Where a quarter of an hour has more than 64,
	// the smaller ones may be in here for that time.
	OtherCampaigns Count `json:"other_campaigns"`
	NoCampaign     Count `json:"no_campaign"` // the messages of none
}

// A Count is how many decisions there were, and of them the ones that did not simply let a message go.
type Count struct {
	Decisions    int `json:"decisions"`
	Blocked      int `json:"blocked"`
	Rewritten    int `json:"rewritten"`
	WouldBlock   int `json:"would_block"` // but were not obeyed, as in mode report
	WouldRewrite int `json:"would_rewrite"`
	// Share is how many of 1 were blocked, or would have been; 0 of none.
	Share float64 `json:"share"`
}

// A Bucket is the decisions from At on, until the next bucket or the end.
type Bucket struct {
	At time.Time `json:"at"`
	Count
	Reasons []ReasonCount `json:"reasons"` // the most frequent first
}

// A ReasonCount is decisions of one action and reason.
type ReasonCount struct {
	Action    filter.Action `json:"action"`
	Reason    filter.Reason `json:"reason"`
	Enforced  bool          `json:"enforced"` // whether they were obeyed
	Decisions int           `json:"decisions"`
	Share     float64       `json:"share"` // of all decisions of the bucket, or of the whole time
}

// A NamedCount is the decisions of one route or campaign.
type NamedCount struct {
	Name string `json:"name"`
	Count
}

// add counts n decisions of a kind.
func (c *Count) add(k *decisions.Kind, n int) {
	c.Decisions += n
	switch {
	case k.Action == filter.Block && k.Enforced:
		c.Blocked += n
	case k.Action == filter.Block:
		c.WouldBlock += n
	case k.Action == filter.Rewrite && k.Enforced:
		c.Rewritten += n
	case k.Action == filter.Rewrite:
		c.WouldRewrite += n
	}
	c.Share = share(c.Blocked+c.WouldBlock, c.Decisions)
}

func (c *Count) plus(more Count) {
	c.Decisions, c.Blocked, c.Rewritten = c.Decisions+more.Decisions, c.Blocked+more.Blocked, c.Rewritten+more.Rewritten
	c.WouldBlock, c.WouldRewrite = c.WouldBlock+more.WouldBlock, c.WouldRewrite+more.WouldRewrite
	c.Share = share(c.Blocked+c.WouldBlock, c.Decisions)
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// A reasonKind is what a ReasonCount counts.
type reasonKind struct {
	action   filter.Action
	reason   filter.Reason
	enforced bool
}

type reasonCounts map[reasonKind]int

func (r reasonCounts) list(of int) []ReasonCount {
	list := make([]ReasonCount, 0, len(r))
	for k, n := range r {
		list = append(list, ReasonCount{k.action, k.reason, k.enforced, n, share(n, of)})
	}
	slices.SortFunc(list, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Decisions, a.Decisions), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(strconv.FormatBool(a.Enforced), strconv.FormatBool(b.Enforced)))
	})
	return list
}

// namedCounts are counts by name.
type namedCounts map[string]*Count

func (c namedCounts) add(name string, k *decisions.Kind, n int) {
	if c[name] == nil {
		c[name] = new(Count)
	}
	c[name].add(k, n)
}

// list is the largest, at most so many, and all others together.
func (c namedCounts) list(most int) (list []NamedCount, others Count) {
	list = make([]NamedCount, 0, len(c))
	for name, n := range c {
		list = append(list, NamedCount{name, *n})
	}
	slices.SortFunc(list, func(a, b NamedCount) int {
		return cmp.Or(cmp.Compare(b.Decisions, a.Decisions), strings.Compare(a.Name, b.Name))
	})
	for _, one := range list[min(most, len(list)):] {
		others.plus(one.Count)
	}
	return list[:min(most, len(list))], others
}

// stats counts what q chooses. edges are the moments between the buckets. pause is called now and then.
func (s *Server) stats(q *StatsQuery, edges []time.Time, pause func()) (*Stats, error) {
	buckets, err := s.store.Decisions().Counts(edges, pause)
	if err != nil {
		return nil, fmt.Errorf("counting decisions: %w", err)
	}
	st := &Stats{Since: edges[0].UTC(), Until: edges[len(edges)-1].UTC(), Step: q.Step, Zone: q.Zone, Buckets: make([]Bucket, len(buckets))}
	reasons, routes, campaigns := reasonCounts{}, namedCounts{}, namedCounts{}
	var other Count
	for i, counts := range buckets {
		b, here := &st.Buckets[i], reasonCounts{}
		b.At = edges[i].UTC()
		for j := range counts {
			pause()
			k, n := &counts[j].Kind, counts[j].Decisions
			if q.Route != "" && k.Route != q.Route || q.Campaign != "" && k.Campaign != q.Campaign {
				continue
			}
			kind := reasonKind{k.Action, k.Reason, k.Enforced}
			here[kind] += n
			reasons[kind] += n
			b.add(k, n)
			st.Total.add(k, n)
			routes.add(k.Route, k, n)
			switch {
			case k.Other:
				other.add(k, n)
			case k.Campaign == "":
				st.NoCampaign.add(k, n)
			default:
				campaigns.add(k.Campaign, k, n)
			}
		}
		b.Reasons = here.list(b.Decisions)
	}
	st.Reasons = reasons.list(st.Total.Decisions)
	st.Routes, _ = routes.list(len(routes))
	st.Campaigns, st.OtherCampaigns = campaigns.list(q.Top)
	st.OtherCampaigns.plus(other)
	return st, nil
}

// getStats answers the decisions of a time, counted.
func (s *Server) getStats(c *call) error {
	q, zone, err := s.statsQuery(c)
	if err != nil {
		return err
	}
	edges, err := q.edges(zone)
	if err != nil {
		return err
	}
	st, err := s.stats(&q, edges, c.worker.pause)
	if err != nil {
		return err
	}
	return answer(c.w, http.StatusOK, st)
}
