package pages

import (
	"errors"
	"net/http"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/errands"
)

var reviewPages = []page{
	{"GET", "/reviews", console.Viewer, (*Pages).reviews},
	{"POST", "/reviews/{id}", console.Reviewer, (*Pages).review},
}

// A reviewList is what the page of reviews shows.
type reviewList struct {
	Errands []console.Errand
	Routes  []string
	Route   string
	Full    bool
	More    string      // where it goes on
	Decided []audit.Act // lately; for those who may see the audit
	// Noted is the note of the form for the review Refused.
	Refused, Noted string
	Problem        *console.Error
}

func (p *Pages) reviews(v *visit) error { return v.reviewList(http.StatusOK, &reviewList{}) }

// reviewList shows l, which holds what was typed, with the messages that wait.
func (v *visit) reviewList(status int, l *reviewList) (err error) {
	if l.Routes, _, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	l.Route, l.Full = v.value("route"), v.value("full") == "true"
	page, err := v.api.Errands(v.ctx(), console.ErrandQuery{Kinds: []errands.Kind{errands.Review}, Route: l.Route, After: v.value("after"), Full: l.Full})
	if err != nil {
		return err
	}
	if l.Errands = page.Errands; page.Next != "" {
		l.More = l.path("after", page.Next)
	}
	if v.by.Role >= console.Reviewer {
		decided, err := v.api.Acts(v.ctx(), console.AuditQuery{Query: audit.Query{Kind: audit.ErrandReview, Outcome: audit.Done}, Limit: 10})
		if err != nil {
			return err
		}
		l.Decided = decided.Acts
	}
	return v.showAs(status, "reviews", l)
}

// path is where l is, with one more parameter.
func (l *reviewList) path(name, value string) string {
	return place("/reviews", "route", l.Route, "full", flag(l.Full), name, value)
}

// Shown is where l is with words in full.
func (l *reviewList) Shown() string { return place("/reviews", "route", l.Route, "full", "true") }

// place is a page of the console with parameters, names and values by turns; an empty value takes one out.
func place(path string, args ...string) string {
	at, err := to(path, args...)
	if err != nil {
		return path // it is one of our own, which can be read
	}
	return at
}

func flag(on bool) string {
	if on {
		return "true"
	}
	return ""
}

// review ends one, as an opt-out or as none.
func (p *Pages) review(v *visit) error {
	verdict := console.Verdict{OptOut: v.value("verdict") == "opt-out", Note: v.value("note")}
	if !verdict.OptOut && v.value("verdict") != "none" {
		return &console.Error{Status: http.StatusBadRequest, Field: "verdict", Message: v.t("reviews.no-verdict")}
	}
	back := place("/reviews", "route", v.value("route"), "full", "true")
	_, err := v.api.Review(v.ctx(), v.r.PathValue("id"), verdict)
	switch e := refused(err); {
	case err == nil && verdict.OptOut:
		return v.done(back, "reviews-opt-out")
	case err == nil:
		return v.done(back, "reviews-none")
	case gone(err):
		return v.done(back, "reviews-gone")
	case e != nil:
		return v.reviewList(e.Status, &reviewList{Refused: v.r.PathValue("id"), Noted: verdict.Note, Problem: e})
	}
	return err
}

// gone reports whether err says that there is nothing to do any more: somebody was faster, or the form came twice.
func gone(err error) bool {
	e, ok := errors.AsType[*console.Error](err)
	return ok && e.Status == http.StatusNotFound
}
