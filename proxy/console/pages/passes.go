package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

// passTimes are for how long a pass can be granted on the pages; the second is chosen unless told otherwise.
var passTimes = []string{"1h", "24h", "72h", "168h"}

// passesView is what the template passes is given.
type passesView struct {
	Passes  []console.Pass
	State   choice
	Query   url.Values
	Full    bool
	Older   string
	Problem *console.Error
	Revoke  string // id of the pass whose form was refused
	Because string // what was typed into it
}

// passes lists passes, newest first.
func (p *Pages) passes(v *visit) error { return v.showPasses(http.StatusOK, &passesView{}) }

func (v *visit) showPasses(status int, view *passesView) error {
	in := v.r.URL.Query()
	view.Query = url.Values{}
	for _, name := range []string{"state", "grant", "decision", "full", "before"} {
		if text := in.Get(name); text != "" {
			view.Query.Set(name, text)
		}
	}
	view.Full = view.Query.Get("full") == "true"
	page, err := v.api.Passes(v.ctx(), console.PassQuery{State: store.PassState(in.Get("state")), Grant: in.Get("grant"), Decision: in.Get("decision"),
		Full: view.Full, Before: in.Get("before"), Limit: pageLength})
	if err != nil {
		return err
	}
	view.Passes = page.Passes
	if page.Next != "" {
		view.Older = view.Path("before", page.Next)
	}
	view.State = choice{Name: "state", Label: v.t("passes.state"), Options: []option{{"", v.t("passes.any"), false}}}
	for _, state := range store.PassStates() {
		word := string(state)
		view.State.Options = append(view.State.Options, option{word, v.t("pass-state." + word), word == in.Get("state")})
	}
	return v.showAs(status, "passes", view)
}

// Path is the address of the list with some parameters changed.
func (view *passesView) Path(args ...string) string {
	at, err := to("/passes?"+view.Query.Encode(), args...)
	if err != nil {
		return "/passes" // an address that was just encoded can be read
	}
	return at
}

// approvePass has a pass count that waits for a second person, or all that were granted with it.
func (p *Pages) approvePass(v *visit) error {
	if _, err := v.api.ApprovePass(v.ctx(), v.r.PathValue("id")); err != nil {
		return v.passRefused(err)
	}
	return v.done(v.afterPass(), "pass-approved")
}

// revokePass ends a pass that was not used, or all that were granted with it.
func (p *Pages) revokePass(v *visit) error {
	if _, err := v.api.RevokePass(v.ctx(), v.r.PathValue("id"), v.value("reason")); err != nil {
		return v.passRefused(err)
	}
	return v.done(v.afterPass(), "pass-revoked")
}

// afterPass is where a form about a pass came from.
func (v *visit) afterPass() string {
	if back := v.value("back"); back != "" {
		return ownPath(back)
	}
	return "/passes"
}

// passRefused shows the list with why a form about a pass did nothing.
func (v *visit) passRefused(err error) error {
	e := v.problem(err)
	v.r.URL.RawQuery = ""
	return v.showPasses(e.Status, &passesView{Problem: e, Revoke: v.r.PathValue("id"), Because: v.value("reason")})
}

// A passForm is what a pass is granted with.
type passForm struct {
	Action  string // address
	Reason  string
	Expires []option
	Count   int // how many messages; 0: it is one message's own form
	Four    bool
	Problem *console.Error
}

// newPassForm is the form as it was filled in, or a fresh one.
func newPassForm(v *visit, action string) *passForm {
	f := &passForm{Action: action, Reason: v.r.PostFormValue("reason")}
	chosen := cmp.Or(v.r.PostFormValue("expires"), passTimes[1])
	for _, span := range passTimes {
		f.Expires = append(f.Expires, option{span, v.t("pass.for." + span), span == chosen})
	}
	return f
}

// pass fills in the passes of the message, and the form for one where it can have one.
func (m *messageView) pass(v *visit) error {
	page, err := v.api.Passes(v.ctx(), console.PassQuery{Decision: m.D.ID, Full: m.Full})
	if err != nil {
		return err
	}
	m.Passes = page.Passes
	if m.D.Action != filter.Block || !m.D.Enforced || m.D.Erased {
		return nil
	}
	past := filter.Decision{Action: m.D.Action, Reason: m.D.Reason, Rule: m.D.Rule}
	if m.NoPass = past.WhyNoPass(m.D.Category); m.NoPass != "" || v.by.Role < console.Reviewer {
		return nil
	}
	for _, p := range m.Passes {
		if p.State == store.PassWaiting || p.State == store.PassGranted {
			return nil
		}
	}
	m.Form = newPassForm(v, "/messages/"+url.PathEscape(m.D.ID)+"/pass")
	m.Advice = append(m.Advice, v.t("message.or-pass"))
	return nil
}

