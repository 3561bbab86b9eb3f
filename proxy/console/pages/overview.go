package pages

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

var overviewPages = []page{
	{"GET", "/{$}", console.Viewer, (*Pages).overview},
}

// A span is how far back the overview looks.
type span struct {
	Name   string // in the query
	step   string // of its chart
	days   int
	layout string // of the chart's labels
}

// spans are those that can be chosen; the first is shown where none is.
var spans = []span{{"24h", "hour", 1, "15:04"}, {"7d", "day", 7, "Mon 2"}, {"30d", "day", 30, "2 Jan"}}

// An overview is what was decided lately, beside the same time before it, and what needs somebody.
type overview struct {
	Span     span
	Spans    []span
	Route    string
	Routes   []string
	Now, Was *console.Stats
	Reasons  []reasonShare // of what was held back or changed, the most frequent first
	Chart    *Chart        // nil: there is nothing to draw
	Concerns []concern
	OptOuts  *console.OptOutStats // nil: they were not asked for, or cannot be read
}

// A reasonShare is one reason, now and in the time before.
type reasonShare struct {
	console.ReasonCount
	Was int
}

func (p *Pages) overview(v *visit) error {
	o := overview{Spans: spans, Span: spans[0], Route: v.value("route")}
	if name := v.value("range"); name != "" {
		i := slices.IndexFunc(spans, func(s span) bool { return s.Name == name })
		if i < 0 {
			return &console.Error{Status: http.StatusBadRequest, Field: "range", Message: v.t("overview.bad-range", "Range", name)}
		}
		o.Span = spans[i]
	}
	var err error
	if o.Routes, _, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	if err := o.count(v); err != nil {
		return err
	}
	if o.Concerns, err = concerns(v); err != nil {
		return err
	}
	if err := o.countOptOuts(v); err != nil {
		return err
	}
	return v.show("overview", &o)
}

// Since is where the time shown begins, as a filter says it.
func (o *overview) Since() string { return o.Now.Since.UTC().Format(time.RFC3339) }

// count asks for the decisions of the span and of the one before it.
func (o *overview) count(v *visit) (err error) {
	now := v.p.now()
	q := console.StatsQuery{Since: now.AddDate(0, 0, -o.Span.days), Until: now, Step: o.Span.step, Zone: v.zone.String(), Route: o.Route}
	if o.Now, err = v.api.Stats(v.ctx(), q); err != nil {
		return err
	}
	q.Since, q.Until = o.Now.Since.AddDate(0, 0, -o.Span.days), now.AddDate(0, 0, -o.Span.days)
	if o.Was, err = v.api.Stats(v.ctx(), q); err != nil {
		return err
	}
	for _, r := range o.Now.Reasons {
		if r.Action == filter.Forward {
			continue
		}
		share := reasonShare{ReasonCount: r}
		for _, b := range o.Was.Reasons {
			if b.Action == r.Action && b.Reason == r.Reason && b.Enforced == r.Enforced {
				share.Was = b.Decisions
			}
		}
		o.Reasons = append(o.Reasons, share)
	}
	if o.Now.Total.Decisions > 0 {
		o.Chart, err = o.draw(v)
	}
	return err
}

// mostConsents is about how many events of consents the overview looks at, so that it does not take long however many
// there are. It says from when on where these are not all.
const mostConsents = 10_000

// countOptOuts asks where the consents came from that ended in the span, which is known of all routes together. The
// page tells by itself that the store is out of order, and is needed most then.
func (o *overview) countOptOuts(v *visit) error {
	if o.Route != "" {
		return nil
	}
	found, err := v.api.OptOutStats(v.ctx(), console.OptOutQuery{Since: o.Now.Since, Until: v.p.now(), Most: mostConsents})
	if refused, ok := errors.AsType[*console.Error](err); ok && refused.Status >= http.StatusInternalServerError {
		return nil
	}
	if err == nil && (found.Total() > 0 || !found.Complete) {
		o.OptOuts = found
	}
	return err
}

// draw is the decisions over time. What was not obeyed went out, and has a colour of its own.
func (o *overview) draw(v *visit) (*Chart, error) {
	sent, edited := Series{v.t("action.forward"), Green, nil}, Series{v.t("action.rewrite"), Amber, nil}
	would, blocked := Series{v.t("overview.would-block"), Blue, nil}, Series{v.t("action.block"), Red, nil}
	var labels []string
	for _, b := range o.Now.Buckets {
		labels = append(labels, b.At.In(v.zone).Format(o.Span.layout))
		sent.Values = append(sent.Values, b.Decisions-b.Rewritten-b.Blocked-b.WouldBlock)
		edited.Values = append(edited.Values, b.Rewritten)
		would.Values = append(would.Values, b.WouldBlock)
		blocked.Values = append(blocked.Values, b.Blocked)
	}
	series := []Series{sent, edited, blocked}
	if o.Now.Total.WouldBlock > 0 {
		series = []Series{sent, edited, would, blocked}
	}
	var c Chart
	var err error
	v.p.api.InTurn(func(func()) { c, err = stacked(v.t("overview.chart"), labels, series...) })
	return &c, err
}

// Change is by how much n differs from what it was; a dash where there was nothing to compare with.
func (o *overview) Change(n, was int) string {
	switch {
	case was == 0:
		return "–"
	case n < was:
		return "−" + share(was-n, was)
	}
	return "+" + share(n-was, was)
}
