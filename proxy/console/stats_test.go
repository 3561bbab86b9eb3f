package console

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// mixed writes n decisions of many kinds, over three days from noon on, and returns them.
func (b *bench) mixed(n int) (all []decisions.Entry) {
	random := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		at := noon.Add(time.Duration(i) * 72 * time.Hour / time.Duration(n))
		e := decisions.Entry{ID: ulid.New(at), Time: at, Route: []string{"twilio", "whatsapp"}[random.IntN(2)], Mode: "enforce", Enforced: true, To: carol,
			Action: filter.Forward, Reason: filter.Allowed, Outcome: "answered", Campaign: []string{"", "spring", "summer", "autumn"}[random.IntN(4)]}
		switch random.IntN(5) {
		case 0:
			e.Action, e.Reason, e.Rule = filter.Block, filter.NoConsent, "consent"
		case 1:
			e.Action, e.Reason, e.Rule = filter.Rewrite, filter.Content, "footer"
		}
		if e.Route == "whatsapp" && i < n/2 {
			e.Mode, e.Enforced = "report", false
		}
		b.store.Decisions().Add(e)
		all = append(all, e)
	}
	return all
}

// counted is what a count of some entries must be.
func counted(all []decisions.Entry, of func(e *decisions.Entry) bool) (c Count) {
	for i := range all {
		e := &all[i]
		if !of(e) {
			continue
		}
		c.Decisions++
		switch {
		case e.Action == filter.Block && e.Enforced:
			c.Blocked++
		case e.Action == filter.Block:
			c.WouldBlock++
		case e.Action == filter.Rewrite && e.Enforced:
			c.Rewritten++
		case e.Action == filter.Rewrite:
			c.WouldRewrite++
		}
	}
	if c.Decisions > 0 {
		c.Share = float64(c.Blocked+c.WouldBlock) / float64(c.Decisions)
	}
	return c
}

func TestStatsAreTheLogCounted(t *testing.T) {
	b := newBench(t)
	all := b.mixed(3000)
	b.at(noon.Add(72 * time.Hour))
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]StatsQuery{
		"the last day by the hour":     {},
		"all by the day":               {Since: noon, Step: "day"},
		"days of New York":             {Since: noon, Step: "day", Zone: "America/New_York"},
		"hours in India":               {Since: noon.Add(time.Hour), Zone: "Asia/Kolkata"},
		"a stretch by the minute":      {Since: noon.Add(30 * time.Hour), Until: noon.Add(31*time.Hour + 90*time.Second), Step: "minute"},
		"the same time the day before": {Since: noon.Add(24 * time.Hour), Until: noon.Add(47*time.Hour + 7*time.Minute)},
		"a route":                      {Since: noon, Route: "whatsapp"},
		"a campaign of a route":        {Since: noon, Route: "twilio", Campaign: "summer"},
		"one campaign told apart":      {Since: noon, Top: 1},
	} {
		t.Run(name, func(t *testing.T) {
			st, err := b.client(Viewer).Stats(t.Context(), q)
			if err != nil || len(st.Buckets) == 0 {
				t.Fatalf("got %+v, %v", st, err)
			}
			chosen := func(e *decisions.Entry) bool {
				return (q.Route == "" || e.Route == q.Route) && (q.Campaign == "" || e.Campaign == q.Campaign)
			}
			within := func(e *decisions.Entry, since, until time.Time) bool {
				return chosen(e) && !e.Time.Before(since) && e.Time.Before(until)
			}
			for i, bucket := range st.Buckets {
				until := st.Until
				if i+1 < len(st.Buckets) {
					until = st.Buckets[i+1].At
				}
				if want := counted(all, func(e *decisions.Entry) bool { return within(e, bucket.At, until) }); bucket.Count != want {
					t.Errorf("from %s to %s: got %+v, want %+v", bucket.At, until, bucket.Count, want)
				}
				sum := 0
				for _, r := range bucket.Reasons {
					sum += r.Decisions
				}
				if sum != bucket.Decisions {
					t.Errorf("from %s on %d decisions have a reason, of %d", bucket.At, sum, bucket.Decisions)
				}
			}
			of := func(also func(e *decisions.Entry) bool) Count {
				return counted(all, func(e *decisions.Entry) bool { return within(e, st.Since, st.Until) && also(e) })
			}
			if want := of(func(*decisions.Entry) bool { return true }); st.Total != want {
				t.Errorf("in all: got %+v, want %+v", st.Total, want)
			}
			for _, r := range st.Routes {
				if want := of(func(e *decisions.Entry) bool { return e.Route == r.Name }); r.Count != want {
					t.Errorf("route %s: got %+v, want %+v", r.Name, r.Count, want)
				}
			}
			named := map[string]bool{"": true}
			for _, c := range st.Campaigns {
				named[c.Name] = true
				if want := of(func(e *decisions.Entry) bool { return e.Campaign == c.Name }); c.Count != want {
					t.Errorf("campaign %s: got %+v, want %+v", c.Name, c.Count, want)
				}
			}
			if want := of(func(e *decisions.Entry) bool { return !named[e.Campaign] }); st.OtherCampaigns != want {
				t.Errorf("other campaigns: got %+v, want %+v", st.OtherCampaigns, want)
			}
			if want := of(func(e *decisions.Entry) bool { return e.Campaign == "" }); st.NoCampaign != want {
				t.Errorf("no campaign: got %+v, want %+v", st.NoCampaign, want)
			}
			if q.Zone == "America/New_York" && !st.Buckets[1].At.Equal(time.Date(2026, 3, 11, 0, 0, 0, 0, newYork)) {
				t.Errorf("the second day begins at %s", st.Buckets[1].At)
			}
		})
	}
}

