//go:build unix

package pages

import (
	"net/url"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// A question is about the decisions of a busyLog that fit it.
type question struct {
	name  string
	query string             // of a page
	stats console.StatsQuery // of the admin API, where they are counted
	fits  func(e *decisions.Entry) bool
	n     int // how many fit
}

// listing are questions that the page of messages and the admin API answer with a list, both at most pageLength long.
func listing(now time.Time) []*question {
	middle := ulid.New(now.Add(-logDays * 12 * time.Hour))
	to := func(e *decisions.Entry, address string) bool { return e.To.Address == address }
	return []*question{
		{name: "newest", fits: func(*decisions.Entry) bool { return true }},
		{name: "next-page", query: "before=" + middle, fits: func(e *decisions.Entry) bool { return e.ID < middle }},
		{name: "blocked", query: "action=block", fits: blocked},
		{name: "blocked-next-page", query: "action=block&before=" + middle, fits: func(e *decisions.Entry) bool { return blocked(e) && e.ID < middle }},
		{name: "reason-route-sender", query: "reason=no-consent&route=twilio&from=%2B15559990007",
			fits: func(e *decisions.Entry) bool {
				return e.Reason == filter.NoConsent && e.Route == "twilio" && e.From == "+15559990007"
			}},
		{name: "would-have-been-blocked", query: "action=block&mode=report&enforced=false",
			fits: func(e *decisions.Entry) bool { return blocked(e) && e.Mode == "report" && !e.Enforced }},
		{name: "topic-category-rule", query: "topic=orders&category=utility&rule=footer&action=rewrite",
			fits: func(e *decisions.Entry) bool {
				return e.Topic == "orders" && e.Category == filter.Utility && e.Rule == "footer" && e.Action == filter.Rewrite
			}},
		{name: "old-campaign", query: "campaign=broadcast-3&reason=opted-out&from=%2B15559990003",
			fits: func(e *decisions.Entry) bool {
				return e.Campaign == "broadcast-3" && e.Reason == filter.HasOptedOut && e.From == "+15559990003"
			}},
		{name: "campaign-of-the-month", query: "since=720h&campaign=broadcast-200", fits: ofCampaign},
		{name: "day-of-a-route", query: "since=24h&route=whatsapp",
			fits: func(e *decisions.Entry) bool { return e.Route == "whatsapp" && !e.Time.Before(now.Add(-24*time.Hour)) }},
		{name: "rare-template", query: "template=long_gone", fits: func(e *decisions.Entry) bool { return e.Template == "long_gone" }},
		{name: "rare-topic-and-rule", query: "topic=retired&rule=odd&route=whatsapp",
			fits: func(e *decisions.Entry) bool { return e.Topic == "retired" && e.Rule == "odd" && e.Route == "whatsapp" }},
		{name: "absent-campaign", query: "campaign=autumn&action=block", fits: func(e *decisions.Entry) bool { return e.Campaign == "autumn" }},
		{name: "absent-together", query: "route=vonage&template=order_shipped",
			fits: func(e *decisions.Entry) bool { return e.Route == "vonage" && e.Template == "order_shipped" }},
		{name: "absent-together-of-four", query: "reason=no-consent&category=utility&topic=orders&route=whatsapp",
			fits: func(e *decisions.Entry) bool {
				return e.Reason == filter.NoConsent && e.Category == filter.Utility && e.Topic == "orders" && e.Route == "whatsapp"
			}},
		{name: "recipient", query: "address=%2B14155550177", fits: func(e *decisions.Entry) bool { return to(e, seldom) }},
		{name: "recipient-and-reason", query: "address=%2B14155550177&reason=no-consent",
			fits: func(e *decisions.Entry) bool { return to(e, seldom) && e.Reason == filter.NoConsent }},
		{name: "absent-recipient", query: "address=%2B14155550199", fits: func(e *decisions.Entry) bool { return to(e, "+14155550199") }},
		{name: "recipient-everywhere", query: "address=%2B14155550100", fits: func(e *decisions.Entry) bool { return to(e, monitored) }},
		{name: "recipient-everywhere-never-blocked", query: "address=%2B14155550100&action=block",
			fits: func(e *decisions.Entry) bool { return to(e, monitored) && blocked(e) }},
	}
}

func blocked(e *decisions.Entry) bool    { return e.Action == filter.Block }
func ofCampaign(e *decisions.Entry) bool { return e.Campaign == "broadcast-200" }

// between chooses what was decided from one moment on, until before another.
func between(from, to time.Time) func(e *decisions.Entry) bool {
	return func(e *decisions.Entry) bool { return !e.Time.Before(from) && e.Time.Before(to) }
}

// counting are questions that the admin API answers with counts.
func counting(now time.Time) []*question {
	month, day, dayBefore := now.AddDate(0, 0, -logDays), now.AddDate(0, 0, -1), now.AddDate(0, 0, -2)
	return []*question{
		{name: "month-by-hour", stats: console.StatsQuery{Since: month}, fits: between(month, now)},
		{name: "month-by-day-in-India", stats: console.StatsQuery{Since: month, Step: "day", Zone: "Asia/Kolkata"}, fits: between(month, now)},
		{name: "day-by-hour", fits: between(day, now)},
		{name: "day-before-by-hour", stats: console.StatsQuery{Since: dayBefore, Until: day.Add(7 * time.Minute)}, fits: between(dayBefore, day.Add(7*time.Minute))},
		{name: "day-by-minute", stats: console.StatsQuery{Step: "minute"}, fits: between(day, now)},
		{name: "month-of-a-campaign", stats: console.StatsQuery{Since: month, Campaign: "broadcast-200", Step: "day"}, fits: ofCampaign},
	}
}

// overviews are what the overview tells of each time that it can look back.
func overviews(now time.Time) (all []*question) {
	for _, s := range spans {
		from := now.AddDate(0, 0, -s.days)
		if s.step == "day" {
			from = from.Truncate(24 * time.Hour)
		}
		all = append(all, &question{name: s.Name, query: "range=" + s.Name, fits: between(from, now)})
	}
	return all
}

// list asks the admin API for a list.
func (q *question) list(b *testing.B, api *console.Client, now time.Time) {
	values, err := url.ParseQuery(q.query)
	if err != nil {
		b.Fatal(err)
	}
	asked, err := console.ParseDecisionQuery(values, now)
	if err != nil {
		b.Fatal(err)
	}
	asked.Limit = pageLength
	page, err := api.Decisions(b.Context(), asked)
	if err != nil || len(page.Decisions) != min(q.n, pageLength) || (page.Next != "") != (q.n > pageLength) {
		b.Fatalf("%d decisions, more: %t, %v; there are %d", len(page.Decisions), page.Next != "", err, q.n)
	}
}

// count asks the admin API for counts.
func (q *question) count(b *testing.B, api *console.Client) {
	st, err := api.Stats(b.Context(), q.stats)
	if err != nil || st.Total.Decisions != q.n {
		b.Fatalf("%+v, %v; there are %d", st, err, q.n)
	}
}
