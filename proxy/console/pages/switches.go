package pages

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/tally"
)

var switchPages = []page{
	{"GET", "/switches", console.Viewer, (*Pages).switches},
	{"POST", "/switches", console.Reviewer, (*Pages).pause},
	{"POST", "/switches/{id}/resume", console.Reviewer, (*Pages).resume},
	{"POST", "/switches/quality", console.Reviewer, (*Pages).rate},
	{"GET", "/switches/history", console.Viewer, (*Pages).switchHistory},
}

// A switchboard is what the page of switches shows.
type switchboard struct {
	Paused         console.Switches
	Circuits       []filter.Circuit
	Budgets        []budget
	Routes, Brands []string
	// Form is what was typed, or what a link asks for: switches?campaign=spring begins a pause of that.
	Form       url.Values
	Key        string // of the form: sent twice, it pauses once
	Categories []category
	Lengths    []length
	Resuming   string // the switch whose form was refused
	Rating     bool   // the form about quality was
	Problem    *console.Error
}

// A category is one that a pause may be for.
type category struct {
	Word   string
	Chosen bool
}

// A length is how long something may be, to choose from.
type length struct {
	Value, Text string
	Chosen      bool
}

// pauseLengths are those on offer, in hours.
var pauseLengths = []int{1, 4, 12, 24, 72, 168}

// A budget is how far the limit of a portfolio is used up.
type budget struct {
	tally.Usage
	Within string
	High   int // from where on little is left
}

func (p *Pages) switches(v *visit) error {
	return v.switchboard(http.StatusOK, &switchboard{Form: v.r.URL.Query()})
}

// switchboard shows b, which holds what was typed, with all there is to see beside it.
func (v *visit) switchboard(status int, b *switchboard) (err error) {
	if b.Paused, err = v.api.Switches(v.ctx()); err != nil {
		return err
	}
	if b.Circuits, err = v.api.Circuits(v.ctx()); err != nil {
		return err
	}
	list, err := v.api.Budgets(v.ctx())
	if err != nil {
		return err
	}
	for _, u := range list.Portfolios {
		b.Budgets = append(b.Budgets, budget{u, v.span(u.Within), u.Unique - u.Unique/5})
	}
	if b.Routes, b.Brands, err = v.api.Routes(v.ctx()); err != nil {
		return err
	}
	for c := range filter.Category(filter.Categories) {
		b.Categories = append(b.Categories, category{c.String(), slices.Contains(b.Form["category"], c.String())})
	}
	b.Lengths = v.lengths(b.Form.Get("for"), pauseLengths)
	b.Key = rand.Text()
	return v.showAs(status, "switches", b)
}

// lengths are those of so many hours, of which one may be chosen.
func (v *visit) lengths(chosen string, hours []int) (all []length) {
	for _, n := range hours {
		value := fmt.Sprintf("%dh", n)
		all = append(all, length{value, v.span(value), chosen == value})
	}
	return all
}

// span is a length of time as Go writes it, in the largest unit that it is a whole number of.
func (v *visit) span(text string) string {
	d, err := time.ParseDuration(text)
	const day = 24 * time.Hour
	switch {
	case err != nil || d <= 0:
		return text
	case d%day == 0:
		return v.t("span.days", "N", int(d/day))
	case d%time.Hour == 0:
		return v.t("span.hours", "N", int(d/time.Hour))
	case d%time.Minute == 0:
		return v.t("span.minutes", "N", int(d/time.Minute))
	}
	return text
}

// refused is what the visitor is told of err where that is something to mend in a form; nil where the page
// as such fails.
func refused(err error) *console.Error {
	e, ok := errors.AsType[*console.Error](err)
	if !ok || e.Status >= http.StatusInternalServerError {
		return nil
	}
	return e
}

