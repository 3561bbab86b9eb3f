package pages

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
)

var importPages = []page{
	{"GET", "/imports", console.Reviewer, (*Pages).importForm},
	{"POST", "/imports", console.Reviewer, (*Pages).checkImport},
	{"GET", "/imports/{id}", console.Reviewer, (*Pages).importReport},
	{"GET", "/imports/{id}/problems", console.Reviewer, (*Pages).importProblems},
	{"POST", "/imports/{id}/apply", console.Reviewer, (*Pages).applyImport},
}

// An importView is the page on which an import begins.
type importView struct {
	Form     url.Values
	Problem  *console.Error
	Presets  []string
	Brands   []string
	Channels []filter.Channel
	Runs     []runView
}

// A runView is a run as pages show it.
type runView struct {
	runState
	ID, By, Name string
	Began        time.Time
	Fields       url.Values
	Size         int64
}

func (r *run) view() runView {
	view := runView{runState: r.now(), ID: r.id, By: r.by, Began: r.began}
	view.Name, view.Fields = r.asked()
	if !view.Running && r.file != nil {
		view.Size = r.file.size
	}
	return view
}

func runViews(all []*run) (out []runView) {
	for _, r := range all {
		out = append(out, r.view())
	}
	return out
}

func (p *Pages) importForm(v *visit) error {
	return v.showImports(url.Values{"preset": {"default"}}, nil)
}

// showImports shows the form and the last imports, of everybody: who may import may know.
func (v *visit) showImports(form url.Values, err error) error {
	view := importView{Form: form, Presets: list.Presets(), Channels: input.Channels(), Runs: runViews(v.p.imports.list(""))}
	status := http.StatusOK
	if err != nil {
		view.Problem = v.problem(err)
		status = view.Problem.Status
	}
	if _, view.Brands, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	return v.showAs(status, "imports", view)
}

// importOptions is what the fields of a form ask for.
func importOptions(f url.Values, by string) console.ImportOptions {
	opt := console.ImportOptions{Brand: f.Get("brand"), Channel: filter.Channel(f.Get("channel")), Region: f.Get("region"), Source: f.Get("source"),
		AllowResubscribe: f.Get("again") == "true", Preset: f.Get("preset"), Mapping: f.Get("mapping"), Scope: f.Get("scope"),
		Tags: lines(f.Get("tags")), Set: lines(f.Get("set"))}
	if opt.Scope == "topic" {
		opt.Scope = "topic:" + f.Get("topic")
	}
	if opt.Source == "" {
		opt.Source = "console: " + by
	}
	return opt
}

// lines are those of text that are not empty.
func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// runPatience is how long a form with a small file waits for what comes of it, before it shows how far that is.
const runPatience = time.Second

// checkImport takes a file and tells what an import of it would do. Nothing is recorded.
func (p *Pages) checkImport(v *visit) (err error) {
	defer v.drain(&err)
	u, err := v.upload()
	if err != nil {
		if u == nil {
			return err
		}
		return v.showImports(u.fields, err)
	}
	file, through, ended, err := keep(u.file)
	if err != nil {
		return err
	}
	opt := importOptions(u.fields, v.by.Name)
	opt.DryRun = true
	r := &run{by: v.by.Name, name: u.name, began: p.now(), fields: u.fields, file: file}
	done := p.startImport(v, r, opt, through)
	select {
	case <-ended: // from here on nothing needs the request any more
		await(done)
	case <-done:
	}
	return v.toRun(r)
}

// await waits for what may take long, for a moment.
func await(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(runPatience):
	}
}

// toRun leads to the report of an import, or back to the form where the file was not even understood.
func (v *visit) toRun(r *run) error {
	if s := r.now(); !s.Running && s.refused != nil {
		v.p.imports.forget(r)
		_, fields := r.asked()
		return v.showImports(fields, s.refused)
	}
	http.Redirect(v.w, v.r, "/imports/"+r.id, http.StatusSeeOther)
	return nil
}

