package pages

import (
	"net/http"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store/errands"
)

var webhookPages = []page{
	{"GET", "/webhooks", console.Viewer, (*Pages).webhooks},
	{"POST", "/webhooks/retry", console.Reviewer, (*Pages).retryAll},
	{"POST", "/webhooks/{id}/retry", console.Reviewer, (*Pages).retryOne},
	{"POST", "/webhooks/{id}/drop", console.Admin, (*Pages).drop},
	{"POST", "/webhooks/told", console.Reviewer, (*Pages).tellNow},
}

// An errandList is what the page of webhooks shows: what the gate still has to do, or gave up, other than reviews,
// and how far the webhook is by which it tells changes.
type errandList struct {
	errandFilter
	Told    notify.Status
	Errands []console.Errand
	Routes  []string
	Kinds   []errands.Kind
	States  []errands.State
	More    string // where it goes on
	Problem *console.Error
}

// An errandFilter is which errands are shown.
type errandFilter struct {
	State, Kind, Route string // State: empty for what was given up, all for any
	Full               bool
}

// path is where f is shown, with one more parameter.
func (f *errandFilter) path(name, value string) string {
	return place("/webhooks", "state", f.State, "kind", f.Kind, "route", f.Route, "full", flag(f.Full), name, value)
}

// Shown is where f is shown with addresses in full.
func (f *errandFilter) Shown() string {
	shown := *f
	shown.Full = true
	return shown.path("", "")
}

// handedOn are the kinds that the page shows.
var handedOn = []errands.Kind{errands.Relay, errands.Answer, errands.Scheduled, errands.Cancel, errands.Dialogue}

// filter is what the address or the form says of f.
func (v *visit) filter() errandFilter {
	return errandFilter{State: v.value("state"), Kind: v.value("kind"), Route: v.value("route"), Full: v.value("full") == "true"}
}

// query is f as the API is asked.
func (f *errandFilter) query() (console.ErrandQuery, error) {
	q := console.ErrandQuery{Kinds: handedOn, States: []errands.State{errands.Dead}, Route: f.Route, Full: f.Full}
	if f.Kind != "" {
		q.Kinds = make([]errands.Kind, 1)
		if err := q.Kinds[0].UnmarshalText([]byte(f.Kind)); err != nil {
			return q, &console.Error{Status: http.StatusBadRequest, Field: "kind", Message: err.Error()}
		}
	}
	switch f.State {
	case "":
	case "all":
		q.States = nil
	default:
		if err := q.States[0].UnmarshalText([]byte(f.State)); err != nil {
			return q, &console.Error{Status: http.StatusBadRequest, Field: "state", Message: err.Error()}
		}
	}
	return q, nil
}

func (p *Pages) webhooks(v *visit) error { return v.errandList(http.StatusOK, nil) }

// errandList shows what the filter chooses, below a problem where there is one.
func (v *visit) errandList(status int, problem *console.Error) error {
	l := errandList{errandFilter: v.filter(), Kinds: handedOn, States: []errands.State{errands.Waiting, errands.Begun}, Problem: problem}
	q, err := l.query()
	if err != nil {
		return err
	}
	q.After = v.value("after")
	page, err := v.api.Errands(v.ctx(), q)
	if err != nil {
		return err
	}
	if l.Errands = page.Errands; page.Next != "" {
		l.More = l.path("after", page.Next)
	}
	if l.Told, err = v.api.Webhook(v.ctx()); err != nil {
		return err
	}
	if l.Routes, _, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	return v.showAs(status, "webhooks", &l)
}

// acted answers a form about errands that did what it should, where err is nil, under a key of the catalogue.
func (v *visit) acted(err error, key string) error {
	f := v.filter()
	switch e := refused(err); {
	case gone(err):
		return v.done(f.path("", ""), "webhooks-gone")
	case e != nil:
		return v.errandList(e.Status, e)
	case err != nil:
		return err
	}
	return v.done(f.path("", ""), key)
}

func (p *Pages) retryOne(v *visit) error {
	return v.acted(v.api.RetryErrand(v.ctx(), v.r.PathValue("id")), "webhooks-retried")
}

func (p *Pages) retryAll(v *visit) error {
	n, err := v.api.RetryErrands(v.ctx(), v.value("route"))
	if n == 0 {
		return v.acted(err, "webhooks-none")
	}
	return v.acted(err, "webhooks-all")
}

func (p *Pages) drop(v *visit) error {
	return v.acted(v.api.DropErrand(v.ctx(), v.r.PathValue("id")), "webhooks-dropped")
}

// tellNow has the webhook try at once what waits.
func (p *Pages) tellNow(v *visit) error {
	told, err := v.api.RetryWebhook(v.ctx())
	switch {
	case refused(err) != nil:
		return v.errandList(refused(err).Status, refused(err))
	case err != nil:
		return err
	case told.Failures > 0:
		return v.done("/webhooks", "webhooks-told-not")
	}
	return v.done("/webhooks", "webhooks-told")
}
