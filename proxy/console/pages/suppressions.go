package pages

import (
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/input"
)

var suppressionPages = []page{
	{"GET", "/suppressions", console.Viewer, (*Pages).suppressions},
	{"POST", "/suppressions", console.Reviewer, (*Pages).suppress},
	{"GET", "/suppressions/export", console.Reviewer, (*Pages).exportSuppressions},
}

// A suppressionView is a page of the suppression list.
type suppressionView struct {
	console.Suppressions
	Form     url.Values
	Problem  *console.Error
	Adding   bool // the problem is with the form that adds
	Causes   []console.Cause
	Brands   []string
	Channels []filter.Channel
	Full     bool
	Filtered bool
}

// Person is where the page about somebody is; empty where their address is not shown.
func (suppressionView) Person(s console.Suppression) string {
	if s.Masked || s.To.Address == "" {
		return ""
	}
	return personPath(s.To, "", "")
}

func (p *Pages) suppressions(v *visit) error {
	return v.showSuppressions(suppressionView{Form: v.r.URL.Query()})
}

// showSuppressions shows the list as its form asks for it.
func (v *visit) showSuppressions(view suppressionView) error {
	f := v.r.URL.Query()
	view.Causes, view.Channels, view.Full = console.Causes, input.Channels(), f.Get("full") == "true"
	for _, name := range []string{"cause", "channel", "brand", "address"} {
		view.Filtered = view.Filtered || f.Get(name) != ""
	}
	var err error
	if view.Suppressions, err = v.api.Suppressions(v.ctx(), console.SuppressionQuery{Brand: f.Get("brand"), Channel: filter.Channel(f.Get("channel")),
		Cause: console.Cause(f.Get("cause")), Address: f.Get("address"), Region: f.Get("region"), After: f.Get("after"), Full: view.Full}); err != nil {
		if view.Problem != nil {
			return err
		}
		view.Problem = v.problem(err)
	}
	if _, view.Brands, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	if view.Problem != nil {
		return v.showAs(view.Problem.Status, "suppressions", view)
	}
	return v.show("suppressions", view)
}

// suppress opts out the addresses of a form, one a line, as an import of a file with them would.
func (p *Pages) suppress(v *visit) error {
	addresses := lines(v.value("addresses"))
	if len(addresses) == 0 {
		return v.showSuppressions(suppressionView{Form: v.r.PostForm, Adding: true,
			Problem: &console.Error{Status: http.StatusBadRequest, Field: "addresses", Message: v.t("suppressions.no-addresses")}})
	}
	keptFile, through, _, err := keep(pasted(v.value("addresses")))
	if err != nil {
		return err
	}
	fields := url.Values{"brand": {v.value("brand")}, "channel": {v.value("channel")}, "region": {v.value("region")}, "scope": {v.value("scope")}, "topic": {v.value("topic")},
		"mapping": {"header: false\ncolumns: {\"1\": address}\nset: {state: opted-out}"}}
	r := &run{by: v.by.Name, name: v.t("suppressions.pasted", "N", len(addresses)), began: p.now(), fields: fields, file: keptFile}
	await(p.startImport(v, r, importOptions(fields, v.by.Name), through))
	if s := r.now(); !s.Running && s.refused != nil {
		p.imports.forget(r)
		return v.showSuppressions(suppressionView{Form: v.r.PostForm, Adding: true, Problem: s.refused})
	}
	http.Redirect(v.w, v.r, "/imports/"+r.id, http.StatusSeeOther)
	return nil
}

// pasted is text as a file of one column, whose lines have the numbers that they have in the form.
func pasted(text string) io.Reader {
	var file strings.Builder
	rows := csv.NewWriter(&file)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			_ = rows.Write([]string{line}) // a builder takes everything
			continue
		}
		rows.Flush()
		file.WriteByte('\n')
	}
	rows.Flush()
	return strings.NewReader(file.String())
}

// exportSuppressions hands out who opted out, as a file that another system, or an import, reads.
func (p *Pages) exportSuppressions(v *visit) error {
	format, kind := "csv", "text/csv; charset=utf-8"
	if v.value("format") == "jsonl" {
		format, kind = "jsonl", "application/jsonl"
	}
	return v.download("suppressions", format, kind, func(w io.Writer) error {
		_, err := v.api.ExportConsent(v.ctx(), w, format, console.Export{Brand: v.value("brand"), Channel: filter.Channel(v.value("channel")), State: console.StateOptedOut})
		if _, lacks := errors.AsType[*console.UnreadError](err); lacks { // all that can be read is there, and the log tells
			return nil
		}
		return err
	})
}