// orBusy is e, or in the page's words that there are too many of something at a time.
func (v *visit) orBusy(e *console.Error, key string) (_ *console.Error, busy bool) {
	if e.Status != http.StatusTooManyRequests {
		return e, false
	}
	return &console.Error{Status: e.Status, Message: v.t(key, "N", console.MostUploads)}, true
}

// startImport runs an import, which goes on without v. done is closed at its end.
func (p *Pages) startImport(v *visit, r *run, opt console.ImportOptions, file io.Reader) (done <-chan struct{}) {
	p.imports.begin(r)
	api, ctx, end := v.api, context.WithoutCancel(v.ctx()), make(chan struct{})
	go func() {
		defer close(end)
		last, err := api.Import(ctx, file, opt, r.take)
		again := opt.DryRun && last.Done || last.Confirm != ""
		if e, ok := errors.AsType[*console.Error](err); ok {
			e, busy := v.orBusy(e, "imports.busy")
			r.set(func(s *runState) { s.refused = e })
			err, again = e, busy && !opt.DryRun // the file can be used again
		}
		r.end(p.now(), err, again)
		if !r.turnedAway() {
			p.imports.trim()
		}
	}()
	return end
}

// applyImport imports a file that was checked, or that the brake held, for good.
func (p *Pages) applyImport(v *visit) error {
	before := p.imports.find(v.r.PathValue("id"))
	if before == nil {
		return errNoRun(v)
	}
	name, fields := before.asked()
	opt := importOptions(fields, v.by.Name)
	opt.Confirm = v.value("confirm")
	file := before.hand()
	if file == nil {
		return &console.Error{Status: http.StatusConflict, Message: v.t("upload.gone")}
	}
	r := &run{by: v.by.Name, name: name, began: p.now(), fields: fields, file: file}
	await(p.startImport(v, r, opt, file.again()))
	http.Redirect(v.w, v.r, "/imports/"+r.id, http.StatusSeeOther)
	return nil
}

// shownProblems is how many problems stand on the page of a report.
const shownProblems = 200

// A reportView is the page about one import.
type reportView struct {
	runView
	Problems []console.ImportLine
	Kept     int
	total    int64 // bytes of the file; 0 while it is being received
}

// Share is how much of the file was read in this pass, in per cent; 0 while it is not known.
func (v reportView) Share() int {
	if v.total == 0 {
		return 0
	}
	return int(min(100, 100*v.Import.Bytes/v.total))
}

// importReport shows how far an import is, or what it did. Without scripts, too, it shows itself anew until then.
func (p *Pages) importReport(v *visit) error {
	r := p.imports.find(v.r.PathValue("id"))
	if r == nil {
		return errNoRun(v)
	}
	view := reportView{runView: r.view(), Problems: r.report()}
	view.Kept = len(view.Problems)
	view.Problems = view.Problems[:min(view.Kept, shownProblems)]
	if view.Import.Phase != "" {
		view.total = r.file.size // it is there whole
	}
	v.refreshWhile(view.Running)
	return v.show("import", view)
}

// refreshWhile has the browser ask again, while what is shown goes on.
func (v *visit) refreshWhile(running bool) {
	if running {
		v.w.Header().Set("Refresh", "2")
	}
}

// importProblems hands out what was wrong with which line.
func (p *Pages) importProblems(v *visit) error {
	r := p.imports.find(v.r.PathValue("id"))
	if r == nil {
		return errNoRun(v)
	}
	v.attach("import-problems.csv", "text/csv; charset=utf-8")
	rows := csv.NewWriter(v.w)
	_ = rows.Write([]string{"line", "column", "problem", "warning"})
	for _, l := range r.report() {
		_ = rows.Write([]string{strconv.Itoa(l.Line), list.Cell(l.Column), list.Cell(l.Problem), list.Cell(l.Warning)})
	}
	rows.Flush() // an error here means that nobody takes it any more
	return nil
}