func (p *Pages) pause(v *visit) error {
	key := v.value("key") // reads the form
	want, err := v.wantedPause()
	if err == nil {
		_, err = v.api.PauseOnce(v.ctx(), want, key)
		if e := refused(err); e != nil && e.Status == http.StatusConflict && e.Field == "Idempotency-Key" {
			_, err = v.api.Pause(v.ctx(), want) // they went back and changed it: this is another one
		}
	}
	if e := refused(err); e != nil {
		return v.switchboard(e.Status, &switchboard{Form: v.r.PostForm, Problem: e})
	}
	if err != nil {
		return err
	}
	return v.done("/switches", "switches-paused")
}

// wantedPause is the pause that the form asks for.
func (v *visit) wantedPause() (console.Pause, error) {
	p := console.Pause{On: filter.Target{Brand: v.value("brand"), Route: v.value("route"), Campaign: v.value("campaign"), Topic: v.value("topic"),
		Sender: v.value("sender"), Template: v.value("template")}, Everything: v.value("everything") != "", Region: v.value("region"), Reason: v.value("reason")}
	for _, word := range v.r.PostForm["category"] {
		var c filter.Category
		if err := c.UnmarshalText([]byte(word)); err != nil {
			return p, &console.Error{Status: http.StatusBadRequest, Field: "category", Message: err.Error()}
		}
		p.Categories = append(p.Categories, c)
	}
	var err error
	p.Until, err = v.end()
	return p, err
}

// end is when what the form asks for is to end; zero: when somebody ends it. A length counts from the minute
// that has begun, so that a form that was sent twice asks for the same twice.
func (v *visit) end() (time.Time, error) {
	length, until := v.value("for"), v.value("until")
	wrong := func(field, key string) error {
		return &console.Error{Status: http.StatusBadRequest, Field: field, Message: v.t(key, "Zone", v.zone)}
	}
	switch {
	case length != "" && until != "":
		return time.Time{}, wrong("until", "span.both-ends")
	case length != "":
		d, err := time.ParseDuration(length)
		if err != nil || d <= 0 {
			return time.Time{}, wrong("for", "span.no-length")
		}
		return v.p.now().Truncate(time.Minute).Add(d), nil
	case until != "":
		at, err := time.ParseInLocation(localTime, until, v.zone)
		if err != nil {
			return time.Time{}, wrong("until", "span.no-moment")
		}
		return at, nil
	}
	return time.Time{}, nil
}

func (p *Pages) resume(v *visit) error {
	id := v.r.PathValue("id")
	done, err := v.api.Resume(v.ctx(), id, v.value("reason"))
	if e := refused(err); e != nil {
		return v.switchboard(e.Status, &switchboard{Form: url.Values{"because": {v.value("reason")}}, Resuming: id, Problem: e})
	}
	if err != nil {
		return err
	}
	if len(done.Still) > 0 {
		return v.done("/switches", "switches-still")
	}
	return v.done("/switches", "switches-resumed")
}

// rate takes down how a provider rates a sender.
func (p *Pages) rate(v *visit) error {
	r := console.Rating{Sender: v.value("rated"), Region: v.value("rated-region"), Quality: v.value("quality"), Detail: v.value("detail")}
	done, err := v.api.Rate(v.ctx(), r)
	if e := refused(err); e != nil {
		return v.switchboard(e.Status, &switchboard{Form: v.r.PostForm, Rating: true, Problem: e})
	}
	switch {
	case err != nil:
		return err
	case r.Quality == "low":
		return v.done("/switches", "switches-low")
	case len(done.Switches) == 0:
		return v.done("/switches", "switches-never-low")
	}
	return v.done("/switches", "switches-restored")
}

// historyPage is how many switches a page of the history has.
const historyPage = 50

func (p *Pages) switchHistory(v *visit) error {
	page, err := v.api.SwitchHistory(v.ctx(), v.r.URL.Query().Get("before"), historyPage)
	if err != nil {
		return err
	}
	return v.show("switch-history", page)
}
