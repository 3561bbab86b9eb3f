package configs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// reviewEvery is how long a row of data about the law counts as reviewed.
const reviewEvery = 365 * 24 * time.Hour

// Overdue lists the rows of data about the law that some route goes by and that nobody compared with
// their source for a year, one line each. Rows that say nothing of a review are not among them.
func (c *Config) Overdue(now time.Time) []string {
	var list overdue = overdue{now: now, seen: map[string]bool{}}
	routes := c.Proxy.Routes
	if len(routes) == 0 {
		list.expiry("consent-expiry.yaml", c.Proxy.Expiry)
	}
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		policy := routes[name].Policy
		key := join("proxy.routes", name) + ".policy"
		if policy.Expiry == nil {
			list.expiry("consent-expiry.yaml", c.Proxy.Expiry)
		}
		list.expiry(key+".expiry", policy.Expiry)
		if preset := policy.QuietHours.Preset; preset != "" && c.Proxy.Hours != nil {
			list.hours("quiet-hours.yaml: "+preset, c.Proxy.Hours.Presets[preset])
		}
		list.hours(key+".quiet_hours.rows", policy.QuietHours.Rows)
		if c.Proxy.Hours != nil && (policy.QuietHours.Preset != "" || policy.QuietHours.Rows != nil) {
			list.places(c.Proxy.Hours)
		}
		if preset := policy.Caps.Preset; preset != "" && c.Proxy.Caps != nil {
			list.caps("caps.yaml: "+preset, c.Proxy.Caps.Presets[preset])
		}
		list.caps(key+".caps.rows", policy.Caps.Rows)
		if preset := policy.Footer.Preset; preset != "" {
			list.lines("opt-out-lines.yaml: "+preset, c.Proxy.OptOutLines[preset])
		}
		list.lines(key+".footer.rows", policy.Footer.Rows)
		if routes[name].Webhook != nil {
			list.keywords(keywordTable())
		}
		if answers := c.Brands[routes[name].Brand].Answers; answers != nil {
			list.answers("answers.yaml", c.Proxy.Answers)
			list.answers(join("brands", routes[name].Brand)+".answers.texts", answers.Texts)
		}
	}
	if c.Proxy.Breaker != nil {
		for _, row := range c.Proxy.Refusals {
			if _, replaced := c.Proxy.Breaker.Codes[row.Provider]; !replaced {
				list.row("refusal-codes.yaml", fmt.Sprintf("%s %d", row.Provider, row.Code), row.Source, row.Reviewed)
			}
		}
	}
	return list.found
}

type overdue struct {
	now   time.Time
	seen  map[string]bool
	found []string
}

func (o *overdue) expiry(table string, rows []filter.Expiry) {
	for i := range rows {
		o.row(table, rows[i].Country, rows[i].Source, rows[i].Reviewed)
	}
}

func (o *overdue) hours(table string, rows []filter.Hours) {
	for i := range rows {
		o.row(table, rows[i].Place, rows[i].Source, rows[i].Reviewed)
	}
}

func (o *overdue) lines(table string, rows []filter.OptOutLine) {
	for i := range rows {
		o.row(table, rows[i].Language, rows[i].Source, rows[i].Reviewed)
	}
}

func (o *overdue) answers(table string, rows []filter.AnswerTexts) {
	for i := range rows {
		o.row(table, rows[i].Language, rows[i].Source, rows[i].Reviewed)
	}
}

func (o *overdue) keywords(table filter.KeywordTable) {
	for i := range table.Rows {
		row := &table.Rows[i]
		o.row("keywords.yaml", row.Language, row.Source, row.Reviewed)
	}
	for i := range table.Providers {
		row := &table.Providers[i]
		o.row("keywords.yaml: providers", row.Provider, row.Source, row.Reviewed)
	}
}

func (o *overdue) places(tables *filter.HourTables) {
	for _, p := range tables.Places {
		o.row("quiet-hours.yaml: places", p.Place, p.Source, p.Reviewed)
	}
	for _, p := range tables.Postcodes {
		o.row("quiet-hours.yaml: postcodes", p.Place, p.Source, p.Reviewed)
	}
}

func (o *overdue) caps(table string, rows []filter.Cap) {
	for i := range rows {
		o.row(table, cmp.Or(rows[i].Place, "*"), rows[i].Source, rows[i].Reviewed)
	}
}

func (o *overdue) row(table, place, source, reviewed string) {
	at, err := time.Parse(time.DateOnly, reviewed)
	line := fmt.Sprintf("%s: the row of %s was last reviewed on %s: compare it with %s", table, place, reviewed, source)
	if err == nil && o.now.Sub(at) > reviewEvery && !o.seen[line] {
		o.seen[line] = true
		o.found = append(o.found, line)
	}
}