// A time without a decision is drawn as well.
func TestStatsOfNothing(t *testing.T) {
	b := newBench(t)
	st, err := b.client(Viewer).Stats(t.Context(), StatsQuery{Since: noon.Add(-2 * time.Hour), Until: noon})
	if err != nil || len(st.Buckets) != 2 || st.Total != (Count{}) || st.Reasons == nil || st.Routes == nil || st.Campaigns == nil || st.Buckets[0].Reasons == nil {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestStatsSayWhatWasWouldBe(t *testing.T) {
	b := newBench(t)
	b.log(4, func(i int, e *decisions.Entry) {
		if i > 0 {
			e.Mode, e.Enforced = "report", false
		}
	})
	st, err := b.client(Viewer).Stats(t.Context(), StatsQuery{Since: noon, Until: noon.Add(time.Minute)})
	want := []ReasonCount{{filter.Block, filter.HasOptedOut, false, 3, 0.75}, {filter.Block, filter.HasOptedOut, true, 1, 0.25}}
	if err != nil || !reflect.DeepEqual(st.Reasons, want) || st.Total != (Count{Decisions: 4, Blocked: 1, WouldBlock: 3, Share: 1}) {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestStatsRefusals(t *testing.T) {
	b := newBench(t)
	for query, want := range map[string][2]string{
		"step=week":                         {"step", `"week": want minute, hour or day`},
		"step=minute&since=26h":             {"step", "more than 1500: want a longer step, or a later since"},
		"zone=Berlin":                       {"zone", `unknown time zone "Berlin": want a name such as America/Chicago`},
		"top=61":                            {"top", `"61": want a number from 0 to 60`},
		"since=2026-03-10&until=2026-03-09": {"until", "want a moment after since"},
		"since=lately":                      {"since", `"lately" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z), or a duration before now (24h)`},
	} {
		t.Run(query, func(t *testing.T) {
			if status, body, _ := b.ask(Viewer, "GET", "/api/v1/stats?"+query, "", ""); status != 400 || body != errorJSON(t, want[0], want[1]) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
	status, body, _ := b.ask(Viewer, "GET", "/api/v1/stats?top=0", "", "")
	var st Stats
	if err := json.Unmarshal([]byte(body), &st); err != nil || status != 200 || len(st.Campaigns) != 0 {
		t.Error(fmt.Sprint(status, body, err))
	}
}
