package pages

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
)

var auditPages = []page{
	{"GET", "/audit", console.Reviewer, (*Pages).audit},
	{"GET", "/audit/export", console.Reviewer, (*Pages).exportAudit},
}

// An auditView is what the page of the audit shows.
type auditView struct {
	Chosen     url.Values // parameters of the admin API, under its names
	Acts       []actRow
	Kinds      []audit.Kind
	Outcomes   []audit.Outcome
	Channels   []filter.Channel
	Begin, End string // of the time, as the form shows it
	Older      string // address of the next page; empty: there is none
	Newest     string // address of the first page; empty: this is it
	Problem    *console.Error
}

// An actRow is one act of the audit, with what it is about in a fixed order.
type actRow struct {
	audit.Act
	Things []thing
}

// A thing is something that an act is about: Is what it is called.
type thing struct{ What, Is string }

// auditNames are the parameters that an address of the audit may have.
var auditNames = []string{"actor", "act", "outcome", "since", "until", "about", "address", "channel", "region", "before"}

// Path is the address of a page with what is chosen; args change parameters.
func (a *auditView) Path(page string, args ...string) string {
	all := make([]string, 0, 2*len(auditNames)+len(args))
	for _, name := range auditNames {
		all = append(all, name, a.Chosen.Get(name))
	}
	return place(page, append(all, args...)...)
}

// audit shows who did what, newest first.
func (p *Pages) audit(v *visit) error {
	chosen, same := tidy(v.r.URL.Query(), v.zone)
	a := &auditView{Chosen: chosen, Kinds: audit.Kinds(), Outcomes: audit.Outcomes(), Channels: channels}
	if !same {
		http.Redirect(v.w, v.r, a.Path("/audit"), http.StatusSeeOther)
		return nil
	}
	a.Begin, a.End = local(chosen.Get("since"), v.zone), local(chosen.Get("until"), v.zone)
	err := a.read(v)
	if e := refused(err); e != nil && e.Status == http.StatusBadRequest {
		a.Problem = e
		return v.showAs(e.Status, "audit", a)
	}
	if err != nil {
		return err
	}
	return v.show("audit", a)
}

// read fills in the acts.
func (a *auditView) read(v *visit) error {
	q, err := console.ParseAuditQuery(a.Chosen, v.p.now())
	if err != nil {
		return err
	}
	page, err := v.api.Acts(v.ctx(), q)
	if err != nil {
		return err
	}
	for _, one := range page.Acts {
		a.Acts = append(a.Acts, actRow{one, thingsOf(one.About)})
	}
	if page.Next > 0 {
		a.Older = a.Path("/audit", "before", strconv.FormatUint(page.Next, 10))
	}
	if a.Chosen.Has("before") {
		a.Newest = a.Path("/audit", "before", "")
	}
	return nil
}

// thingsOf is what an act is about, sorted by what it is.
func thingsOf(about map[string]string) (all []thing) {
	for what, is := range about {
		all = append(all, thing{what, is})
	}
	slices.SortFunc(all, func(x, y thing) int { return cmp.Compare(x.What, y.What) })
	return all
}

// exportAudit hands over exactly what is chosen, as a file.
func (p *Pages) exportAudit(v *visit) error {
	q, err := console.ParseAuditQuery(v.r.URL.Query(), p.now())
	if err != nil {
		return err
	}
	format := cmp.Or(v.value("format"), "csv")
	contentType, ok := map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}[format]
	if !ok {
		return &console.Error{Status: http.StatusBadRequest, Field: "format", Message: v.t("audit.format")}
	}
	return v.download("audit", format, contentType, func(w io.Writer) error {
		return v.api.ExportActs(v.ctx(), w, format, q)
	})
}
