package pages

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

var messagesPages = []page{
	{"GET", "/messages", console.Viewer, (*Pages).messages},
	{"GET", "/messages/export", console.Viewer, (*Pages).exportMessages},
	{"GET", "/messages/{id}", console.Viewer, (*Pages).message},
	{"GET", "/passes", console.Viewer, (*Pages).passes},
	{"POST", "/passes/{id}/approve", console.Reviewer, (*Pages).approvePass},
	{"POST", "/passes/{id}/revoke", console.Reviewer, (*Pages).revokePass},
	{"GET", "/messages/pass", console.Reviewer, (*Pages).passFiltered},
	{"POST", "/messages/pass", console.Reviewer, (*Pages).grantFiltered},
	{"POST", "/messages/{id}/pass", console.Reviewer, (*Pages).grantOne},
}

// pageLength is how many decisions a page shows.
const pageLength = 100

// messagesView is what the template messages is given.
type messagesView struct {
	filters
	Problem   *console.Error
	Decisions []console.Decision
	Chips     []chip
	First     []choice // of the form
	FirstText []field
	More      []choice // of the form, under "more"
	MoreText  []field
	MoreOn    bool // one of More is on
	Begin     string
	End       string
	Quick     []quick
	Counts    *console.Stats // nil: what is filtered is not counted
	Older     string         // address of the next page; empty: there is none
	Newest    string         // address of the first page; empty: this is it
}

// A quick is a choice of time by one link.
type quick struct {
	Text, Path string
	On         bool
}

// Full reports whether addresses and texts are shown.
func (m *messagesView) Full() bool { return m.query.Full }

// Tail is where the rows that come are told; empty where this page has no newest row.
func (m *messagesView) Tail() string {
	if m.values.Has("before") || m.values.Has("until") || m.Problem != nil {
		return ""
	}
	return m.path("/messages", "since", "")
}

// Narrowed reports whether a filter is on.
func (m *messagesView) Narrowed() bool { return !m.none() }

// Path is the address of a page with the same filters.
func (m *messagesView) Path(page string, args ...string) string { return m.path(page, args...) }

// messages shows decisions, newest first.
func (p *Pages) messages(v *visit) error {
	if wantsTail(v) {
		return p.tailMessages(v)
	}
	if q, same := tidy(v.r.URL.Query(), v.zone); !same {
		http.Redirect(v.w, v.r, filters{values: q}.path("/messages"), http.StatusSeeOther)
		return nil
	}
	f, err := parseFilters(v.r.URL.Query(), p.now())
	m := messagesView{filters: f}
	status := http.StatusOK
	if err == nil {
		err = m.read(v)
	}
	if e, ok := errors.AsType[*console.Error](err); ok && e.Status == http.StatusBadRequest {
		m.Problem, status = e, e.Status
	} else if err != nil {
		return err
	}
	if err := m.form(v); err != nil {
		return err
	}
	return v.showAs(status, "messages", &m)
}

// read fills in the decisions.
func (m *messagesView) read(v *visit) error {
	q := m.query
	q.Limit = pageLength
	page, err := v.api.Decisions(v.ctx(), q)
	if err != nil {
		return err
	}
	m.Decisions = page.Decisions
	if page.Next != "" {
		m.Older = m.path("/messages", "before", page.Next)
	}
	if m.query.Before != "" {
		m.Newest = m.path("/messages", "before", "")
	}
	return m.count(v)
}

// count fills in how many decisions there are, where the gate has that counted already: in a time that has a
// beginning, of a route or a campaign or all.
func (m *messagesView) count(v *visit) error {
	for _, name := range filterNames {
		if m.values.Has(name) && !slices.Contains([]string{"since", "until", "route", "campaign", "action", "enforced"}, name) {
			return nil
		}
	}
	q := console.StatsQuery{Since: m.query.Since, Until: m.query.Until, Route: m.query.Route, Campaign: m.query.Campaign, Step: "minute"}
	switch span := v.p.now().Sub(q.Since); {
	case q.Since.IsZero() || span > 366*24*time.Hour:
		return nil
	case span > 40*24*time.Hour:
		q.Step = "day"
	case span > 24*time.Hour:
		q.Step = "hour"
	}
	if q.Until.IsZero() {
		q.Until = v.p.now().Add(time.Minute) // with the minute that has begun
	}
	var err error
	if m.Counts, err = v.api.Stats(v.ctx(), q); err != nil {
		m.Counts = nil
		return err
	}
	return nil
}

// form fills in what the filters are chosen with.
func (m *messagesView) form(v *visit) error {
	routes, brands, err := v.api.Routes(v.ctx())
	if err != nil {
		return err
	}
	all := m.choices(v, routes, brands)
	m.First, m.More = all[:3], all[3:]
	m.FirstText = m.fields(v, "campaign", "address")
	m.MoreText = m.fields(v, "topic", "template", "from", "client", "rule", "region")
	m.Begin, m.End = m.local("since", v.zone), m.local("until", v.zone)
	for _, name := range []string{"category", "mode", "outcome", "brand", "topic", "template", "from", "client", "rule", "channel", "region", "until"} {
		m.MoreOn = m.MoreOn || m.values.Has(name)
	}
	m.MoreOn = m.MoreOn || m.Begin != ""
	m.Chips = m.chips(v, "/messages")
	for _, span := range []string{"1h", "24h", "168h", "720h", ""} {
		text := v.t("messages.any-time")
		if span != "" {
			text = v.t("messages.ago." + span)
		}
		on := m.values.Get("since") == span && !m.values.Has("until")
		m.Quick = append(m.Quick, quick{text, m.path("/messages", "since", span, "until", "", "before", ""), on})
	}
	return nil
}

// exportMessages hands over exactly what is filtered, as a file.
func (p *Pages) exportMessages(v *visit) error {
	f, err := parseFilters(v.r.URL.Query(), p.now())
	if err != nil {
		return err
	}
	format := cmp.Or(v.value("format"), "csv")
	contentType, ok := map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}[format]
	if !ok {
		return &console.Error{Status: http.StatusBadRequest, Field: "format", Message: v.t("messages.format")}
	}
	f.query.Before = "" // all of it, whichever page is looked at
	return v.download("decisions", format, contentType, func(w io.Writer) error {
		return v.api.ExportDecisions(v.ctx(), w, format, f.query)
	})
}