// grantOne grants a pass for one message.
func (p *Pages) grantOne(v *visit) error {
	id := v.r.PathValue("id")
	granted, err := v.api.GrantPasses(v.ctx(), console.PassRequest{Decision: id, Reason: v.value("reason"), Expires: v.value("expires")})
	if err != nil {
		e := v.problem(err)
		m, err := p.messageOf(v)
		if err != nil {
			return err
		}
		if m.Form == nil {
			return e
		}
		m.Form.Problem = e
		return v.showAs(e.Status, "message", m)
	}
	return v.done("/messages/"+url.PathEscape(id), passDone(granted))
}

// passDone is the sentence of what was granted.
func passDone(g console.PassGrant) string {
	if g.FourEyes {
		return "pass-waiting"
	}
	return "pass-granted"
}

// passFilteredView is what the template pass is given: what passes for all that a filter chooses would do.
type passFilteredView struct {
	filters
	Chips   []chip
	Would   console.PassGrant
	Form    *passForm
	Problem *console.Error
	Back    string // to the messages
}

// passFiltered tells what passes for all blocked messages of a filter would do, and asks for the reason.
func (p *Pages) passFiltered(v *visit) error {
	return p.showPassFiltered(v, http.StatusOK, nil)
}

// grantFiltered grants passes for all blocked messages of a filter.
func (p *Pages) grantFiltered(v *visit) error {
	f, err := fixedFilters(v)
	if err != nil {
		return err
	}
	if v.value("confirm") == "" {
		return p.showPassFiltered(v, http.StatusBadRequest, &console.Error{Status: http.StatusBadRequest, Message: v.t("pass.confirm-first")})
	}
	granted, err := v.api.GrantPasses(v.ctx(), console.PassRequest{Query: f.query, Reason: v.value("reason"), Expires: v.value("expires")})
	if err != nil {
		e := v.problem(err)
		return p.showPassFiltered(v, e.Status, e)
	}
	if granted.Grant == "" {
		return v.done("/passes", "pass-none")
	}
	return v.done("/passes?grant="+url.QueryEscape(granted.Grant), passDone(granted))
}

// fixedFilters are the filters of the address, between two moments that stay: what is granted is what was counted.
func fixedFilters(v *visit) (filters, error) {
	now := v.p.now()
	q := v.r.URL.Query()
	for _, name := range []string{"before", "full", "action", "enforced"} {
		q.Del(name)
	}
	if q.Get("since") == "" {
		q.Set("since", "24h")
	}
	if q.Get("until") == "" {
		q.Set("until", now.Add(time.Millisecond).UTC().Format(time.RFC3339Nano)) // what is of this moment, too
	}
	f, err := parseFilters(q, now)
	if err != nil {
		return f, err
	}
	f.values.Set("since", f.query.Since.UTC().Format(time.RFC3339Nano))
	f.values.Set("until", f.query.Until.UTC().Format(time.RFC3339Nano))
	return f, nil
}

func (p *Pages) showPassFiltered(v *visit, status int, problem *console.Error) error {
	f, err := fixedFilters(v)
	if err != nil {
		return err
	}
	view := &passFilteredView{filters: f, Chips: f.chips(v, "/messages/pass"), Problem: problem, Back: f.path("/messages", "action", "block")}
	view.Would, err = v.api.GrantPasses(v.ctx(), console.PassRequest{Query: f.query, DryRun: true})
	if e := v.problemOf(err); e != nil {
		view.Problem, status = e, e.Status
	} else if view.Would.Granted > 0 {
		view.Form = newPassForm(v, f.path("/messages/pass"))
		view.Form.Count, view.Form.Four = view.Would.Granted, view.Would.FourEyes
	}
	return v.showAs(status, "pass", view)
}

// problemOf is what the visitor is told of err; nil where there is none.
func (v *visit) problemOf(err error) *console.Error {
	if err == nil {
		return nil
	}
	return v.problem(err)
}
