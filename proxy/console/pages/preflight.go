package pages

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
)

var preflightPages = []page{
	{"GET", "/preflight", console.Viewer, (*Pages).preflightForm},
	{"POST", "/preflight", console.Viewer, (*Pages).preflight},
	{"GET", "/preflight/{id}", console.Viewer, (*Pages).forecast},
	{"GET", "/preflight/{id}/lines", console.Viewer, (*Pages).preflightLines},
}

// A preflightView is the page on which a list is handed in.
type preflightView struct {
	Form       url.Values
	Problem    *console.Error
	Routes     []string
	Channels   []filter.Channel
	Categories []filter.Category
	Runs       []runView
}

func (p *Pages) preflightForm(v *visit) error { return v.showPreflight(v.r.URL.Query(), nil) }

// showPreflight shows the form, and the visitor's own last lists.
func (v *visit) showPreflight(form url.Values, err error) error {
	view := preflightView{Form: form, Channels: input.Channels(), Runs: runViews(v.p.lists.list(v.by.Name))}
	for c := range filter.Category(filter.Categories) {
		view.Categories = append(view.Categories, c)
	}
	status := http.StatusOK
	if err != nil {
		view.Problem = v.problem(err)
		status = view.Problem.Status
	}
	if view.Routes, _, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	return v.showAs(status, "preflight", view)
}

// preflightOptions is what the fields of a form ask for.
func (v *visit) preflightOptions(f url.Values) (opt console.PreflightOptions, err error) {
	opt = console.PreflightOptions{Route: f.Get("route"), Channel: filter.Channel(f.Get("channel")), Region: f.Get("region"), Topic: f.Get("topic"),
		Campaign: f.Get("campaign"), From: f.Get("from"), Service: f.Get("service"), Template: f.Get("template"), Text: f.Get("text")}
	if text := f.Get("category"); text != "" {
		opt.Category = new(filter.Category)
		err = opt.Category.UnmarshalText([]byte(text))
	}
	field := "category"
	if text := f.Get("at"); text != "" && err == nil {
		field, err = "at", v.moment(&opt.At)(text)
	}
	if text := f.Get("price"); text != "" && err == nil {
		field = "price"
		opt.Price, err = strconv.ParseFloat(text, 64)
	}
	if err != nil {
		return opt, &console.Error{Status: http.StatusBadRequest, Field: field, Message: err.Error()}
	}
	return opt, nil
}

// preflight takes a list and has it judged, which sends and records nothing.
func (p *Pages) preflight(v *visit) (err error) {
	defer v.drain(&err)
	u, err := v.upload()
	if err != nil {
		if u == nil {
			return err
		}
		return v.showPreflight(u.fields, err)
	}
	opt, err := v.preflightOptions(u.fields)
	if err != nil {
		return v.showPreflight(u.fields, err)
	}
	file, through, ended, err := keep(u.file)
	if err != nil {
		return err
	}
	r := &run{by: v.by.Name, name: u.name, began: p.now(), fields: u.fields, file: file}
	done := p.startPreflight(v, r, opt, through)
	select {
	case <-ended: // from here on nothing needs the request any more
		await(done)
	case <-done:
	}
	if s := r.now(); !s.Running && s.refused != nil {
		p.lists.forget(r)
		return v.showPreflight(u.fields, s.refused)
	}
	http.Redirect(v.w, v.r, "/preflight/"+r.id, http.StatusSeeOther)
	return nil
}

// startPreflight judges a list, which goes on without v. done is closed at its end.
func (p *Pages) startPreflight(v *visit, r *run, opt console.PreflightOptions, file io.Reader) (done <-chan struct{}) {
	p.lists.begin(r)
	api, ctx, end := v.api, context.WithoutCancel(v.ctx()), make(chan struct{})
	go func() {
		defer close(end)
		sum, err := api.Preflight(ctx, file, opt, r.judged)
		e, isRefusal := errors.AsType[*console.Error](err)
		if isRefusal {
			e, _ = v.orBusy(e, "preflight.busy")
			err = e
		}
		r.set(func(s *runState) { s.Sum, s.refused = sum, e })
		r.end(p.now(), err, err == nil)
		if !r.turnedAway() {
			p.lists.trim()
		}
	}()
	return end
}

// list is the run that the address names, of the visitor or, for admins, of anybody.
func (v *visit) list() (*run, error) {
	r := v.p.lists.find(v.r.PathValue("id"))
	if r == nil || r.by != v.by.Name && v.by.Role < console.Admin {
		return nil, errNoRun(v)
	}
	return r, nil
}

// A forecastView is what would become of a list.
type forecastView struct {
	runView
	Wait *Chart // of who would get it later; nil: nobody
}

// forecast shows what would become of a list.
func (p *Pages) forecast(v *visit) error {
	r, err := v.list()
	if err != nil {
		return err
	}
	view := forecastView{runView: r.view()}
	v.refreshWhile(view.Running)
	if view.Sum != nil {
		if err := view.draw(v); err != nil {
			return err
		}
	}
	return v.show("forecast", view)
}

// Total is how many rows were judged.
func (f forecastView) Total() int { return f.Sum.Forward + f.Sum.Rewrite + f.Sum.Block }

// shownWaits is how many moments the chart of who would wait has.
const shownWaits = 48

// draw makes the chart of who would get it later.
func (f *forecastView) draw(v *visit) error {
	waits := f.Sum.Waiting[:min(len(f.Sum.Waiting), shownWaits)]
	if len(waits) == 0 {
		return nil
	}
	var labels []string
	later := Series{Name: v.t("forecast.later"), Colour: Blue}
	for _, w := range waits {
		labels = append(labels, w.Until.In(v.zone).Format("Mon 15:04"))
		later.Values = append(later.Values, w.Rows)
	}
	chart, err := stacked(v.t("forecast.waiting"), labels, later)
	f.Wait = &chart
	return err
}

// preflightLines judges the list once more, and hands out what becomes of each line while it is judged.
func (p *Pages) preflightLines(v *visit) error {
	r, err := v.list()
	if err != nil {
		return err
	}
	_, fields := r.asked()
	opt, err := v.preflightOptions(fields)
	if err != nil {
		return err
	}
	if s := r.now(); s.Running || !s.HasFile {
		return &console.Error{Status: http.StatusConflict, Message: v.t("upload.gone")}
	}
	opt.Rows, opt.Full = true, v.value("full") == "true"
	return v.download("preflight", "csv", "text/csv; charset=utf-8", func(w io.Writer) error {
		rows := csv.NewWriter(w)
		header := []string{"line", "to", "action", "reason", "rule", "until", "column", "problem"}
		_, err := v.api.Preflight(v.ctx(), r.file.again(), opt, func(l console.PreflightLine) error {
			if l.Row == nil {
				return nil
			}
			if header != nil {
				_ = rows.Write(header) // its error stays
				header = nil
			}
			until := ""
			if !l.Row.Until.IsZero() {
				until = l.Row.Until.UTC().Format(time.RFC3339)
			}
			return rows.Write([]string{strconv.Itoa(l.Row.Line), list.Cell(l.Row.To), l.Row.Action, l.Row.Reason, l.Row.Rule, until,
				list.Cell(l.Row.Column), list.Cell(l.Row.Problem)})
		})
		if e, ok := errors.AsType[*console.Error](err); ok {
			e, _ = v.orBusy(e, "preflight.busy")
			return e
		}
		if rows.Flush(); err == nil {
			err = rows.Error()
		}
		return err
	})
}
